#pragma once

#include "common/console.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"
#include "output_limits.hpp"
#include "report.hpp"
#include "server_watch.hpp"

namespace socketio::cli {

/// Slows a batch down to the speed of the servers by emitter::Throttle, until a signal arrives.
class Throttle final : private emitter::Throttle::Host {
 public:
  /// Functions of the sending side.
  struct Sender {
    std::function<std::uint64_t()> under_way_bytes;           ///< pending bytes, as Redis will buffer them per server
    std::function<void(std::chrono::milliseconds)> make_way;  ///< waits at most this long for pending results
    std::function<Halt()> settle;                             ///< waits for all pending results
    std::function<bool()> is_connected;
  };
  Throttle(const Options& options, Console& console, const Signals& signals, ServerWatch& watch, Sender sender);

  /// See emitter::Throttle.
  void begin(const OutputLimits& limits) { throttle_.begin(limits.subscribers, limits.stream_readers); }
  /// Returns Halt::stopped, with a sentence in `problem`, when the receivers have read nothing for the timeout.
  Halt make_room(const MessageSizes::Sizes& sizes, std::string& problem);
  void sent(const MessageSizes::Sizes& sizes) { throttle_.sent(sizes.subscribers, 1, sizes.entry); }
  void look() { throttle_.look(); }

 private:
  [[nodiscard]] emitter::Throttle::Fleet fleet() const override;
  bool read(emitter::Readers& readers, std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool may_read() const override { return watch_.may_read(); }
  [[nodiscard]] bool is_connected() override { return sender_.is_connected() && !watch_.is_away(); }
  [[nodiscard]] std::uint64_t under_way_bytes() override { return sender_.under_way_bytes(); }
  void make_way(std::chrono::milliseconds time) override { sender_.make_way(time); }
  bool settle() override;
  bool pause(std::chrono::milliseconds time) override;
  [[nodiscard]] bool is_interrupted() const override { return signals_.pending() != 0; }
  void on_slow() override;
  void on_blind() override;
  [[nodiscard]] std::string why_stalled(std::uint64_t bytes) const;

  const Options& options_;
  Console& console_;
  const Signals& signals_;
  ServerWatch& watch_;
  const Sender sender_;
  emitter::Throttle throttle_;
  Halt settled_ = Halt::none;  ///< result of the last settle()
  bool noted_slow_ = false;
  bool noted_blind_ = false;
};

}  // namespace socketio::cli
