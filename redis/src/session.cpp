#include "session.hpp"

#include <array>
#include <utility>

#include "resp.hpp"

namespace socketio::redis {

void Session::begin(bool needs_reply, std::uint64_t now_ms) {
  reader_ = std::make_shared<ReplyReader>(context_.options.reply_bytes_max, *this);
  has_served_ = false;
  liveness_.on_connected(now_ms);
  login_.begin(commands_.writer().control(), needs_reply && !subscriptions_.in_use());  // these have confirmations of their own
  if (!login_.is_pending()) {
    log_in();
  }
}

void Session::log_in() {
  is_logged_in_ = true;
  subscriptions_.connection_began();
  listener_.on_logged_in();
  request_subscriptions();
  listener_.on_subscriptions_changed();
}

void Session::end() {
  reader_.reset();
  is_logged_in_ = false;
  login_.connection_ended();
  commands_.writer().connection_ended();
}

void Session::fail_broken(std::string_view what) {
  ++context_.counters.protocol_errors;
  const std::string& where = context_.name.where;
  listener_.on_failure({"What answers at " + where + " does not speak as Redis does: " + std::string(what) + "."});
}

/// Redis has executed a command, or confirmed a subscription.
void Session::note_served() {
  if (!has_served_) [[unlikely]] {
    has_served_ = true;
    retry_.start_again();
  }
}

// ---- out -------------------------------------------------------------------------------------------------------------------

std::size_t Session::gather(std::span<Bytes> parts, std::uint64_t now_ms, bool with_commands) {
  Writer& writer = commands_.writer();
  OutputQueue& queue = writer.queue();
  const auto is_stalled = [&] {
    return queue.in_flight_count() != 0 && liveness_.is_stalled(now_ms, queue.oldest_in_flight().written_ms);
  };
  with_commands = with_commands && is_logged_in_ && !writer.has_control();
  return writer.gather(parts, with_commands && !is_stalled() && !commands_.holds(now_ms));
}

void Session::settle_writes(bool later_taken) {
  Writer& writer = commands_.writer();
  if (later_taken && writer.holds_command()) {
    writer.took_held(liveness_.written_ms());
  }
  writer.connection_ended();
}

Liveness::Verdict Session::check_replies(std::uint64_t now_ms) {
  OutputQueue& queue = commands_.writer().queue();
  const auto in_flight_ms = queue.in_flight_count() != 0 ? std::optional(queue.oldest_in_flight().written_ms) : std::nullopt;
  return liveness_.check_replies(now_ms, in_flight_ms, subscriptions_.awaiting() || commands_.writer().is_holding());
}

std::uint64_t Session::keep_alive(std::uint64_t now_ms) {
  const auto next = liveness_.keep_alive(now_ms, commands_.writer().queue().empty() && !subscriptions_.awaiting());
  if (next.sends_ping) {
    append_command(commands_.writer().control(), std::array<std::string_view, 1>{"PING"});
  }
  return next.wait_ms;
}

std::pair<std::shared_ptr<ReplyReader>, std::size_t> Session::take_reader() {
  if (commands_.writer().holds_command()) {
    commands_.writer().took_held(liveness_.written_ms());  // the stream still holds these bytes
  }
  return {std::move(reader_), commands_.writer().queue().in_flight_count() + (liveness_.pong_pending() ? 1 : 0)};
}

// ---- in --------------------------------------------------------------------------------------------------------------------

void Session::take_bytes(Bytes bytes, std::uint64_t now_ms) {
  const std::shared_ptr<ReplyReader> current = reader_;
  liveness_.on_read(now_ms);
  while (!bytes.empty() && current != nullptr && reader_ == current) {
    const Bytes portion = ReplyReader::portion(bytes);
    bytes = bytes.subspan(portion.size());
    current->feed(portion);
    while (reader_ == current) {
      const ReplyReader::Item item = current->next();
      if (item == ReplyReader::Item::none || reader_ != current) {
        break;
      }
      take_item(*current, item);
    }
  }
}

void Session::take_item(ReplyReader& current, ReplyReader::Item item) {
  using Item = ReplyReader::Item;
  switch (item) {
    case Item::integer:
    case Item::reply: take_reply(current, item == Item::integer); break;
    case Item::subscribed:
    case Item::unsubscribed: take_confirmation(current, item == Item::subscribed); break;
    case Item::pong:
      if (!liveness_.take_pong()) {
        fail_broken("an answer that nobody waits for");
      }
      break;
    case Item::broken: fail_broken(current.error()); break;
    case Item::message:
    case Item::none: break;
  }
}

void Session::take_reply(ReplyReader& current, bool is_number) {
  if (login_.is_pending()) [[unlikely]] {
    if (is_number) {
      fail_broken("a number answers the log-in");
    } else if (const auto failure = login_.take_reply(current.reply(), context_.name.who)) {
      listener_.on_failure(*failure);
    } else if (!login_.is_pending()) {
      log_in();
    }
  } else if (liveness_.pong_pending()) [[unlikely]] {
    if (is_number) {
      fail_broken("a number answers PING");
    } else {
      liveness_.take_pong();  // an error also shows that Redis is alive
    }
  } else if (OutputQueue& queue = commands_.writer().queue(); queue.in_flight_count() != 0) {
    const Entry entry = queue.pop_in_flight();
    if (is_number || (entry.listener == nullptr && current.reply().type != Reply::Type::error)) [[likely]] {
      note_served();
    }
    if (is_number && entry.listener != nullptr) [[likely]] {
      ++context_.counters.answered;
      context_.reports.guarded([&] { entry.listener->on_published(entry.tag, Outcome::ok, current.integer(), {}); });
    } else if (!commands_.take_answer(entry, current, is_number)) {
      fail_broken("the answer to PUBLISH is no number");
    }
  } else {
    take_unasked(current, is_number);
  }
}

/// Handles a reply that no command waits for.
void Session::take_unasked(ReplyReader& current, bool is_number) {
  if (is_number || current.reply().type != Reply::Type::error) {
    fail_broken("an answer that nobody waits for");
    return;
  }
  const std::string& error = current.reply().text;
  if (subscriptions_.awaiting() && !is_too_many(error)) {
    subscriptions_.refuse(error);
    request_subscriptions();
    listener_.on_subscriptions_changed();
  } else if (error.starts_with("MOVED") && subscriptions_.in_use()) {
    // Redis ended the subscription itself, at the moment when it was asked to.
  } else {
    // Redis sends these errors before it closes: "max number of clients reached", "protected mode".
    listener_.on_failure({context_.name.who + " does not serve us (" + error + ").", error.starts_with("DENIED")});
  }
}

// ---- subscriptions ---------------------------------------------------------------------------------------------------------

void Session::request_subscriptions() {
  if (!is_logged_in_ || !subscriptions_.in_use() || !commands_.writer().queue().empty()) {
    return;
  }
  if (subscriptions_.write_requests(commands_.writer().control())) {
    reader_->expect_messages();
  }
  listener_.on_subscriptions_changed();
}

void Session::take_confirmation(ReplyReader& current, bool subscribed) {
  note_served();
  if (!subscriptions_.confirm(current.kind(), subscribed, current.name())) {
    if (current.kind() != SubscriptionKind::shard || subscribed) {
      fail_broken("it confirms a subscription that was not asked for");
      return;
    }
    subscriptions_.lost(current.kind(), current.name());  // the channel's slot has moved
  }
  request_subscriptions();
  deliver_subscriptions();
}

void Session::on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) {
  if (MessageListener* const listener = subscriptions_.find(kind, subscription); listener != nullptr) {
    ++context_.counters.messages;
    context_.reports.guarded([&] { listener->on_message(channel, payload); });
  }
}

void Session::deliver_subscriptions() {
  while (!context_.reports.is_silent()) {
    const auto news = subscriptions_.next_news();
    if (!news) {
      return;
    }
    if (news->is_lost) {
      context_.reports.guarded([&] { news->listener->on_subscription_lost(news->name); });
      continue;
    }
    context_.counters.subscriptions_refused += news->error.empty() || !counts_refused_ ? 0U : 1U;
    context_.reports.guarded([&] { news->listener->on_subscribed(news->name, news->error); });
  }
}

}  // namespace socketio::redis
