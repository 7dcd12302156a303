#include <doctest/doctest.h>

#include <string>

#include "login.hpp"
#include "resp.hpp"

namespace login_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

const std::string who = "Redis at redis://host:6379";

Reply ok() { return {Reply::Type::status, 0, "OK", {}}; }
Reply error(const std::string& text) { return {Reply::Type::error, 0, text, {}}; }
Reply role(const std::string& name) { return {Reply::Type::array, 0, {}, {{Reply::Type::text, 0, name, {}}}}; }

/// Names of the commands, in the order in which they are sent.
std::string sent(Login& login, bool needs_reply = false) {
  Buffer output;
  login.begin(output, needs_reply);
  std::string names;
  std::string_view text = output.text();
  while (!text.empty()) {  // *<words>, then $<size> and the word for each
    const auto take_line = [&text] {
      const std::string line(text.substr(1, text.find('\r') - 1));
      text.remove_prefix(text.find('\n') + 1);
      return std::stoul(line);
    };
    const std::size_t word_count = take_line();
    for (std::size_t word = 0; word < word_count; ++word) {
      const std::size_t size = take_line();
      names += word == 0 ? (names.empty() ? "" : " ") + std::string(text.substr(0, size)) : "";
      text.remove_prefix(size + 2);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("login: without settings nothing is sent, unless a reply is needed") {
  const Options options;
  Login login(options);
  CHECK(sent(login).empty());
  CHECK_FALSE(login.is_pending());
  CHECK(sent(login, true) == "PING");
  CHECK(login.is_pending());
}

TEST_CASE("login: all steps are sent at once, and each reply ends one") {
  Options options;
  options.topology = Topology::sentinel;
  options.username = "u";
  options.password = "p";
  options.database = 3;
  options.client_name = "name";
  Login login(options);
  REQUIRE(sent(login, true) == "AUTH ROLE SELECT CLIENT");

  CHECK_FALSE(login.take_reply(ok(), who));
  CHECK_FALSE(login.take_reply(role("master"), who));
  CHECK_FALSE(login.take_reply(ok(), who));
  CHECK(login.is_pending());
  CHECK_FALSE(login.take_reply(ok(), who));
  CHECK_FALSE(login.is_pending());
}

TEST_CASE("login: a wrong password is a refusal, and the password is not repeated") {
  Options options;
  options.password = "secret";
  Login login(options);
  sent(login);

  const auto failure = login.take_reply(error("ERR unknown command 'AUTH', with args beginning with: 'secret' secret"), who);

  REQUIRE(failure);
  CHECK(failure->is_refusal);
  CHECK(failure->why == who + " refused the password (ERR unknown command 'AUTH', with args beginning with: '***' secret).");
}

TEST_CASE("login: a missing password is reported by the step after it") {
  Options options;
  options.database = 1;
  Login login(options);
  sent(login);

  const auto failure = login.take_reply(error("NOAUTH Authentication required."), who);

  REQUIRE(failure);
  CHECK(failure->is_refusal);
  CHECK(failure->why.find("asks for a password") != std::string::npos);
}

TEST_CASE("login: a database that does not exist is a refusal") {
  Options options;
  options.database = 99;
  Login login(options);
  sent(login);
  const auto failure = login.take_reply(error("ERR DB index is out of range"), who);
  REQUIRE(failure);
  CHECK(failure->is_refusal);
  CHECK(failure->why.find("refused database 99") != std::string::npos);
}

TEST_CASE("login: temporary errors are no refusal") {
  const Options options;
  for (const char* const text : {"LOADING Redis is loading", "BUSY script", "MASTERDOWN Link", "TRYAGAIN later"}) {
    Login login(options);
    sent(login, true);
    const auto failure = login.take_reply(error(text), who);
    REQUIRE(failure);
    CHECK_FALSE(failure->is_refusal);
    CHECK(failure->why.find("is not ready yet") != std::string::npos);
  }
}

TEST_CASE("login: a refused CLIENT SETNAME, or PING that is not permitted, does not matter") {
  Options options;
  options.client_name = "name";
  Login named(options);
  sent(named);
  CHECK_FALSE(named.take_reply(error("NOPERM no permission"), who));

  const Options none;
  Login pinged(none);
  sent(pinged, true);
  CHECK_FALSE(pinged.take_reply(error("NOPERM no permission"), who));
}

TEST_CASE("login: too many connections fail any step") {
  Options options;
  options.client_name = "name";
  Login login(options);
  sent(login);
  const auto failure = login.take_reply(error("ERR max number of clients reached"), who);
  REQUIRE(failure);
  CHECK_FALSE(failure->is_refusal);
  CHECK(failure->why.find("does not serve us") != std::string::npos);
}

TEST_CASE("login: a server that is not the master is not used") {
  Options options;
  options.topology = Topology::sentinel;
  Login login(options);
  for (const auto& [answer, what] :
       {std::pair(role("slave"), "is a replica now"), std::pair(ok(), "does not say that it is the master")}) {
    sent(login);
    const auto failure = login.take_reply(answer, who);
    REQUIRE(failure);
    CHECK(failure->is_no_master);
    CHECK(failure->why.find(what) != std::string::npos);
  }
}

TEST_CASE("login: a lost connection ends the log-in") {
  const Options options;
  Login login(options);
  sent(login, true);
  login.connection_ended();
  CHECK_FALSE(login.is_pending());
}

}  // namespace login_test
