// Commands of a client of one Redis, and the replies to them.

#include <cassert>
#include <cstring>
#include <utility>

#include "single_client.hpp"

namespace socketio::redis {

// ---- out -------------------------------------------------------------------------------------------------------------------

/// `write`  writes the command, which has Entry::size, to an address
template <typename Write>
void SingleClient::add_command(const Entry& entry, const Write& write) {
  if (!admit(entry)) {
    return;
  }
  OutputQueue& queue = connection_.writer().queue();
  write(queue.reserve(entry.size));
  queue.commit(entry.listener, entry.tag, entry.size);
  if (worth_a_write(queue.waiting_bytes(), queue.waiting_count(), options_.flush_bytes)) {
    connection_.write_out();
  }
  turn_end_.request();
}

void SingleClient::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  add_command({&listener, tag, publish_writer_.begin(channel, payload.size()), 0},
              [&](std::uint8_t* to) { publish_writer_.write(to, payload); });
}

void SingleClient::publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  add_command({&listener, tag, sharded_writer_.begin(channel, payload.size()), 0},
              [&](std::uint8_t* to) { sharded_writer_.write(to, payload); });
}

void SingleClient::publish_encoded(Bytes encoded, PublishListener& listener, std::uint64_t tag) {
  add_command({&listener, tag, encoded.size(), 0}, [&](std::uint8_t* to) { std::memcpy(to, encoded.data(), encoded.size()); });
}

void SingleClient::command_encoded(Bytes encoded, CommandDone done) {
  add_command({nullptr, completions_.keep(std::move(done)), encoded.size(), 0},
              [&](std::uint8_t* to) { std::memcpy(to, encoded.data(), encoded.size()); });
}

void SingleClient::command(std::span<const std::string_view> words, CommandDone done) {
  add_command({nullptr, completions_.keep(std::move(done)), command_size(words), 0},
              [&](std::uint8_t* to) { write_command(to, words); });
}

/// Returns true if a command of this size may join the queue; otherwise the command fails at the end of the turn.
bool SingleClient::admit(const Entry& entry) {
  assert(loop_.on_loop_thread());
  ++counters_.commands;
  Writer& writer = connection_.writer();
  if (is_closing_ || connection_.subscriptions().in_use()) [[unlikely]] {
    end_later(entry, Outcome::not_sent,
              is_closing_ ? "The client was closed." : "This client has subscriptions; give commands to another one.",
              counters_.not_sent_closed);
    return false;
  }
  if (retry_.is_away() && options_.offline == OfflinePolicy::fail) [[unlikely]] {
    end_later(entry, Outcome::not_sent, last_error(), counters_.not_sent_offline);
    return false;
  }
  if (options_.offline == OfflinePolicy::drop_oldest) {
    while (!writer.fits(entry.size) && writer.queue().can_pop_waiting()) {
      end_later(writer.queue().pop_waiting(), Outcome::not_sent, "It was dropped to make room for newer ones.",
                counters_.dropped_oldest);
    }
  }
  if (!writer.fits(entry.size)) [[unlikely]] {
    end_later(entry, Outcome::not_sent, "The queue is full.", counters_.not_sent_queue_full);
    return false;
  }
  return true;
}

void SingleClient::flush() {
  assert(loop_.on_loop_thread());
  connection_.write_out();
}

/// True if the oldest waiting command is a publish that must wait longer; see Options::resume_wait_max.
bool SingleClient::holds_commands(std::uint64_t now_ms) {
  return retry_.is_resuming(now_ms) && !is_closing_ && connection_.writer().queue().next_is_publish() &&
         !(options_.resume_when && options_.resume_when(counters_.disconnects));
}

// ---- in --------------------------------------------------------------------------------------------------------------------

void SingleClient::on_answer(const Entry& entry, ReplyReader& reader, ReplyReader::Item item) {
  if (entry.listener != nullptr) {
    take_publish_error(entry, reader, item);
  } else {
    take_command_answer(entry, reader, item);
  }
}

void SingleClient::take_publish_error(const Entry& entry, ReplyReader& reader, ReplyReader::Item item) {
  if (item == ReplyReader::Item::reply && reader.reply().type == Reply::Type::error) {
    ++counters_.answered;
    ++counters_.refused;
    reports_.guarded([&] { entry.listener->on_published(entry.tag, Outcome::refused, 0, reader.reply().text); });
  } else {
    end_later(entry, Outcome::unconfirmed, "Redis gave an answer that makes no sense.", counters_.unconfirmed);
    connection_.fail_broken("the answer to PUBLISH is no number");
  }
}

void SingleClient::take_command_answer(const Entry& entry, ReplyReader& reader, ReplyReader::Item item) {
  const CommandDone done = completions_.take(entry.tag);
  CommandResult result;
  ++counters_.answered;
  if (item == ReplyReader::Item::integer) {
    result.reply.type = Reply::Type::integer;
    result.reply.integer = reader.integer();
  } else if (reader.reply().type == Reply::Type::error) {
    ++counters_.refused;
    result.outcome = Outcome::refused;
    result.message = std::move(reader.reply().text);
  } else {
    result.reply = std::move(reader.reply());
  }
  if (result.outcome == Outcome::ok) {
    connection_.note_served();
  }
  if (done) {
    reports_.guarded([&] { done(std::move(result)); });
  }
}

// ---- commands that complete without a reply --------------------------------------------------------------------------------

void SingleClient::end_later(const Entry& entry, Outcome outcome, std::string_view why, std::uint64_t& counter) {
  ++counter;
  completions_.add(entry, outcome, why);
  turn_end_.request();
}

void SingleClient::end_waiting(std::string_view why, std::uint64_t& counter) {
  OutputQueue& queue = connection_.writer().queue();
  while (queue.can_pop_waiting()) {
    end_later(queue.pop_waiting(), Outcome::not_sent, why, counter);
  }
}

void SingleClient::end_in_flight(std::string_view why) {
  OutputQueue& queue = connection_.writer().queue();
  while (queue.in_flight_count() != 0) {
    end_later(queue.pop_in_flight(), Outcome::unconfirmed, why, counters_.unconfirmed);
  }
}

void SingleClient::deliver_ended() {
  for (std::size_t count = completions_.size(); count != 0 && completions_.size() != 0; --count) {
    const Completions::Ended ended = completions_.take_oldest();
    if (ended.entry.listener != nullptr) {
      reports_.guarded([&] { ended.entry.listener->on_published(ended.entry.tag, ended.outcome, 0, *ended.why); });
    } else if (const CommandDone done = completions_.take(ended.entry.tag)) {
      reports_.guarded([&] { done({ended.outcome, *ended.why, {}}); });
    }
  }
}

void SingleClient::abandon(std::string_view why) {
  assert(loop_.on_loop_thread());
  const std::string reason(why);
  OutputQueue& queue = connection_.writer().queue();
  const bool is_under_way = queue.in_flight_count() != 0 || queue.started();
  if (is_under_way) {
    connection_.settle_writes();
  }
  end_in_flight(reason);
  end_waiting(reason, counters_.not_sent_abandoned);
  if (is_under_way) {
    lose(reason, false);
  }
}

}  // namespace socketio::redis
