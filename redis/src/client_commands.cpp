// Writing commands, and reading the replies to them.

#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>

#include "single_client.hpp"

namespace socketio::redis {
namespace {

/// Maximum number of writes in one turn, so that other objects on the loop are not delayed.
constexpr int writes_per_turn = 16;

}  // namespace

// ---- out -------------------------------------------------------------------------------------------------------------------

void SingleClient::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  publish_with(publish_writer, channel, payload, listener, tag);
}

void SingleClient::publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  publish_with(sharded_writer, channel, payload, listener, tag);
}

void SingleClient::publish_with(PublishWriter& writer, std::string_view channel, Bytes payload, PublishListener& listener,
                                std::uint64_t tag) {
  const std::size_t size = writer.begin(channel, payload.size());
  if (!admit({&listener, tag, size, 0})) {
    return;
  }
  writer.write(queue.reserve(size), payload);
  queue.commit(&listener, tag, size);
  after_commit();
}

void SingleClient::publish_encoded(Bytes encoded, PublishListener& listener, std::uint64_t tag) {
  add_encoded(encoded, {&listener, tag, encoded.size(), 0});
}

void SingleClient::command_encoded(Bytes encoded, CommandDone done) {
  add_encoded(encoded, {nullptr, keep_done(std::move(done)), encoded.size(), 0});
}

void SingleClient::add_encoded(Bytes encoded, const Entry& entry) {
  if (!admit(entry)) {
    return;
  }
  std::memcpy(queue.reserve(encoded.size()), encoded.data(), encoded.size());
  queue.commit(entry.listener, entry.tag, entry.size);
  after_commit();
}

/// Stores the callback of a command and returns its Entry::tag.
std::uint64_t SingleClient::keep_done(CommandDone done) {
  if (free_dones.empty()) {
    command_dones.push_back(std::move(done));
    return command_dones.size() - 1;
  }
  const std::uint64_t tag = free_dones.back();
  free_dones.pop_back();
  command_dones[tag] = std::move(done);
  return tag;
}

void SingleClient::command(std::span<const std::string_view> words, CommandDone done) {
  const std::size_t size = command_size(words);
  const Entry entry{nullptr, keep_done(std::move(done)), size, 0};
  if (!admit(entry)) {
    return;
  }
  write_command(queue.reserve(size), words);
  queue.commit(nullptr, entry.tag, size);
  after_commit();
}

/// Returns true if a command of this size may join the queue; otherwise the command fails at the end of the turn.
bool SingleClient::admit(const Entry& entry) {
  assert(loop.on_loop_thread());
  ++counters_.commands;
  if (closing || subscriptions.in_use()) [[unlikely]] {
    end_later(entry, Outcome::not_sent,
              closing ? "The client was closed." : "This client has subscriptions; give commands to another one.",
              counters_.not_sent_closed);
    return false;
  }
  if (away && options.offline == OfflinePolicy::fail) [[unlikely]] {
    end_later(entry, Outcome::not_sent, last_error_, counters_.not_sent_offline);
    return false;
  }
  const auto fits = [this, &entry] {
    return queue.waiting_count() == 0 ||
           (queue.waiting_bytes() <= options.queue_bytes_max && entry.size <= options.queue_bytes_max - queue.waiting_bytes());
  };
  if (options.offline == OfflinePolicy::drop_oldest) {
    while (!fits() && queue.can_pop_waiting()) {
      end_later(queue.pop_waiting(), Outcome::not_sent, "It was dropped to make room for newer ones.",
                counters_.dropped_oldest);
    }
  }
  if (!fits()) [[unlikely]] {
    end_later(entry, Outcome::not_sent, "The queue is full.", counters_.not_sent_queue_full);
    return false;
  }
  return true;
}

void SingleClient::after_commit() {
  if (worth_a_write(queue.waiting_bytes(), queue.waiting_count(), options.flush_bytes)) {
    write_out();
  }
  turn_end.request();
}

void SingleClient::flush() {
  assert(loop.on_loop_thread());
  write_out();
}

void SingleClient::write_out() {
  if (!stream || !stream->writable()) {
    return;
  }
  const bool may_write = control.size() != control_taken || (is_logged_in && queue.waiting_count() != 0);
  if (!may_write) {
    return;
  }
  const std::uint64_t now_ms = net::fresh_now_ms(loop);
  for (int count = 0; count < writes_per_turn; ++count) {
    if (!write_once(now_ms)) {
      return;
    }
  }
  turn_end.request();
}

/// True if a reply is late. Commands that are not written now can still be sent on another connection if this one is dead.
bool SingleClient::is_stalled(std::uint64_t now_ms) noexcept {
  return in_ms(options.command_timeout) != 0 && queue.in_flight_count() != 0 &&
         now_ms > queue.oldest_in_flight().written_ms + in_ms(options.command_timeout) / 10;
}

/// True if the oldest waiting command is a publish that must wait longer; see Options::resume_wait_max.
bool SingleClient::is_resuming(std::uint64_t now_ms) noexcept {
  return now_ms < resume_ms && !closing && queue.next_is_publish() &&
         !(options.resume_when && options.resume_when(counters_.disconnects));
}

/// Makes one write call. Returns true if another one makes sense.
bool SingleClient::write_once(std::uint64_t now_ms) {
  std::array<Bytes, net::Stream::parts_max> parts;
  std::size_t part_count = 0;
  const bool is_control = control.size() != control_taken;
  if (is_control) {
    parts[part_count++] = control.bytes_from(control_taken);
  } else if (is_logged_in && queue.in_flight_count() < options.in_flight_max && !silent && !is_stalled(now_ms) &&
             !is_resuming(now_ms)) {
    part_count = queue.gather(parts, options.in_flight_max - queue.in_flight_count());
  }
  std::size_t wanted = 0;
  for (std::size_t index = 0; index < part_count; ++index) {
    wanted += parts[index].size();
  }
  if (wanted == 0) {
    return false;
  }
  const std::size_t taken = stream->try_write(std::span(parts).first(part_count));
  ++counters_.writes;
  counters_.bytes_written += taken;
  written_ms = now_ms;  // also when it took nothing: from now on it must take something within the timeout
  if (is_control) {
    control_taken += taken;
  } else {
    queue.took(taken, now_ms);
  }
  if (taken != wanted) {
    // Passes only the rest of one command to write_later(): all commands after it can still be withdrawn.
    later_is_control = is_control;
    later_bytes = stream->write_later(is_control ? control.bytes_from(control_taken) : queue.first_rest());
    if (!is_control && later_bytes != 0) {
      queue.hold_first();
    }
    counters_.bytes_written += later_bytes;
  } else if (is_control) {
    control.clear();
    control_taken = 0;
  }
  watch_answers();
  return taken == wanted;
}

// ---- in --------------------------------------------------------------------------------------------------------------------

void SingleClient::drain(ReplyReader& current) {
  while (reader.get() == &current) {
    const ReplyReader::Item item = current.next();
    if (item == ReplyReader::Item::none || reader.get() != &current) {
      return;
    }
    take_item(current, item);
  }
}

void SingleClient::take_item(ReplyReader& current, ReplyReader::Item item) {
  using Item = ReplyReader::Item;
  switch (item) {
    case Item::integer:
    case Item::reply: take_answer(current, item); break;
    case Item::message: break;
    case Item::subscribed:
    case Item::unsubscribed: take_confirmation(current, item == Item::subscribed); break;
    case Item::pong: take_pong(); break;
    case Item::broken: lose_broken(current.error()); break;
    case Item::none: break;
  }
}

void SingleClient::take_answer(ReplyReader& current, ReplyReader::Item item) {
  const bool is_error = item == ReplyReader::Item::reply && current.reply().type == Reply::Type::error;
  if (!login.empty()) [[unlikely]] {
    if (item == ReplyReader::Item::integer) {
      lose_broken("a number answers the log-in");
    } else {
      take_login_reply(current.reply());
    }
  } else if (pong_owed) [[unlikely]] {
    if (item == ReplyReader::Item::integer) {
      lose_broken("a number answers PING");
    } else {
      take_pong();  // an error also shows that Redis is alive
    }
  } else if (queue.in_flight_count() != 0) {
    const Entry entry = queue.pop_in_flight();
    if (entry.listener != nullptr) [[likely]] {
      take_publish_answer(entry, current, item);
    } else {
      take_command_answer(entry, current, item);
    }
  } else if (is_error && subscriptions.awaiting() && !is_too_many(current.reply().text)) {
    subscriptions.refuse(current.reply().text);
    request_subscriptions();
    check_ready();
  } else if (is_error && current.reply().text.starts_with("MOVED") && subscriptions.in_use()) {
    // Redis ended the subscription itself, at the moment when it was asked to.
  } else if (is_error) {
    // Redis sends these errors before it closes: "max number of clients reached", "protected mode".
    lose(who + " does not serve us (" + current.reply().text + ").", current.reply().text.starts_with("DENIED"));
  } else {
    lose_broken("an answer that nobody waits for");
  }
}

void SingleClient::take_pong() {
  if (!std::exchange(pong_owed, false)) {
    lose_broken("an answer that nobody waits for");
  }
}

void SingleClient::take_publish_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item) {
  if (item == ReplyReader::Item::integer) [[likely]] {
    ++counters_.answered;
    failures = 0;
    guarded([&] { entry.listener->on_published(entry.tag, Outcome::ok, current.integer(), {}); });
  } else if (current.reply().type == Reply::Type::error) {
    ++counters_.answered;
    ++counters_.refused;
    guarded([&] { entry.listener->on_published(entry.tag, Outcome::refused, 0, current.reply().text); });
  } else {
    end_later(entry, Outcome::unconfirmed, "Redis gave an answer that makes no sense.", counters_.unconfirmed);
    lose_broken("the answer to PUBLISH is no number");
  }
}

void SingleClient::take_command_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item) {
  const CommandDone done = std::exchange(command_dones[entry.tag], nullptr);
  free_dones.push_back(entry.tag);
  CommandResult result;
  ++counters_.answered;
  if (item == ReplyReader::Item::integer) {
    result.reply.type = Reply::Type::integer;
    result.reply.integer = current.integer();
  } else if (current.reply().type == Reply::Type::error) {
    ++counters_.refused;
    result.outcome = Outcome::refused;
    result.message = std::move(current.reply().text);
  } else {
    result.reply = std::move(current.reply());
  }
  failures = result.outcome == Outcome::ok ? 0 : failures;
  if (done) {
    guarded([&] { done(std::move(result)); });
  }
}

// ---- commands that complete without a reply --------------------------------------------------------------------------------

void SingleClient::end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter) {
  ++counter;
  if (ended_runs.empty() || ended_runs.back().outcome != outcome || *ended_runs.back().why != why) {
    ended_runs.push_back({outcome, std::make_shared<const std::string>(why), 0});
  }
  ++ended_runs.back().count;
  ended.push_back(entry);
  turn_end.request();
}

void SingleClient::end_waiting(std::string_view why, std::uint64_t& counter) {
  while (queue.can_pop_waiting()) {
    end_later(queue.pop_waiting(), Outcome::not_sent, why, counter);
  }
}

void SingleClient::end_in_flight(std::string_view why) {
  while (queue.in_flight_count() != 0) {
    end_later(queue.pop_in_flight(), Outcome::unconfirmed, why, counters_.unconfirmed);
  }
}

void SingleClient::deliver_ended() {
  for (std::size_t count = ended.size(); count != 0 && !ended.empty(); --count) {
    const Entry entry = ended.pop_front();
    EndedRun& run = ended_runs.front();
    const Outcome outcome = run.outcome;
    const std::shared_ptr<const std::string> why = run.why;
    if (--run.count == 0) {
      ended_runs.pop_front();
    }
    if (entry.listener != nullptr) {
      guarded([&] { entry.listener->on_published(entry.tag, outcome, 0, *why); });
      continue;
    }
    const CommandDone done = std::exchange(command_dones[entry.tag], nullptr);
    free_dones.push_back(entry.tag);
    if (done) {
      guarded([&] { done({outcome, *why, {}}); });
    }
  }
}

void SingleClient::abandon(std::string_view why) {
  assert(loop.on_loop_thread());
  const bool under_way = queue.in_flight_count() != 0 || queue.started();
  const std::string reason(why);
  if (later_bytes != 0 && !later_is_control && stream && stream->later_taken()) {
    queue.took(std::exchange(later_bytes, 0), written_ms);
  }
  end_in_flight(reason);
  queue.rewind();
  end_waiting(reason, counters_.not_sent_abandoned);
  if (under_way) {
    lose(reason, false);
  }
}

}  // namespace socketio::redis
