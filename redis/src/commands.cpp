#include "commands.hpp"

#include <cstring>
#include <utility>

namespace socketio::redis {

bool Commands::command(std::span<const std::string_view> words, CommandDone done) {
  return issue({nullptr, context_.completions.keep(std::move(done)), command_size(words), 0},
               [&](std::uint8_t* to) { write_command(to, words); });
}

bool Commands::encoded(Bytes bytes, PublishListener* listener, std::uint64_t tag, CommandDone done) {
  return issue({listener, listener != nullptr ? tag : context_.completions.keep(std::move(done)), bytes.size(), 0},
               [&](std::uint8_t* to) { std::memcpy(to, bytes.data(), bytes.size()); });
}

/// Drops the oldest commands, or refuses this one.
bool Commands::make_room(const Entry& entry) {
  Counters& counters = context_.counters;
  if (context_.closing.has_begun) {
    return refuse(entry, "The client was closed.", counters.not_sent_closed);
  }
  if (subscriptions_.in_use()) {
    return refuse(entry, "This client has subscriptions; give commands to another one.", counters.not_sent_closed);
  }
  if (retry_.is_away() && context_.options.offline == OfflinePolicy::fail) {
    return refuse(entry, context_.reports.last_error(), counters.not_sent_offline);
  }
  if (context_.options.offline == OfflinePolicy::drop_oldest) {
    while (!writer_.fits(entry.size) && writer_.queue().can_pop_waiting()) {
      refuse(writer_.queue().pop_waiting(), "It was dropped to make room for newer ones.", counters.dropped_oldest);
    }
  }
  return writer_.fits(entry.size) || refuse(entry, "The queue is full.", counters.not_sent_queue_full);
}

bool Commands::refuse(const Entry& entry, std::string_view why, std::uint64_t& counter) {
  ++counter;
  context_.completions.add(entry, Outcome::not_sent, why);
  return false;
}

bool Commands::holds(std::uint64_t now_ms) {
  return retry_.is_resuming(now_ms) && !context_.closing.has_begun && writer_.queue().next_is_publish() &&
         !(context_.options.resume_when && context_.options.resume_when(context_.counters.disconnects));
}

bool Commands::take_answer(const Entry& entry, ReplyReader& reader, bool is_number) {
  Counters& counters = context_.counters;
  const bool is_error = !is_number && reader.reply().type == Reply::Type::error;
  if (entry.listener != nullptr && !is_error) {
    ++counters.unconfirmed;
    context_.completions.add(entry, Outcome::unconfirmed, "Redis gave an answer that makes no sense.");
    return false;
  }
  ++counters.answered;
  counters.refused += is_error ? 1U : 0U;
  if (entry.listener != nullptr) {
    context_.reports.guarded([&] { entry.listener->on_published(entry.tag, Outcome::refused, 0, reader.reply().text); });
    return true;
  }
  CommandResult result;
  if (is_number) {
    result.reply.type = Reply::Type::integer;
    result.reply.integer = reader.integer();
  } else if (is_error) {
    result.outcome = Outcome::refused;
    result.message = std::move(reader.reply().text);
  } else {
    result.reply = std::move(reader.reply());
  }
  if (const CommandDone done = context_.completions.take(entry.tag)) {
    context_.reports.guarded([&] { done(std::move(result)); });
  }
  return true;
}

void Commands::end_waiting(std::string_view why, std::uint64_t& counter) {
  while (writer_.queue().can_pop_waiting()) {
    refuse(writer_.queue().pop_waiting(), why, counter);
  }
}

void Commands::end_in_flight(std::string_view why) {
  OutputQueue& queue = writer_.queue();
  while (queue.in_flight_count() != 0) {
    ++context_.counters.unconfirmed;
    context_.completions.add(queue.pop_in_flight(), Outcome::unconfirmed, why);
  }
}

}  // namespace socketio::redis
