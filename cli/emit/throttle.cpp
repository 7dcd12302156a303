#include "throttle.hpp"

#include "common/text.hpp"

namespace socketio::cli {

using std::chrono::milliseconds;

Throttle::Throttle(const Options& options, Console& console, const Signals& signals, ServerWatch& watch, Sender sender)
    : options_(options),
      console_(console),
      signals_(signals),
      watch_(watch),
      sender_(std::move(sender)),
      throttle_(static_cast<emitter::Throttle::Host&>(*this), options.timeout) {}

Halt Throttle::make_room(const MessageSizes::Sizes& sizes, std::string& problem) {
  settled_ = Halt::none;
  switch (throttle_.make_room(sizes.subscribers, sizes.entry)) {
    case emitter::Throttle::Result::go_on: return Halt::none;
    case emitter::Throttle::Result::interrupted: return settled_ != Halt::none ? settled_ : Halt::signal;
    case emitter::Throttle::Result::stalled: break;
  }
  problem = why_stalled(sizes.subscribers);
  return Halt::stopped;
}

std::string Throttle::why_stalled(std::uint64_t bytes) const {
  const emitter::Throttle::Stalled& stalled = throttle_.stalled();
  if (stalled.is_stream) {
    return "it was not sent: " + units::grouped(stalled.standing) + " of " + units::counted(stalled.readers, "reader") +
           " of the stream read nothing for " + units::duration_text(options_.timeout) + ". " +
           units::grouped(stalled.entries) +
           " emits of this batch wait there and are missed if the stream grows by more than it keeps (" +
           units::grouped(options_.stream_length_max) + ")";
  }
  return "it was not sent: a server has read nothing for " + units::duration_text(options_.timeout) + ", Redis keeps " +
         units::grouped(stalled.kept_bytes) + " bytes for it, and with this message of " + units::grouped(bytes) +
         " it would cut its connection (client-output-buffer-limit)";
}

emitter::Throttle::Fleet Throttle::fleet() const {
  const bool uses_streams = options_.uses(Transport::streams);
  return {!uses_streams || options_.transports.size() > 1, uses_streams ? options_.stream_length_max : 0};
}

bool Throttle::read(emitter::Readers& readers, milliseconds timeout) {
  return watch_.read(readers, static_cast<std::uint64_t>(timeout.count()));
}

bool Throttle::settle() {
  settled_ = sender_.settle();
  return settled_ == Halt::none;
}

bool Throttle::pause(milliseconds time) { return signals_.wait(-1, static_cast<int>(time.count())) != Signals::Woken::signal; }

void Throttle::on_slow() {
  if (!std::exchange(noted_slow_, true)) {
    console_.note("The servers read more slowly than this is sent; waiting for them now and then.");
  }
}

void Throttle::on_blind() {
  if (!std::exchange(noted_blind_, true)) {
    console_.note(
        "Redis does not allow CLIENT LIST: how far the servers are behind cannot be seen, so this batch does not slow down for "
        "them. --rate limits it.");
  }
}

}  // namespace socketio::cli
