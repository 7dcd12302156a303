// The Redis client by TLS, in front of a real redis-server with a certificate.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include <socketio/common/error.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/redis/client.hpp>
#include <support/authority.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace redis_tls_test {

using namespace socketio;
using recorders::contains;
using redis::Outcome;
using redis::State;

namespace {

/// A redis-server that accepts only TLS, with that certificate.
struct TlsRedis {
  explicit TlsRedis(const std::string& certificate = "server", bool asks_for_clients = false)
      : server({"--tls-cert-file", support::authority().file(certificate + ".pem"), "--tls-key-file",
                support::authority().file(certificate + ".key"), "--tls-ca-cert-file", support::authority().file("ca.pem"),
                "--tls-auth-clients", asks_for_clients ? "yes" : "no"},
               support::RedisServer::Listen::tls) {}

  [[nodiscard]] redis::Options options() const {
    redis::Options options = redis::parse_url("rediss://127.0.0.1:" + std::to_string(server.port()));
    options.tls_ca = support::authority().file("ca.pem");
    return options;
  }

  support::RedisServer server;
};

/// Error of the first attempt to connect; empty when it succeeds.
std::string attempt(redis::Options options) {
  options.client_name = "test";  // so that a command is sent, and gets a reply
  Loop loop;
  std::string why;
  {
    redis::Client client(loop, options);
    client.connect();
    loop.run_until([&] { return client.state() == State::ready || client.counters().failed_attempts > 0; },
                   std::chrono::seconds(10));
    why = client.state() == State::ready ? "" : client.last_error();
    bool closed = false;
    client.close(std::chrono::milliseconds(0), [&closed] { closed = true; });
    loop.run_until([&closed] { return closed; }, std::chrono::seconds(5));
  }
  return why;
}

}  // namespace

TEST_CASE("redis tls: commands, publishes and subscriptions, large ones too") {
  const TlsRedis redis;
  Loop loop;
  redis::Client client(loop, redis.options());
  client.connect();
  const std::string large(3'000'000, 'x');
  std::optional<std::string> got;
  const std::array<std::string_view, 3> set{"SET", "large", large};
  client.command(set, [](const redis::CommandResult& result) { CHECK(result.outcome == Outcome::ok); });
  const std::array<std::string_view, 2> get{"GET", "large"};
  client.command(get, [&got](redis::CommandResult result) { got = result.reply.text; });
  REQUIRE(loop.run_until([&got] { return got.has_value(); }, std::chrono::seconds(20)));
  CHECK(*got == large);
}

TEST_CASE("redis tls: a server that asks for a certificate gets ours") {
  const TlsRedis redis("server", true);
  redis::Options options = redis.options();
  CHECK(contains(attempt(options), "asks for a certificate of ours"));
  options.tls_insecure = true;
  CHECK(contains(attempt(options), "asks for a certificate of ours"));
  options.tls_insecure = false;
  options.tls_certificate = support::authority().file("client.pem");
  options.tls_key = support::authority().file("client.key");
  CHECK(attempt(options).empty());
}

TEST_CASE("redis tls: what is wrong is said in a sentence") {
  const TlsRedis redis;
  redis::Options options = redis.options();
  CHECK(attempt(options).empty());

  options.tls_ca = support::authority().file("client.pem");  // a certificate that has signed nothing
  CHECK(contains(attempt(options), "is not accepted"));
  options.tls_insecure = true;
  CHECK(attempt(options).empty());

  options = redis.options();
  options.tls_server_name = "other.example";
  CHECK(contains(attempt(options), "Connect by the name that the certificate is for"));

  options = redis.options();
  options.tls_ca = support::authority().file("no-such-file.pem");
  CHECK_THROWS_WITH_AS(attempt(options), doctest::Contains("no-such-file.pem"), Error);

  const TlsRedis expired("expired");
  CHECK(contains(attempt(expired.options()), "expired"));
  const TlsRedis elsewhere("elsewhere");
  CHECK(contains(attempt(elsewhere.options()), "Connect by the name"));
}

TEST_CASE("redis tls: a plain port for a TLS URL, and the reverse, are told apart") {
  const support::RedisServer plain;
  redis::Options options = redis::parse_url("rediss://127.0.0.1:" + std::to_string(plain.port()));
  options.tls_ca = support::authority().file("ca.pem");
  options.connect_timeout = std::chrono::milliseconds(500);
  CHECK(contains(attempt(options), "does not speak TLS"));  // Redis waits for more bytes

  const TlsRedis redis;
  redis::Options without = redis.options();
  without.tls = false;
  CHECK(contains(attempt(without), "rediss://"));
}

TEST_CASE("redis tls: a node of a cluster is reached as the cluster announces it") {
  const auto file = [](const char* name) { return support::authority().file(name); };
  const support::RedisServer node(
      {"--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key"), "--tls-ca-cert-file", file("ca.pem"),
       "--tls-auth-clients", "no", "--tls-cluster", "yes", "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"},
      support::RedisServer::Listen::tls);
  REQUIRE(node.ask({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}) == "+OK");
  Loop loop;
  redis::Options options = redis::parse_url("rediss+cluster://127.0.0.1:" + std::to_string(node.port()));
  options.tls_ca = file("ca.pem");
  redis::Client client(loop, options);
  client.connect();
  std::optional<redis::CommandResult> result;
  const std::array<std::string_view, 3> set{"SET", "key", "value"};
  client.command(set, [&result](redis::CommandResult answer) { result = std::move(answer); });
  REQUIRE(loop.run_until([&result] { return result.has_value(); }, std::chrono::seconds(20)));
  CHECK(result->outcome == Outcome::ok);
}

}  // namespace redis_tls_test
