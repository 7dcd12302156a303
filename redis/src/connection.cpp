#include "connection.hpp"

#include <array>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "connection_error.hpp"
#include "resp.hpp"

namespace socketio::redis {
namespace {

/// Maximum number of writes in one turn, so that other objects on the loop are not delayed.
constexpr int writes_per_turn = 16;
/// Factor by which retries of refused subscriptions are slower than backoff_max_ms: there may be many refused subscriptions.
constexpr unsigned refused_wait = 10;

}  // namespace

Connection::Connection(const Surroundings& surroundings, std::shared_ptr<net::TlsContext> tls, bool counts_refused)
    : loop_(surroundings.loop),
      options_(surroundings.options),
      name_(surroundings.name),
      reports_(surroundings.reports),
      counters_(surroundings.counters),
      turn_end_(surroundings.turn_end),
      listener_(surroundings.listener),
      tls_(std::move(tls)),
      counts_refused_(counts_refused),
      login_(options_),
      liveness_(in_ms(options_.command_timeout), in_ms(options_.keepalive)),
      writer_(options_.queue_bytes_max, options_.in_flight_max),
      answer_timer_(loop_, [this] { check_replies(); }),
      alive_timer_(loop_, [this] { keep_alive(); }),
      refused_timer_(loop_,
                     [this] {
                       const auto alive = listener_.hold();
                       subscriptions_.request_refused();
                       request_subscriptions();
                     }),
      silent_timer_(loop_, [this] {
        silent_->take_back();
        forget_silent();
      }) {}

// ---- begin and end ---------------------------------------------------------------------------------------------------------

void Connection::open(const Endpoint& endpoint, bool needs_reply) {
  needs_reply_ = needs_reply;
  stream_ = std::make_unique<net::Stream>(loop_, *this);
  const std::string path = options_.topology == Topology::sentinel ? std::string() : options_.unix_path;
  stream_->connect({endpoint.host, endpoint.port, path, tls_, options_.tls_server_name}, in_ms(options_.connect_timeout));
}

/// After a failure there is a reply to wait for: waiting commands must not reach a Redis that still loads its data, or that
/// accepts the connection only to report that it has too many. The same with TLS: a server that rejects the client certificate
/// reports that after the handshake. (Subscriptions have confirmations of their own.)
void Connection::on_connected() {
  const auto alive = listener_.hold();
  reader_ = std::make_shared<ReplyReader>(options_.reply_bytes_max, *this);
  first_bytes_ = true;
  has_served_ = false;
  liveness_.on_connected(loop_.now_ms());
  login_.begin(writer_.control(), (needs_reply_ || tls_) && !subscriptions_.in_use());
  if (!login_.is_pending()) {
    log_in();
  }
  write_out();
  listener_.on_events_end();
}

void Connection::log_in() {
  is_logged_in_ = true;
  if (in_ms(options_.keepalive) != 0) {
    alive_timer_.start(in_ms(options_.keepalive));
  }
  if (silent_) {
    silent_timer_.start(in_ms(options_.silent_wait));
  }
  subscriptions_.connection_began();
  listener_.on_logged_in();
  request_subscriptions();
  listener_.on_subscriptions_changed();
}

void Connection::on_lost(const net::StreamError& error) {
  const auto alive = listener_.hold();
  using Kind = net::StreamError::Kind;
  std::string why = describe(error, name_.who, in_ms(options_.connect_timeout), name_.url_kind);
  const bool cut_off = error.kind == Kind::ended || error.kind == Kind::failed;
  if (cut_off && first_bytes_ && !tls_ && options_.unix_path.empty()) {  // it has never sent anything
    why += " If it speaks TLS on that port, the URL must begin with rediss" + name_.url_kind + "://.";
  }
  listener_.on_failure({why});
  listener_.on_events_end();
}

std::string Connection::why_timed_out() const {
  const char* const what = reader_ ? " did not answer the log-in"
                           : tls_  ? " did not accept the connection, or does not speak TLS on that port,"
                                   : " did not accept the connection";
  return name_.who + what + " within " + std::to_string(in_ms(options_.connect_timeout)) + " ms.";
}

void Connection::fail_broken(std::string_view what) {
  ++counters_.protocol_errors;
  listener_.on_failure({"What answers at " + name_.where + " does not speak as Redis does: " + std::string(what) + "."});
}

void Connection::settle_writes() {
  if (writer_.holds_command() && stream_ && stream_->later_taken()) {
    writer_.took_held(liveness_.written_ms());
  }
  writer_.connection_ended();
}

void Connection::close() {
  settle_writes();
  drop();
  subscriptions_.connection_ended();
}

void Connection::end() {
  forget_silent();
  drop();
}

void Connection::drop() {
  stream_.reset();
  reader_.reset();
  is_logged_in_ = false;
  login_.connection_ended();
  writer_.connection_ended();
  answer_timer_.stop();
  alive_timer_.stop();
  refused_timer_.stop();
  silent_timer_.stop();
}

// ---- out -------------------------------------------------------------------------------------------------------------------

void Connection::write_out() {
  if (!stream_ || !stream_->writable()) {
    return;
  }
  const bool may_write = writer_.has_control() || (is_logged_in_ && writer_.queue().waiting_count() != 0);
  if (!may_write) {
    return;
  }
  const std::uint64_t now_ms = net::fresh_now_ms(loop_);
  for (int count = 0; count < writes_per_turn; ++count) {
    if (!write_once(now_ms)) {
      return;
    }
  }
  turn_end_.request();
}

bool Connection::may_write_commands(std::uint64_t now_ms) {
  OutputQueue& queue = writer_.queue();
  const bool is_stalled = queue.in_flight_count() != 0 && liveness_.is_stalled(now_ms, queue.oldest_in_flight().written_ms);
  return is_logged_in_ && !silent_ && !is_stalled && !listener_.holds_commands(now_ms);
}

/// Makes one write call. Returns true if another one makes sense.
bool Connection::write_once(std::uint64_t now_ms) {
  std::array<Bytes, net::Stream::parts_max> parts;
  const std::size_t count = writer_.gather(parts, !writer_.has_control() && may_write_commands(now_ms));
  if (count == 0) {
    return false;
  }
  const std::size_t taken = stream_->try_write(std::span(parts).first(count));
  ++counters_.writes;
  counters_.bytes_written += taken;
  liveness_.on_write(now_ms);
  const Bytes rest = writer_.took(taken, now_ms);
  if (!rest.empty()) {
    const std::size_t later = stream_->write_later(rest);
    writer_.hold(later);
    counters_.bytes_written += later;
  }
  if (const auto wait_ms = liveness_.first_check_ms(); wait_ms && !answer_timer_.active()) {  // no timer operation per command
    answer_timer_.start(*wait_ms);
  }
  return rest.empty();
}

void Connection::on_writable() {
  const auto alive = listener_.hold();
  liveness_.on_write(loop_.now_ms());
  writer_.took_held(loop_.now_ms());
  write_out();
}

// ---- in --------------------------------------------------------------------------------------------------------------------

void Connection::on_bytes(Bytes bytes) {
  const auto alive = listener_.hold();
  const std::shared_ptr<ReplyReader> current = reader_;
  counters_.bytes_read += bytes.size();
  liveness_.on_read(loop_.now_ms());
  constexpr std::uint8_t tls_alert = 0x15;
  if (std::exchange(first_bytes_, false) && !tls_ && bytes.front() == tls_alert) {
    listener_.on_failure({name_.who + " speaks TLS on that port: the URL must begin with rediss" + name_.url_kind + "://."});
  }
  while (!bytes.empty() && reader_ == current) {
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
  listener_.on_events_end();
}

void Connection::take_item(ReplyReader& current, ReplyReader::Item item) {
  using Item = ReplyReader::Item;
  switch (item) {
    case Item::integer:
    case Item::reply: take_reply(current, item); break;
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

void Connection::take_reply(ReplyReader& current, ReplyReader::Item item) {
  const bool is_number = item == ReplyReader::Item::integer;
  if (login_.is_pending()) [[unlikely]] {
    if (is_number) {
      fail_broken("a number answers the log-in");
    } else if (const auto failure = login_.take_reply(current.reply(), name_.who)) {
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
  } else if (writer_.queue().in_flight_count() != 0) {
    const Entry entry = writer_.queue().pop_in_flight();
    if (is_number && entry.listener != nullptr) [[likely]] {
      ++counters_.answered;
      note_served();
      reports_.guarded([&] { entry.listener->on_published(entry.tag, Outcome::ok, current.integer(), {}); });
    } else {
      listener_.on_answer(entry, current, item);
    }
  } else {
    take_unasked(current, item);
  }
}

/// Handles a reply that no command waits for.
void Connection::take_unasked(ReplyReader& current, ReplyReader::Item item) {
  if (item == ReplyReader::Item::integer || current.reply().type != Reply::Type::error) {
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
    listener_.on_failure({name_.who + " does not serve us (" + error + ").", error.starts_with("DENIED")});
  }
}

// ---- subscriptions ---------------------------------------------------------------------------------------------------------

/// Waits for commands that were issued before the first subscription: after it, Redis accepts no other commands.
void Connection::request_subscriptions() {
  if (!is_logged_in_ || !subscriptions_.in_use() || !writer_.queue().empty()) {
    return;
  }
  if (subscriptions_.write_requests(writer_.control())) {
    reader_->expect_messages();
    turn_end_.request();
  }
  if (subscriptions_.any_refused() && !refused_timer_.active()) {
    refused_timer_.start(std::uint64_t{in_ms(options_.backoff_max)} * refused_wait);
  }
  listener_.on_subscriptions_changed();
}

void Connection::take_confirmation(ReplyReader& current, bool subscribed) {
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

void Connection::on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) {
  if (MessageListener* const listener = subscriptions_.find(kind, subscription); listener != nullptr) {
    ++counters_.messages;
    reports_.guarded([&] { listener->on_message(channel, payload); });
  }
}

void Connection::deliver_subscriptions() {
  while (!reports_.is_silent()) {
    const auto news = subscriptions_.next_news();
    if (!news) {
      return;
    }
    if (news->is_lost) {
      reports_.guarded([&] { news->listener->on_subscription_lost(news->name); });
      continue;
    }
    counters_.subscriptions_refused += news->error.empty() || !counts_refused_ ? 0U : 1U;
    reports_.guarded([&] { news->listener->on_subscribed(news->name, news->error); });
  }
}

// ---- a connection that may be dead -----------------------------------------------------------------------------------------

void Connection::check_replies() {
  const auto alive = listener_.hold();
  OutputQueue& queue = writer_.queue();
  const auto in_flight_ms = queue.in_flight_count() != 0 ? std::optional(queue.oldest_in_flight().written_ms) : std::nullopt;
  const Liveness::Verdict verdict =
      liveness_.check_replies(loop_.now_ms(), in_flight_ms, subscriptions_.awaiting() || writer_.is_holding());
  if (verdict.kind == Liveness::Verdict::Kind::wait) {
    answer_timer_.start(verdict.wait_ms);
  } else if (verdict.kind == Liveness::Verdict::Kind::dead) {
    set_aside();
    listener_.on_failure({name_.who + " did not answer within " + std::to_string(in_ms(options_.command_timeout)) + " ms."});
    listener_.on_events_end();
  }
}

/// Handles commands in transit on a dead connection, which must not be executed after commands of the next connection. They are
/// discarded by a reset, or the next connection waits for them. With sentinels they are discarded, because the next connection
/// may lead to another server.
void Connection::set_aside() {
  const std::size_t in_flight_count = writer_.queue().in_flight_count();
  if (in_ms(options_.silent_wait) == 0 || in_flight_count == 0 || silent_ || options_.topology == Topology::sentinel) {
    stream_->reset_on_close();
    return;
  }
  if (writer_.holds_command()) {
    writer_.took_held(liveness_.written_ms());  // the stream still holds these bytes
  }
  const std::size_t owed = writer_.queue().in_flight_count() + (liveness_.pong_pending() ? 1 : 0);
  silent_ = std::make_unique<SilentConnection>(std::move(stream_), std::move(reader_), owed, [this] { forget_silent(); });
}

void Connection::forget_silent() {
  silent_timer_.stop();
  silent_.reset();
  turn_end_.request();
}

void Connection::keep_alive() {
  const auto alive = listener_.hold();
  const auto next = liveness_.keep_alive(loop_.now_ms(), writer_.queue().empty() && !subscriptions_.awaiting());
  if (next.sends_ping) {
    constexpr std::array<std::string_view, 1> ping{"PING"};
    append_command(writer_.control(), ping);
    write_out();
  }
  alive_timer_.start(next.wait_ms);
}

}  // namespace socketio::redis
