// How a client gets its connection, logs in, finds out that the connection is dead, and tries again.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "client_impl.hpp"

namespace socketio::redis {
namespace {

/// Answers that say "not now" instead of "no".
bool is_temporary(std::string_view error) noexcept {
  for (const std::string_view word : {"LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN"}) {
    if (error.starts_with(word)) {
      return true;
    }
  }
  return false;
}

std::string sentence(const std::string& where, const net::StreamError& error, std::uint32_t timeout_ms) {
  using Kind = net::StreamError::Kind;
  const std::string redis = "Redis at " + where;
  switch (error.kind) {
    case Kind::unknown_host: return redis + " cannot be found: the name of the host has no address (" + error.text + ").";
    case Kind::refused: return redis + " refused the connection: nothing listens there.";
    case Kind::no_such_socket: return redis + " cannot be reached: there is no such socket.";
    case Kind::not_permitted: return redis + " cannot be reached: the system does not permit it (" + error.text + ").";
    case Kind::timed_out: return redis + " did not accept the connection within " + std::to_string(timeout_ms) + " ms.";
    case Kind::unreachable: return redis + " cannot be reached: " + error.text + ".";
    case Kind::ended: return redis + " closed the connection.";
    case Kind::failed: break;
  }
  return "The connection to " + redis + " was lost: " + error.text + ".";
}

}  // namespace

void Client::Impl::begin_attempt() {
  stream = std::make_unique<net::Stream>(loop, *this);
  stream->connect({options.host, options.port, options.unix_path}, options.connect_timeout_ms);
  connect_timer.start(options.connect_timeout_ms);
}

/// Waits longer after each failure, shortened by chance by up to a half.
void Client::Impl::schedule_retry() {
  const std::uint64_t shift = std::min<std::uint32_t>(failures, 20);
  const std::uint64_t longest = std::min<std::uint64_t>(std::uint64_t{options.backoff_min_ms} << shift, options.backoff_max_ms);
  std::array<std::uint8_t, sizeof(std::uint32_t)> bytes{};
  random.fill(bytes);
  std::uint32_t chance = 0;
  std::memcpy(&chance, bytes.data(), sizeof(chance));
  ++failures;
  retry_timer.start(longest - chance % (longest / 2 + 1));
}

void Client::Impl::on_connected() {
  const auto alive = shared_from_this();
  reader = std::make_shared<ReplyReader>(options.reply_bytes_max, *this);
  write_login();
  if (login.empty()) {
    logged_in();
  }
  write_out();
  deliver();
}

/// All steps go out in one write; commands wait for the answers, as a refused one must not reach the wrong database.
void Client::Impl::write_login() {
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
  if (options.database != 0) {
    append(LoginStep::select, {"SELECT", std::to_string(options.database)});
  }
  if (!options.client_name.empty()) {
    append(LoginStep::set_name, {"CLIENT", "SETNAME", options.client_name});
  }
}

void Client::Impl::take_login_reply(const Reply& reply) {
  const LoginStep step = login.front();
  login.pop_front();
  if (reply.type == Reply::Type::error && step != LoginStep::set_name) {
    const std::string redis = "Redis at " + where;
    const std::string answer = " (" + without_password(reply.text) + ").";
    if (is_temporary(reply.text)) {
      lose(redis + " is not ready yet" + answer, false);
    } else if (step == LoginStep::select && reply.text.starts_with("NOAUTH")) {
      lose(redis + " asks for a password" + answer, true);
    } else if (step == LoginStep::select) {
      lose(redis + " refused database " + std::to_string(options.database) + answer, true);
    } else {
      lose(redis + " refused the " + (options.username.empty() ? "password" : "user name or the password") + answer, true);
    }
    return;
  }
  if (login.empty()) {
    logged_in();
  }
}

/// A server that does not know AUTH repeats its arguments.
std::string Client::Impl::without_password(std::string text) const {
  for (std::size_t at = 0; !options.password.empty() && (at = text.find(options.password, at)) != std::string::npos; at += 3) {
    text.replace(at, options.password.size(), "***");
  }
  return text;
}

void Client::Impl::logged_in() {
  is_logged_in = true;
  connect_timer.stop();
  subscriptions.connection_began();
  request_subscriptions();
  check_ready();
  turn_end.request();
}

void Client::Impl::check_ready() {
  if (state == State::connecting && is_logged_in && subscriptions.open_count() == 0) {
    ++counters.connects;
    away = false;
    ready_ms = loop.now_ms();
    log(LogLevel::info, "Connected.", where);
    set_state(State::ready, {});
  }
}

void Client::Impl::on_bytes(Bytes bytes) {
  const auto alive = shared_from_this();
  const std::shared_ptr<ReplyReader> current = reader;
  counters.bytes_read += bytes.size();
  read_ms = loop.now_ms();
  while (!bytes.empty() && reader == current) {
    const Bytes portion = ReplyReader::portion(bytes);
    bytes = bytes.subspan(portion.size());
    current->feed(portion);
    drain(*current);
  }
  deliver();
  turn_end.request();  // there may be room for more in flight, or nothing left to wait for before closing
}

void Client::Impl::on_writable() {
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

void Client::Impl::on_lost(const net::StreamError& error) {
  const auto alive = shared_from_this();
  lose(sentence(where, error, options.connect_timeout_ms), false);
  deliver();
}

void Client::Impl::on_connect_timeout() {
  const auto alive = shared_from_this();
  const std::string limit = " within " + std::to_string(options.connect_timeout_ms) + " ms.";
  const bool accepted = reader != nullptr;
  lose("Redis at " + where + (accepted ? " did not answer the log-in" : " did not accept the connection") + limit, false);
  deliver();
}

void Client::Impl::lose_broken(std::string_view what) {
  ++counters.protocol_errors;
  lose("What answers at " + where + " does not speak as Redis does: " + std::string(what) + ".", false);
}

/// The end of an attempt or a connection. What the system had not taken whole waits for the next one, or fails, as the policy
/// says.
void Client::Impl::lose(const std::string& why, bool refusal) {
  if (!stream) {
    return;
  }
  if (later_bytes != 0 && !later_is_control && stream->later_taken()) {
    queue.took(later_bytes, written_ms);
  }
  later_bytes = 0;
  stream.reset();
  reader.reset();
  connect_timer.stop();
  answer_timer.stop();
  control.clear_and_shrink(64 * 1024);
  control_taken = 0;
  login.clear();
  is_logged_in = false;
  subscriptions.connection_ended();
  if (state == State::ready) {
    ++counters.disconnects;
    failures = loop.now_ms() - ready_ms > options.backoff_max_ms ? 0 : failures;
  } else {
    ++counters.failed_attempts;
  }
  away = true;
  last_error = why;
  last_error_is_refusal = refusal;
  log(LogLevel::warning, why, where);
  set_state(State::disconnected, why);
  end_in_flight(why);
  queue.rewind();
  if (options.offline == OfflinePolicy::fail) {
    end_waiting(why, counters.not_sent_offline);
  }
  schedule_retry();
}

/// Sees to it that check_answers() runs while Redis owes something, without touching a timer per command.
void Client::Impl::watch_answers() {
  if (options.command_timeout_ms != 0 && !answer_timer.active()) {
    answer_timer.start(options.command_timeout_ms);
  }
}

/// Redis is taken for dead when it owes answers and has been silent for too long, or takes nothing for as long.
void Client::Impl::check_answers() {
  const auto alive = shared_from_this();
  std::uint64_t since = 0;
  if (queue.in_flight_count() != 0) {
    since = std::max(queue.oldest_in_flight().written_ms, read_ms);
  } else if (subscriptions.awaiting() || later_bytes != 0) {
    since = std::max(written_ms, read_ms);
  } else {
    return;
  }
  const std::uint64_t now = loop.now_ms();
  const std::uint64_t silent_ms = now > since ? now - since : 0;
  if (silent_ms < options.command_timeout_ms) {
    answer_timer.start(options.command_timeout_ms - silent_ms);
    return;
  }
  lose("Redis at " + where + " did not answer within " + std::to_string(options.command_timeout_ms) + " ms.", false);
  deliver();
}

}  // namespace socketio::redis
