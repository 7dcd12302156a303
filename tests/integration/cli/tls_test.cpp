#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include <support/authority.hpp>
#include <support/redis_server.hpp>

#include "tool.hpp"

namespace tls_test {

using namespace support;

namespace {

Words certificate(const std::string& name, const char* clients) {
  return {"--tls-cert-file",    authority().file(name + ".pem"), "--tls-key-file",     authority().file(name + ".key"),
          "--tls-ca-cert-file", authority().file("ca.pem"),      "--tls-auth-clients", clients};
}

std::string tls_url(const RedisServer& server) { return "rediss://127.0.0.1:" + std::to_string(server.port()); }

}  // namespace

TEST_CASE("tls: the tools speak it, and say in a sentence what is wrong") {
  const RedisServer redis(certificate("server", "no"), RedisServer::Listen::tls);
  const std::string url = tls_url(redis);
  const std::string ca = authority().file("ca.pem");
  CHECK(emit({"-r", url, "--tls-ca", ca, "chat"}).status == 0);
  CHECK(emit({"-r", url, "--tls-insecure", "chat"}).status == 0);

  const Ended untrusted = emit({"-r", url, "chat"});
  CHECK(untrusted.status == 2);
  CHECK(untrusted.says("--tls-ca"));
  CHECK_FALSE(untrusted.says("Start Redis there"));
  const Ended plain = emit({"-r", "redis" + url.substr(6), "chat"});
  CHECK(plain.status == 2);  // nothing can have been accepted
  CHECK(plain.says("speaks TLS on that port"));
  CHECK(plain.says("the URL must begin with rediss://."));
  for (const bool batch : {false, true}) {  // no query is sent before the emits
    Words words{"-r", "redis" + url.substr(6), "--transport", "classic", "--force-transport"};
    const Words what = batch ? Words{"--input", "-"} : Words{"chat"};
    words.insert(words.end(), what.begin(), what.end());
    const Ended forced = emit(words, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n");
    CHECK(forced.status == 2);
    CHECK(forced.says("speaks TLS on that port"));
    CHECK_FALSE(forced.says("may have arrived"));
    CHECK(forced.out.empty());
  }
  CHECK(redis.ask({"PING"}) == "+PONG");

  const RedisServer expired(certificate("expired", "no"), RedisServer::Listen::tls);
  const Ended late = emit({"-r", tls_url(expired), "--tls-ca", ca, "chat"});
  CHECK(late.status == 2);
  CHECK(late.says("expired"));
  const RedisServer elsewhere(certificate("elsewhere", "no"), RedisServer::Listen::tls);
  const Ended other = emit({"-r", tls_url(elsewhere), "--tls-ca", ca, "chat"});
  CHECK(other.status == 2);
  CHECK(other.says("Connect by the name that the certificate is for."));
  const RedisServer without;
  const Ended no_tls = emit({"-r", tls_url(without), "--tls-ca", ca, "--timeout", "500ms", "chat"});
  CHECK(no_tls.status == 2);
  CHECK(no_tls.says("does not speak TLS on that port"));
}

TEST_CASE("tls: a server that asks for a certificate gets that of --tls-cert, from both tools") {
  const RedisServer redis(certificate("server", "yes"), RedisServer::Listen::tls);
  const Words where = {"-r", tls_url(redis), "--tls-ca", authority().file("ca.pem")};
  Words arguments = where;
  arguments.emplace_back("chat");
  const Ended none = emit(arguments);
  CHECK(none.status == 2);
  CHECK(none.says("--tls-cert"));

  Words with = where;
  with.insert(with.end(), {"--tls-cert", authority().file("client.pem"), "--tls-key", authority().file("client.key")});
  Words tap_arguments = with;
  tap_arguments.insert(tap_arguments.begin(), "tap");
  tap_arguments.insert(tap_arguments.end(), {"--limit", "1", "-o", "json"});
  Surroundings fleet;
  fleet.tool = "SOCKETIO_FLEET";
  Tool tap(tap_arguments, fleet);
  arguments = with;
  arguments.emplace_back("chat");
  REQUIRE(eventually([&] { return emit(arguments).status == 0 && !tap.running(); }, std::chrono::seconds(30)));
  const Ended ended = tap.wait();
  CHECK(ended.status == 0);
  CHECK(ended.out.find("chat") != std::string::npos);
}

}  // namespace tls_test
