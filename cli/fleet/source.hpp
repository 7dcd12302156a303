#pragma once

#include "commander.hpp"
#include "filter.hpp"
#include "message.hpp"
#include "tap_output.hpp"

namespace socketio::cli::fleet {

/// Objects that the sources of a tap share.
struct TapParts {
  Loop& loop;
  const Options& options;
  Console& console;
  Commander& redis;
  const Filter& filter;
  TapOutput& output;
  bool several_buses = false;                  ///< classic and streams use channels with the same names
  std::function<void(const Message&)> note{};  ///< if set, receives the messages instead of `output`

  /// Passes a message to `note` if that is set, otherwise to `output`. It must not belong to another listener.
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

/// Receives the messages of one transport of a fleet.
class Source {
 public:
  virtual ~Source() = default;

  /// True once no further message can be missed.
  [[nodiscard]] virtual bool ready() const = 0;
  /// Redis' reason for refusing a subscription; empty when it did not.
  [[nodiscard]] const std::string& refused() const noexcept { return refused_; }
  /// Unsubscribes; no server waits for a response from this source afterwards.
  virtual void leave() {}

 protected:
  /// Reports and counts losses of a source's connection.
  void watch(redis::Client& client, const TapParts& parts, std::string_view what);

  /// Stores an error; one refused subscription is enough. `error` is empty for a confirmed one.
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

/// The sources of several transports.
class Sources {
 public:
  Sources(const std::vector<Bus>& buses, const TapParts& parts) : parts_(parts) {
    for (const Bus bus : buses) {
      sources_.push_back(listen(bus, parts));
    }
  }
  /// Waits until no further message can be missed. Empty then; otherwise Redis' reason for refusing a subscription, or an empty
  /// text when it did not confirm them in time.
  std::optional<std::string> wait();
  void leave() {
    for (const auto& source : sources_) {
      source->leave();
    }
  }

 private:
  const TapParts& parts_;
  std::vector<std::unique_ptr<Source>> sources_;
};

/// True if the first byte is that of a msgpack map: the streams family publishes maps on its channels, the classic family
/// arrays.
[[nodiscard]] bool is_packed_map(Bytes payload) noexcept;

}  // namespace socketio::cli::fleet
