#include "login.hpp"

#include <initializer_list>
#include <span>

#include "resp.hpp"

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

}  // namespace

void Login::begin(Buffer& output, bool needs_reply) {
  const auto append = [this, &output](Step step, std::initializer_list<std::string_view> words) {
    append_command(output, {words.begin(), words.size()});
    steps_.push_back(step);
  };
  if (!options_.username.empty()) {
    append(Step::auth, {"AUTH", options_.username, options_.password});
  } else if (!options_.password.empty()) {
    append(Step::auth, {"AUTH", options_.password});
  }
  if (options_.topology == Topology::sentinel) {
    append(Step::role, {"ROLE"});
  }
  if (options_.database != 0) {
    append(Step::select, {"SELECT", std::to_string(options_.database)});
  }
  if (!options_.client_name.empty()) {
    append(Step::set_name, {"CLIENT", "SETNAME", options_.client_name});
  }
  if (needs_reply && steps_.empty()) {
    append(Step::ping, {"PING"});
  }
}

std::optional<Login::Failure> Login::take_reply(const Reply& reply, const std::string& who) {
  const Step step = steps_.front();
  steps_.pop_front();
  const bool is_needed = step != Step::set_name && !(step == Step::ping && reply.text.starts_with("NOPERM"));
  if (reply.type == Reply::Type::error && (is_needed || is_too_many(reply.text))) {
    return refused(step, reply.text, who);
  }
  if (step != Step::role) {
    return std::nullopt;
  }
  // The sentinels' answer may be outdated. A message published to a replica reaches only the subscribers of that replica, and
  // no error is reported.
  const std::string role = reply.elements.empty() ? std::string() : reply.elements.front().text;
  if (role == "master") {
    return std::nullopt;
  }
  const char* const what =
      role == "slave" ? " is a replica now; the sentinels do not know yet." : " does not say that it is the master.";
  return Failure{who + what, false, true};
}

Login::Failure Login::refused(Step step, const std::string& error, const std::string& who) const {
  const std::string answer = " (" + without_password(error) + ").";
  if (is_temporary(error)) {
    return {who + " is not ready yet" + answer, false};
  }
  if (step != Step::auth && error.starts_with("NOAUTH")) {
    return {who + " asks for a password" + answer, true};
  }
  if (is_too_many(error) || step == Step::ping) {
    return {who + " does not serve us" + answer, error.starts_with("DENIED")};
  }
  if (step == Step::role) {
    return {who + " does not say whether it is the master" + answer + " Allow the user that command: +role.", true};
  }
  if (step == Step::select) {
    return {who + " refused database " + std::to_string(options_.database) + answer, true};
  }
  return {who + " refused the " + (options_.username.empty() ? "password" : "user name or the password") + answer, true};
}

/// Removes the password from an error text: a server that does not know AUTH repeats its arguments, in quotes. The same letters
/// elsewhere are not the password, and stay.
std::string Login::without_password(std::string text) const {
  constexpr std::string_view quotes = "'`\"";
  const std::size_t size = options_.password.size();
  for (std::size_t at = 0; size != 0 && (at = text.find(options_.password, at)) != std::string::npos; ++at) {
    const bool in_quotes = at != 0 && at + size < text.size() && quotes.find(text[at - 1]) != std::string_view::npos &&
                           quotes.find(text[at + size]) != std::string_view::npos;
    if (in_quotes) {
      text.replace(at, size, "***");
    }
  }
  return text;
}

}  // namespace socketio::redis
