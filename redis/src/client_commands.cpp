// Commands on their way out, and the answers to them.

#include <array>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>

#include "client_impl.hpp"

namespace socketio::redis {
namespace {

/// Writes of one turn; then others on the loop have theirs.
constexpr int writes_per_turn = 16;

}  // namespace

// ---- out -------------------------------------------------------------------------------------------------------------------

void Client::Impl::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  const std::size_t size = publish_writer.begin(channel, payload.size());
  if (!admit({&listener, tag, size, 0})) {
    return;
  }
  publish_writer.write(queue.reserve(size), payload);
  queue.commit(&listener, tag, size);
  after_commit();
}

void Client::Impl::command(std::span<const std::string_view> words, CommandDone done) {
  std::uint64_t slot = command_dones.size();
  if (free_dones.empty()) {
    command_dones.push_back(std::move(done));
  } else {
    slot = free_dones.back();
    free_dones.pop_back();
    command_dones[slot] = std::move(done);
  }
  const std::size_t size = command_size(words);
  if (!admit({nullptr, slot, size, 0})) {
    return;
  }
  write_command(queue.reserve(size), words);
  queue.commit(nullptr, slot, size);
  after_commit();
}

/// Whether a command of this size may join the queue; otherwise it ends at the end of the turn.
bool Client::Impl::admit(const Entry& entry) {
  assert(loop.on_loop_thread());
  ++counters.commands;
  if (closing || subscriptions.in_use()) [[unlikely]] {
    end_later(entry, Outcome::not_sent,
              closing ? "The client was closed." : "This client has subscriptions; give commands to another one.",
              counters.not_sent_closed);
    return false;
  }
  if (away && options.offline == OfflinePolicy::fail) [[unlikely]] {
    end_later(entry, Outcome::not_sent, last_error, counters.not_sent_offline);
    return false;
  }
  const auto fits = [this, &entry] {
    return queue.waiting_count() == 0 ||
           (queue.waiting_bytes() <= options.queue_bytes_max && entry.size <= options.queue_bytes_max - queue.waiting_bytes());
  };
  if (options.offline == OfflinePolicy::drop_oldest) {
    while (!fits() && queue.can_pop_waiting()) {
      end_later(queue.pop_waiting(), Outcome::not_sent, "It was dropped to make room for newer ones.", counters.dropped_oldest);
    }
  }
  if (!fits()) [[unlikely]] {
    end_later(entry, Outcome::not_sent, "The queue is full.", counters.not_sent_queue_full);
    return false;
  }
  return true;
}

void Client::Impl::after_commit() {
  if (queue.waiting_bytes() >= options.flush_bytes) {
    write_out();
  }
  turn_end.request();
}

void Client::Impl::write_out() {
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

/// One write call. Returns whether another one makes sense.
bool Client::Impl::write_once(std::uint64_t now_ms) {
  std::array<Bytes, net::Stream::parts_max> parts;
  std::size_t part_count = 0;
  const bool is_control = control.size() != control_taken;
  if (is_control) {
    parts[part_count++] = control.bytes_from(control_taken);
  } else if (is_logged_in && queue.in_flight_count() < options.in_flight_max) {
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
  ++counters.writes;
  counters.bytes_written += taken;
  written_ms = now_ms;  // also when it took nothing: from now on it has to take something
  if (is_control) {
    control_taken += taken;
  } else {
    queue.took(taken, now_ms);
  }
  if (taken != wanted) {
    // Only the rest of one command is handed over for later: everything behind it can still be taken back.
    later_is_control = is_control;
    later_bytes = stream->write_later(is_control ? control.bytes_from(control_taken) : queue.first_rest());
    if (!is_control && later_bytes != 0) {
      queue.hold_first();
    }
    counters.bytes_written += later_bytes;
  } else if (is_control) {
    control.clear();
    control_taken = 0;
  }
  watch_answers();
  return taken == wanted;
}

// ---- in --------------------------------------------------------------------------------------------------------------------

void Client::Impl::drain(ReplyReader& current) {
  while (reader.get() == &current) {
    const ReplyReader::Item item = current.next();
    if (item == ReplyReader::Item::none || reader.get() != &current) {
      return;
    }
    take_item(current, item);
  }
}

void Client::Impl::take_item(ReplyReader& current, ReplyReader::Item item) {
  using Item = ReplyReader::Item;
  switch (item) {
    case Item::integer:
    case Item::reply: take_answer(current, item); break;
    case Item::message: break;
    case Item::subscribed:
    case Item::unsubscribed: take_confirmation(current, item == Item::subscribed); break;
    case Item::broken: lose_broken(current.error()); break;
    case Item::none: break;
  }
}

void Client::Impl::take_answer(ReplyReader& current, ReplyReader::Item item) {
  const bool is_error = item == ReplyReader::Item::reply && current.reply().type == Reply::Type::error;
  if (!login.empty()) [[unlikely]] {
    if (item == ReplyReader::Item::integer) {
      lose_broken("a number answers the log-in");
    } else {
      take_login_reply(current.reply());
    }
  } else if (queue.in_flight_count() != 0) {
    const Entry entry = queue.pop_in_flight();
    if (entry.listener != nullptr) [[likely]] {
      take_publish_answer(entry, current, item);
    } else {
      take_command_answer(entry, current, item);
    }
  } else if (is_error && subscriptions.awaiting()) {
    subscriptions.refuse(current.reply().text);
    request_subscriptions();
    check_ready();
  } else if (is_error) {
    // Redis says so before it closes: "max number of clients reached", "protected mode".
    lose("Redis at " + where + " does not serve us (" + current.reply().text + ").",
         current.reply().text.starts_with("DENIED"));
  } else {
    lose_broken("an answer that nobody waits for");
  }
}

void Client::Impl::take_publish_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item) {
  if (item == ReplyReader::Item::integer) [[likely]] {
    ++counters.answered;
    failures = 0;
    guarded([&] { entry.listener->on_published(entry.tag, Outcome::ok, current.integer(), {}); });
  } else if (current.reply().type == Reply::Type::error) {
    ++counters.answered;
    ++counters.refused;
    guarded([&] { entry.listener->on_published(entry.tag, Outcome::refused, 0, current.reply().text); });
  } else {
    end_later(entry, Outcome::unconfirmed, "Redis gave an answer that makes no sense.", counters.unconfirmed);
    lose_broken("the answer to PUBLISH is no number");
  }
}

void Client::Impl::take_command_answer(const Entry& entry, ReplyReader& current, ReplyReader::Item item) {
  const CommandDone done = std::exchange(command_dones[entry.tag], nullptr);
  free_dones.push_back(entry.tag);
  CommandResult result;
  ++counters.answered;
  if (item == ReplyReader::Item::integer) {
    result.reply.type = Reply::Type::integer;
    result.reply.integer = current.integer();
  } else if (current.reply().type == Reply::Type::error) {
    ++counters.refused;
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

// ---- what ends without an answer -------------------------------------------------------------------------------------------

void Client::Impl::end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter) {
  ++counter;
  if (ended_runs.empty() || ended_runs.back().outcome != outcome || *ended_runs.back().why != why) {
    ended_runs.push_back({outcome, std::make_shared<const std::string>(why), 0});
  }
  ++ended_runs.back().count;
  ended.push_back(entry);
  turn_end.request();
}

void Client::Impl::end_waiting(std::string_view why, std::uint64_t& counter) {
  while (queue.can_pop_waiting()) {
    end_later(queue.pop_waiting(), Outcome::not_sent, why, counter);
  }
}

void Client::Impl::end_in_flight(std::string_view why) {
  while (queue.in_flight_count() != 0) {
    end_later(queue.pop_in_flight(), Outcome::unconfirmed, why, counters.unconfirmed);
  }
}

void Client::Impl::deliver_ended() {
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

void Client::Impl::abandon(std::string_view why) {
  assert(loop.on_loop_thread());
  const bool under_way = queue.in_flight_count() != 0 || queue.started();
  const std::string reason(why);
  if (later_bytes != 0 && !later_is_control && stream && stream->later_taken()) {
    queue.took(std::exchange(later_bytes, 0), written_ms);
  }
  end_in_flight(reason);
  queue.rewind();
  end_waiting(reason, counters.not_sent_abandoned);
  if (under_way) {
    lose(reason, false);
  }
}

}  // namespace socketio::redis
