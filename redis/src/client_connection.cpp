// Connecting, log-in, detection of a dead connection, and reconnecting.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "single_client.hpp"

namespace socketio::redis {
namespace {

/// True for errors that are temporary, so that a retry may succeed.
bool is_temporary(std::string_view error) noexcept {
  for (const std::string_view word : {"LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN"}) {
    if (error.starts_with(word)) {
      return true;
    }
  }
  return false;
}

std::string tls_hint(std::string_view why, const std::string& url_kind) {
  if (why.find("does not speak TLS") != std::string_view::npos) {
    return "For a port without TLS the URL begins with redis" + url_kind + "://.";
  }
  if (why.find("certificate required") != std::string_view::npos) {
    return "The server asks for a certificate of ours (tls_certificate and tls_key, --tls-cert and --tls-key).";
  }
  if (why.find("host") != std::string_view::npos || why.find("IP address") != std::string_view::npos) {
    return "Connect by the name that the certificate is for.";
  }
  if (why.find("expired") != std::string_view::npos || why.find("not yet valid") != std::string_view::npos) {
    return "The server needs a new one, or a clock is wrong.";
  }
  if (why.find("certificate") != std::string_view::npos) {
    return "Name the file of the authority that has signed it (tls_ca, --tls-ca).";
  }
  return "Check the certificates on both sides.";
}

std::string sentence(const std::string& redis, const net::StreamError& error, std::uint32_t timeout_ms,
                     const std::string& url_kind) {
  using Kind = net::StreamError::Kind;
  switch (error.kind) {
    case Kind::unknown_host: return redis + " cannot be found: the name of the host has no address (" + error.text + ").";
    case Kind::refused: return redis + " refused the connection: nothing listens there.";
    case Kind::no_such_socket: return redis + " cannot be reached: there is no such socket.";
    case Kind::not_permitted: return redis + " cannot be reached: the system does not permit it (" + error.text + ").";
    case Kind::timed_out: return redis + " did not accept the connection within " + std::to_string(timeout_ms) + " ms.";
    case Kind::unreachable: return redis + " cannot be reached: " + error.text + ".";
    case Kind::tls_failed: return "No TLS to " + redis + ": " + error.text + ". " + tls_hint(error.text, url_kind);
    case Kind::ended: return redis + " closed the connection.";
    case Kind::failed: break;
  }
  return "The connection to " + redis + " was lost: " + error.text + ".";
}

}  // namespace

/// Starts an attempt. The timeout covers all of it: asking the sentinels, the look-up of the address, connecting, the log-in.
void SingleClient::begin_attempt() {
  connect_timer.start(in_ms(options.connect_timeout));
  if (sentinels) {
    begin_finding();
  } else {
    connect_to({options.host, options.port});
  }
}

void SingleClient::begin_finding() {
  sentinels->find(in_ms(options.connect_timeout), [this](const Sentinels::Found& found) {
    const auto alive = shared_from_this();
    if (found.master) {
      master = *found.master;
      where = std::string(tls ? "rediss://" : "redis://") + describe(master);
      who = "Redis at " + where + ", the master " + options.master_name + ",";
      connect_to(master);
    } else {
      lose(found.why, found.is_refusal);
    }
    deliver();
  });
}

void SingleClient::connect_to(const Endpoint& endpoint) {
  stream = std::make_unique<net::Stream>(loop, *this);
  const std::string path = sentinels ? std::string() : options.unix_path;
  stream->connect({endpoint.host, endpoint.port, path, tls, options.tls_server_name}, in_ms(options.connect_timeout));
}

/// Handles the master named by the sentinels: they publish a failover, or answer when they are asked again. A replaced master
/// may not notice: one that is cut off keeps running, and messages published there reach no subscriber.
void SingleClient::on_master_named(const Endpoint& named) {
  if (named == master || state_ == State::closed) {
    return;
  }
  const auto alive = shared_from_this();
  failures = 0;
  if (state_ == State::disconnected) {
    schedule_retry();
  } else {
    lose(who + " is not the master any more: the sentinels name " + describe(named) + ".", false);
  }
  deliver();
}

/// Starts the retry timer: the delay grows after each failure, shortened randomly by up to a half; no delay when a good
/// connection was lost.
void SingleClient::schedule_retry() {
  if (std::exchange(was_good, false)) {
    retry_timer.start(0);
    return;
  }
  const std::uint64_t shift = std::min<std::uint32_t>(failures, 20);
  const std::uint64_t longest =
      std::min<std::uint64_t>(std::uint64_t{in_ms(options.backoff_min)} << shift, in_ms(options.backoff_max));
  std::array<std::uint8_t, sizeof(std::uint32_t)> bytes{};
  random.fill(bytes);
  std::uint32_t chance = 0;
  std::memcpy(&chance, bytes.data(), sizeof(chance));
  ++failures;
  retry_timer.start(longest - chance % (longest / 2 + 1));
}

void SingleClient::on_connected() {
  const auto alive = shared_from_this();
  reader = std::make_shared<ReplyReader>(options.reply_bytes_max, *this);
  first_bytes = true;
  read_ms = loop.now_ms();  // accepting the connection shows that it is alive
  write_login();
  if (login.empty()) {
    logged_in();
  }
  write_out();
  deliver();
}

/// Sends all log-in steps in one write; commands wait for the replies, because after a refused step they could reach the wrong
/// database. After a failure there is at least one step: waiting commands must not reach a Redis that still loads its data, or
/// that accepts the connection only to report that it has too many. The same with TLS: a server that rejects the client
/// certificate reports that after the handshake. (Subscriptions have confirmations of their own.)
void SingleClient::write_login() {
  const auto append = [this](LoginStep step, std::initializer_list<std::string_view> words) {
    const std::span<const std::string_view> all(words.begin(), words.size());
    const std::size_t size = command_size(all);
    write_command(control.reserve(size), all);
    control.commit(size);
    login.push_back(step);
  };
  if (!options.username.empty()) {
    append(LoginStep::auth, {"AUTH", options.username, options.password});
  } else if (!options.password.empty()) {
    append(LoginStep::auth, {"AUTH", options.password});
  }
  if (sentinels) {
    append(LoginStep::role, {"ROLE"});
  }
  if (options.database != 0) {
    append(LoginStep::select, {"SELECT", std::to_string(options.database)});
  }
  if (!options.client_name.empty()) {
    append(LoginStep::set_name, {"CLIENT", "SETNAME", options.client_name});
  }
  if ((away || tls) && login.empty() && !subscriptions.in_use()) {
    append(LoginStep::ping, {"PING"});
  }
}

void SingleClient::take_login_reply(const Reply& reply) {
  const LoginStep step = login.front();
  login.pop_front();
  const bool is_needed = step != LoginStep::set_name && !(step == LoginStep::ping && reply.text.starts_with("NOPERM"));
  if (reply.type == Reply::Type::error && (is_needed || is_too_many(reply.text))) {
    refuse_login(step, reply.text);
  } else if (step == LoginStep::role) {
    take_role(reply);
  }
  if (stream && login.empty()) {
    logged_in();
  }
}

void SingleClient::refuse_login(LoginStep step, const std::string& error) {
  const std::string answer = " (" + without_password(error) + ").";
  if (is_temporary(error)) {
    lose(who + " is not ready yet" + answer, false);
  } else if (step != LoginStep::auth && error.starts_with("NOAUTH")) {
    lose(who + " asks for a password" + answer, true);
  } else if (is_too_many(error) || step == LoginStep::ping) {
    lose(who + " does not serve us" + answer, error.starts_with("DENIED"));
  } else if (step == LoginStep::role) {
    lose(who + " does not say whether it is the master" + answer + " Allow the user that command: +role.", true);
  } else if (step == LoginStep::select) {
    lose(who + " refused database " + std::to_string(options.database) + answer, true);
  } else {
    lose(who + " refused the " + (options.username.empty() ? "password" : "user name or the password") + answer, true);
  }
}

/// Checks that the server is the master: the sentinels' answer may be outdated. A message published to a replica reaches only
/// the subscribers of that replica, and no error is reported.
void SingleClient::take_role(const Reply& reply) {
  const std::string role = reply.elements.empty() ? std::string() : reply.elements.front().text;
  if (role != "master") {
    sentinels->distrust_last();
    lose(who + (role == "slave" ? " is a replica now; the sentinels do not know yet." : " does not say that it is the master."),
         false);
  }
}

/// Removes the password from an error text: a server that does not know AUTH repeats its arguments, in quotes. The same letters
/// elsewhere are not the password, and stay.
std::string SingleClient::without_password(std::string text) const {
  constexpr std::string_view quotes = "'`\"";
  const std::size_t size = options.password.size();
  for (std::size_t at = 0; size != 0 && (at = text.find(options.password, at)) != std::string::npos; ++at) {
    const bool in_quotes = at != 0 && at + size < text.size() && quotes.find(text[at - 1]) != std::string_view::npos &&
                           quotes.find(text[at + size]) != std::string_view::npos;
    if (in_quotes) {
      text.replace(at, size, "***");
    }
  }
  return text;
}

void SingleClient::logged_in() {
  is_logged_in = true;
  connect_timer.stop();
  if (in_ms(options.keepalive) != 0) {
    alive_timer.start(in_ms(options.keepalive));
  }
  if (away_since_ms != 0 && in_ms(options.resume_wait_max) != 0) {
    const std::uint64_t away_ms = loop.now_ms() - away_since_ms;
    const std::uint64_t wait_ms = options.resume_when ? in_ms(options.resume_wait_max)
                                                      : std::min<std::uint64_t>(2 * away_ms, in_ms(options.resume_wait_max));
    resume_ms = loop.now_ms() + wait_ms;
    resume_timer.start(wait_ms);
  }
  if (silent) {
    silent_timer.start(in_ms(options.silent_wait));
  }
  subscriptions.connection_began();
  request_subscriptions();
  check_ready();
  turn_end.request();
}

void SingleClient::check_ready() {
  const bool was_up = is_up();
  if (!was_up) {
    if (state_ != State::connecting || !is_logged_in || subscriptions.open_count() != 0) {
      return;
    }
    ++counters_.connects;
    away = false;
    ready_ms = loop.now_ms();
    log(LogLevel::info, "Connected.", where);
  }
  if (subscriptions.refused_count() != 0 && !is_cluster_node) {
    tell_refused();
  } else if (state_ != State::ready && subscriptions.open_count() == 0) {
    set_state(State::ready, {});
  }
  if (!was_up && sentinels) {
    sentinels->watch();
  }
}

/// Reports one of the refused subscriptions, and another one only when that is not refused any more: there may be many.
void SingleClient::tell_refused() {
  if (state_ == State::refused && subscriptions.is_refused(told_refusal.kind, told_refusal.name)) {
    return;
  }
  told_refusal = subscriptions.first_refused();
  last_error_ = describe(told_refusal, who, options.username);
  last_error_is_refusal_ = true;
  log(LogLevel::warning, last_error_, where);
  set_state(State::refused, last_error_);
}

void SingleClient::on_bytes(Bytes bytes) {
  const auto alive = shared_from_this();
  const std::shared_ptr<ReplyReader> current = reader;
  counters_.bytes_read += bytes.size();
  read_ms = loop.now_ms();
  constexpr std::uint8_t tls_alert = 0x15;
  if (std::exchange(first_bytes, false) && !tls && bytes.front() == tls_alert) {
    lose(who + " speaks TLS on that port: the URL must begin with rediss" + url_kind + "://.", false);
    deliver();
    return;
  }
  while (!bytes.empty() && reader == current) {
    const Bytes portion = ReplyReader::portion(bytes);
    bytes = bytes.subspan(portion.size());
    current->feed(portion);
    drain(*current);
  }
  deliver();
  turn_end.request();  // commands may be written now, or closing may be complete
}

void SingleClient::on_writable() {
  const auto alive = shared_from_this();
  const std::size_t taken = std::exchange(later_bytes, 0);
  written_ms = loop.now_ms();
  if (later_is_control) {
    control_taken += taken;
    if (control_taken == control.size()) {
      control.clear();
      control_taken = 0;
    }
  } else {
    queue.took(taken, written_ms);
  }
  write_out();
}

void SingleClient::on_lost(const net::StreamError& error) {
  const auto alive = shared_from_this();
  using Kind = net::StreamError::Kind;
  std::string why = sentence(who, error, in_ms(options.connect_timeout), url_kind);
  const bool cut_off = error.kind == Kind::ended || error.kind == Kind::failed;
  if (cut_off && first_bytes && !tls && options.unix_path.empty()) {  // it has never sent anything
    why += " If it speaks TLS on that port, the URL must begin with rediss" + url_kind + "://.";
  }
  lose(why, false);
  deliver();
}

void SingleClient::on_connect_timeout() {
  const auto alive = shared_from_this();
  const std::string limit = " within " + std::to_string(in_ms(options.connect_timeout)) + " ms.";
  if (!stream) {
    lose("The sentinels did not say which server is the master" + limit, false);
    deliver();
    return;
  }
  const bool accepted = reader != nullptr;
  const char* const what = accepted ? " did not answer the log-in"
                           : tls    ? " did not accept the connection, or does not speak TLS on that port,"
                                    : " did not accept the connection";
  lose(who + what + limit, false);
  deliver();
}

void SingleClient::lose_broken(std::string_view what) {
  ++counters_.protocol_errors;
  lose("What answers at " + where + " does not speak as Redis does: " + std::string(what) + ".", false);
}

/// Ends an attempt or a connection. Commands that the system had not taken completely wait for the next one, or fail, as
/// OfflinePolicy says.
void SingleClient::lose(const std::string& why, bool refusal) {
  if (state_ != State::connecting && !is_up()) {
    return;
  }
  if (later_bytes != 0 && !later_is_control && stream->later_taken()) {
    queue.took(later_bytes, written_ms);
  }
  later_bytes = 0;
  if (sentinels) {
    sentinels->stop_finding();
  }
  stream.reset();
  reader.reset();
  connect_timer.stop();
  answer_timer.stop();
  refused_timer.stop();
  resume_timer.stop();
  alive_timer.stop();
  silent_timer.stop();
  pong_owed = false;
  control.clear_and_shrink(64 * 1024);
  control_taken = 0;
  login.clear();
  is_logged_in = false;
  subscriptions.connection_ended();
  if (is_up()) {
    ++counters_.disconnects;
    was_good = loop.now_ms() - ready_ms > in_ms(options.backoff_max);
    failures = was_good ? 0 : failures;
    away_since_ms = resume_ms > loop.now_ms() ? away_since_ms : loop.now_ms();
  } else {
    ++counters_.failed_attempts;
  }
  away = true;
  last_error_ = why;
  last_error_is_refusal_ = refusal;
  log(LogLevel::warning, why, where);
  set_state(State::disconnected, why);
  end_in_flight(why);
  queue.rewind();
  if (options.offline == OfflinePolicy::fail) {
    end_waiting(why, counters_.not_sent_offline);
  }
  schedule_retry();
}

/// Ensures that check_answers() runs while a reply is pending, without a timer operation per command.
void SingleClient::watch_answers() {
  if (in_ms(options.command_timeout) != 0 && !answer_timer.active()) {
    answer_timer.start(in_ms(options.command_timeout));
  }
}

/// Drops the connection as dead when replies are pending and Redis has sent nothing for command_timeout_ms, or has taken no
/// bytes for as long.
void SingleClient::check_answers() {
  const auto alive = shared_from_this();
  std::uint64_t since = 0;
  if (queue.in_flight_count() != 0) {
    since = std::max(queue.oldest_in_flight().written_ms, read_ms);
  } else if (subscriptions.awaiting() || pong_owed || later_bytes != 0) {
    since = std::max(written_ms, read_ms);
  } else {
    return;
  }
  const std::uint64_t now = loop.now_ms();
  const std::uint64_t silent_ms = now > since ? now - since : 0;
  if (silent_ms < in_ms(options.command_timeout)) {
    answer_timer.start(in_ms(options.command_timeout) - silent_ms);
    return;
  }
  set_aside();
  lose(who + " did not answer within " + std::to_string(in_ms(options.command_timeout)) + " ms.", false);
  deliver();
}

/// Handles commands in transit on a dead connection, which must not be executed after commands of the next connection. They are
/// discarded by a reset, or the next connection waits for them. With sentinels they are discarded, because the next connection
/// may lead to another server.
void SingleClient::set_aside() {
  if (in_ms(options.silent_wait) == 0 || queue.in_flight_count() == 0 || silent || sentinels) {
    stream->reset_on_close();
    return;
  }
  if (!later_is_control) {
    queue.took(later_bytes, written_ms);  // the stream still holds these bytes
  }
  later_bytes = 0;
  const std::size_t owed = queue.in_flight_count() + (pong_owed ? 1 : 0);
  silent = std::make_unique<SilentConnection>(std::move(stream), std::move(reader), owed, [this] { forget_silent(); });
}

void SingleClient::forget_silent() {
  silent_timer.stop();
  silent.reset();
  turn_end.request();
}

/// Sends PING on a connection without traffic. A connection that only receives messages, or is not used, may be dead without a
/// sign: the other machine lost power, or a device in between dropped the connection. After the PING a reply is pending.
void SingleClient::check_alive() {
  const auto alive = shared_from_this();
  const std::uint64_t now = loop.now_ms();
  const std::uint64_t silent_ms = now > read_ms ? now - read_ms : 0;
  if (silent_ms < in_ms(options.keepalive)) {
    alive_timer.start(in_ms(options.keepalive) - silent_ms);
    return;
  }
  if (queue.empty() && !subscriptions.awaiting() && !pong_owed) {
    constexpr std::array<std::string_view, 1> ping{"PING"};
    const std::size_t size = command_size(ping);
    write_command(control.reserve(size), ping);
    control.commit(size);
    pong_owed = true;
    write_out();
  }
  alive_timer.start(in_ms(options.keepalive));
}

}  // namespace socketio::redis
