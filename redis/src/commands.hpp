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
  bool publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
    PublishWriter& writer = publish_writers_[is_sharded ? 1 : 0];
    return issue({&listener, tag, writer.begin(channel, payload.size()), 0},
                 [&](std::uint8_t* to) { writer.write(to, payload); });
  }
  bool command(std::span<const std::string_view> words, CommandDone done);
  /// `listener`  of a publish; null for other commands, which have `done`
  bool encoded(Bytes bytes, PublishListener* listener, std::uint64_t tag, CommandDone done);

  /// True if the oldest waiting command is a publish that must wait longer; see Options::resume_wait_max.
  [[nodiscard]] bool holds(std::uint64_t now_ms);
  /// Reports the reply to `entry`, which is integer() or reply() of `reader`, and not a number for a publish. Returns false
  /// when it makes no sense.
  [[nodiscard]] bool take_answer(const Entry& entry, ReplyReader& reader, bool is_number);
  void end_waiting(std::string_view why, std::uint64_t& counter);
  void end_in_flight(std::string_view why);

 private:
  template <typename Write>
  bool issue(const Entry& entry, const Write& write);
  bool admit(const Entry& entry);
  bool make_room(const Entry& entry);
  bool refuse(const Entry& entry, std::string_view why, std::uint64_t& counter);

  Context& context_;
  const Subscriptions& subscriptions_;
  const Retry& retry_;
  Writer writer_;
  std::array<PublishWriter, 2> publish_writers_{PublishWriter{"PUBLISH"}, PublishWriter{"SPUBLISH"}};
};

/// Returns true if a command may join the queue; otherwise it completes at the end of the turn.
inline bool Commands::admit(const Entry& entry) {
  ++context_.counters.commands;
  const bool is_refused = context_.closing.has_begun || subscriptions_.in_use() ||
                          (retry_.is_away() && context_.options.offline == OfflinePolicy::fail);
  return (!is_refused && writer_.fits(entry.size)) || make_room(entry);
}

/// `write`  writes the command, which has Entry::size, to an address
template <typename Write>
bool Commands::issue(const Entry& entry, const Write& write) {
  if (!admit(entry)) {
    return false;
  }
  OutputQueue& queue = writer_.queue();
  write(queue.reserve(entry.size));
  queue.commit(entry.listener, entry.tag, entry.size);
  return worth_a_write(queue.waiting_bytes(), queue.waiting_count(), context_.options.flush_bytes);
}

}  // namespace socketio::redis
