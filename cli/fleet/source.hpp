#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/redis/client.hpp>

#include "commander.hpp"
#include "filter.hpp"
#include "message.hpp"
#include "tap_output.hpp"

namespace socketio::cli::fleet {

/// What the sources of a tap share.
struct TapParts {
  Loop& loop;
  const Options& options;
  Console& console;
  Commander& redis;
  const Filter& filter;
  TapOutput& output;
  bool several_buses = false;                  ///< classic and streams have channels of the same names
  std::function<void(const Message&)> note{};  ///< when set, gets the messages, instead of `output`

  /// A message is there, and no other listener's.
  void take(const Message& message) const {
    if (note) {
      note(message);
    } else if (filter.wants(message)) {
      output.take(message);
    } else {
      output.passed_over(message.bytes);
    }
  }
};

/// Hears one transport of a fleet.
class Source {
 public:
  virtual ~Source() = default;

  /// From now on nothing is missed.
  [[nodiscard]] virtual bool ready() const = 0;
  /// Why Redis does not let it listen; empty when it does.
  [[nodiscard]] const std::string& refused() const noexcept { return refused_; }
  /// Comes to an end without anybody waiting for it in vain.
  virtual void leave() {}

 protected:
  /// A connection of a source whose losses are told and counted.
  void watch(redis::Client& client, const TapParts& parts, std::string_view what);

  /// One refused subscription is enough, whatever becomes of the others. `error` is empty for one that is confirmed.
  void note_refusal(std::string_view error) {
    if (!error.empty()) {
      refused_ = error;
    }
  }

  std::string refused_;
};

std::unique_ptr<Source> listen_classic(const TapParts& parts);
std::unique_ptr<Source> listen_sharded(const TapParts& parts);
std::unique_ptr<Source> listen_streams(const TapParts& parts);
inline std::unique_ptr<Source> listen(Bus bus, const TapParts& parts) {
  return bus == Bus::classic ? listen_classic(parts) : bus == Bus::sharded ? listen_sharded(parts) : listen_streams(parts);
}

/// The first byte of a msgpack map: what the streams family says on its channels. The classic family sends arrays there.
[[nodiscard]] bool is_packed_map(Bytes payload) noexcept;

}  // namespace socketio::cli::fleet
