#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "context.hpp"
#include "reply_reader.hpp"
#include "resp.hpp"
#include "retry.hpp"
#include "subscriptions.hpp"
#include "writer.hpp"

namespace socketio::redis {

/// The commands for one server, from when they are issued until they complete.
class Commands {
 public:
  /// All outlive this.
  Commands(Context& context, const Subscriptions& subscriptions, const Retry& retry) noexcept
      : context_(context),
        subscriptions_(subscriptions),
        retry_(retry),
        writer_(context.options.queue_bytes_max, context.options.in_flight_max) {}

  [[nodiscard]] Writer& writer() noexcept { return writer_; }
  [[nodiscard]] const Writer& writer() const noexcept { return writer_; }

  /// Each issues one command, and returns true if the waiting ones should be written before the turn ends. A command that is
  /// not accepted completes when Completions are delivered.
  bool publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);
  bool command(std::span<const std::string_view> words, CommandDone done);
  /// `listener`  of a publish; null for other commands, which have `done`
  bool encoded(Bytes bytes, PublishListener* listener, std::uint64_t tag, CommandDone done);

  /// True if the oldest waiting command is a publish that must wait longer; see Options::resume_wait_max.
  [[nodiscard]] bool holds(std::uint64_t now_ms);
  /// Reports the reply to `entry`, which is integer() or reply() of `reader`. Returns false when it makes no sense.
  [[nodiscard]] bool take_answer(const Entry& entry, ReplyReader& reader, bool is_number);
  void end_waiting(std::string_view why, std::uint64_t& counter);
  void end_in_flight(std::string_view why);

 private:
  template <typename Write>
  bool issue(const Entry& entry, const Write& write);
  bool admit(const Entry& entry);
  bool refuse(const Entry& entry, std::string_view why, std::uint64_t& counter);

  Context& context_;
  const Subscriptions& subscriptions_;
  const Retry& retry_;
  Writer writer_;
  std::array<PublishWriter, 2> publish_writers_{PublishWriter{"PUBLISH"}, PublishWriter{"SPUBLISH"}};
};

}  // namespace socketio::redis
