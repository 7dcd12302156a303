#include <doctest/doctest.h>
#include <signal.h>

#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace single_test {

using namespace support;
using nlohmann::json;

TEST_CASE("single: an event is published once, and the summary tells how many servers got it") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Ended ended = emit({"-r", redis.url(), "-t", "kitchen", "order", "42", "\"tea\""});
  CHECK(ended.status == 0);
  CHECK(ended.err == "");
  CHECK(ended.out ==
        "{\"sent\":1,\"failed\":0,\"unconfirmed\":0,\"no_receivers\":0,\"receivers_min\":1,\"receivers_median\":1}\n");
  REQUIRE(server.has(1));
  CHECK(server.channels() == Words{"socket.io#/#kitchen#"});
  CHECK(server.payloads()[0].find("order") != std::string::npos);
}

TEST_CASE("single: text for people goes to standard error, quiet says nothing") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Ended text = emit({"-r", redis.unix_url(), "-o", "text", "chat"});
  CHECK(text.out == "");
  CHECK(text.err == "socketio-emit: sent 1, reached 1 server\n");
  const Ended quiet = emit({"-r", redis.url(), "-o", "quiet", "chat"});
  CHECK(quiet.status == 0);
  CHECK(quiet.out + quiet.err == "");
}

TEST_CASE("single: fewer servers than required is status 4") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  CHECK(emit({"-r", redis.url(), "--require-receivers", "1", "chat"}).status == 0);
  const Ended ended = emit({"-r", redis.url(), "--require-receivers", "2", "chat"});
  CHECK(ended.status == 4);
  CHECK(ended.says("1 emit reached fewer than 2 servers."));
  CHECK(ended.summary()["sent"] == 1);
}

TEST_CASE("single: a Redis that is not there is status 2, with its address and what to do") {
  std::string url;
  {
    const RedisServer gone;
    url = gone.url();
  }
  const Ended refused = emit({"-r", url, "chat"});
  CHECK(refused.status == 2);
  CHECK(refused.says(url));
  CHECK(refused.says("--redis"));
  CHECK(refused.out == "");
  const Ended no_socket = emit({"-r", "unix:///nowhere/redis.sock", "chat"});
  CHECK(no_socket.status == 2);
  CHECK(no_socket.says("/nowhere/redis.sock"));
}

TEST_CASE("single: wrong, missing and right passwords; none is ever printed") {
  const RedisServer redis({"--requirepass", "top-secret"});
  const std::string address = "127.0.0.1:" + std::to_string(redis.port());
  for (const char* verbose : {"--verbose", "--volatile"}) {
    const Ended wrong = emit({"-r", "redis://:wr0ng-one@" + address, verbose, "chat"});
    CHECK(wrong.status == 2);
    CHECK(wrong.says("--password-file"));
    CHECK_FALSE(wrong.says("wr0ng-one"));
    const Ended missing = emit({"-r", redis.url(), verbose, "chat"});
    CHECK(missing.status == 2);
    CHECK(missing.says("asks for a password"));
    CHECK_FALSE(missing.says("Sent as classic"));
    const Ended right = emit({"-r", redis.url(), verbose, "chat"}, "", {{"SOCKETIO_REDIS_PASSWORD=top-secret"}});
    CHECK(right.status == 0);
    CHECK_FALSE(right.says("top-secret"));
  }
}

TEST_CASE("single: a missing permission is status 2, and the sentence grants it") {
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels"}).starts_with("+OK"));
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=pw"}};
  const Ended ended = emit({"-r", redis.url(), "--user", "app", "-t", "kitchen", "chat"}, "", password);
  CHECK(ended.status == 2);
  CHECK(ended.says("socket.io#/#kitchen#"));
  CHECK(ended.says("ACL SETUSER app '&socket.io#*'"));
  CHECK(ended.summary()["failed"] == 1);
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "&socket.io#*"}).starts_with("+OK"));
  CHECK(emit({"-r", redis.url(), "--user", "app", "-t", "kitchen", "chat"}, "", password).status == 0);
  const Ended request = emit({"-r", redis.url(), "--user", "app", "--join", "a"}, "", password);
  CHECK(request.status == 2);
  CHECK(request.says("'&socket.io-request#*'"));
}

TEST_CASE("single: a Redis that takes the emit and does not answer leaves it unconfirmed, status 3") {
  const RedisServer redis;
  const Words words{"-r", redis.url(), "--transport", "classic", "--force-transport", "--timeout", "300ms", "chat"};
  REQUIRE(redis.ask({"CLIENT", "PAUSE", "60000", "WRITE"}) == "+OK");  // publishes wait, other commands get replies
  const Ended ended = emit(words);
  CHECK(ended.status == 3);
  CHECK(ended.summary()["unconfirmed"] == 1);
  CHECK(ended.says("unconfirmed"));
  ::kill(redis.pid(), SIGSTOP);
  const Ended silent = emit(words);
  ::kill(redis.pid(), SIGCONT);
  CHECK(silent.status == 2);  // nothing is published without a reply to PING
  CHECK_FALSE(silent.says("unconfirmed"));
}

TEST_CASE("single: bad input is found before Redis is asked for") {
  for (const Words& arguments :
       {Words{"connect"}, Words{"chat", "hello"}, Words{"chat", "@/nowhere/f"}, Words{"--server-side", "error"},
        Words{"--rooom", "x", "chat"}, Words{"chat", std::string(600, '[') + std::string(600, ']')}}) {
    CAPTURE(arguments.front());
    Words words{"-r", "unix:///nowhere/redis.sock"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Ended ended = emit(words);
    CHECK(ended.status == 1);
    CHECK(ended.err.starts_with("socketio-emit: "));
    CHECK_FALSE(ended.says("nowhere/redis.sock"));
    CHECK(ended.out == "");
  }
}

TEST_CASE("single: an argument from standard input") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  CHECK(emit({"-r", redis.url(), "file", "@-"}, std::string("\x00\x01\xff", 3)).status == 0);
  REQUIRE(server.has(1));
  CHECK(server.payloads()[0].find(std::string("\xc4\x03\x00\x01\xff", 5)) != std::string::npos);
}

TEST_CASE("single: a closed standard output loses the summary, not the emit, and the summary is said elsewhere") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Surroundings no_reader;
  no_reader.no_reader = true;
  const Ended broken = emit({"-r", redis.url(), "chat"}, "", no_reader);
  CHECK(broken.status == 0);
  CHECK(broken.says("Nobody reads standard output any more"));
  CHECK(broken.says("sent 1"));
  Surroundings closed;
  closed.close_output = true;
  const Ended none = emit({"-r", redis.url(), "chat"}, "", closed);
  CHECK(none.status == 0);
  CHECK(none.says("Standard output takes no summary"));
  REQUIRE(server.has(2));
  CHECK(redis.ask({"PING"}) == "+PONG");
}

TEST_CASE("single: a dry run prints the message and touches no Redis") {
  const Ended ended = emit({"-r", "unix:///nowhere/redis.sock", "--dry-run", "-t", "kitchen", "chat", R"({"$binary":"AQI="})"});
  CHECK(ended.status == 0);
  CHECK(ended.summary()["channel"] == "socket.io#/#kitchen#");
  CHECK(ended.summary()["command"] == "PUBLISH");
  CHECK(ended.summary()["message"][1]["data"] == json::parse(R"(["chat",{"$binary":"AQI="}])"));
  CHECK(ended.summary()["hex"].get<std::string>().starts_with("93a7656d6974746572"));
  const Ended text = emit({"--dry-run", "-o", "text", "--join", "a"});
  CHECK(text.out.starts_with("channel  socket.io-request#/#\ncommand  PUBLISH\nmessage  {\"type\":2,"));
}

TEST_CASE("single: a dry run shows names that others wrote without what a terminal would obey") {
  const std::string line = R"({"event":"e","to":["\u001b[31mred\ncommand  FAKE\u202e\u009b"]})";
  const Ended text = emit({"--dry-run", "-o", "text", "--input", "-"}, line);
  CHECK(text.status == 0);
  CHECK(text.out.find('\x1b') == std::string::npos);
  CHECK(text.out.find("\ncommand  FAKE") == std::string::npos);
  CHECK(text.out.find("\u202e") == std::string::npos);
  CHECK(text.out.find("\u009b") == std::string::npos);
  const Ended as_json = emit({"--dry-run", "--input", "-"}, line);
  CHECK(as_json.out.find("\u202e") == std::string::npos);
  CHECK(as_json.summary()["message"][2]["rooms"][0] == "\u001b[31mred\ncommand  FAKE\u202e\u009b");
}

TEST_CASE("single: help, version and usage") {
  const Ended help = emit({"--help"});
  CHECK(help.status == 0);
  CHECK(help.out.find("Examples:") != std::string::npos);
  CHECK(emit({"-V"}).out.starts_with("socketio-emit "));
  const Ended usage = emit({});
  CHECK(usage.status == 1);
  CHECK(usage.err.starts_with("Usage: socketio-emit"));
  CHECK(usage.out == "");
}

TEST_CASE("single: a message above Redis' output limit for subscribers is refused, not lost with all servers' connections") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Ended large = emit({"-r", redis.url(), "photo", "@-"}, std::string(33 << 20, 'x'));
  CHECK(large.status == 1);
  CHECK(large.says("Redis cuts the connections of servers for which it has to keep 33,554,432 (client-output-buffer-limit)"));
  REQUIRE(redis.ask({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 2mb 1mb 60"}) == "+OK");
  CHECK(emit({"-r", redis.url(), "photo", "@-"}, std::string(2 << 20, 'x')).status == 1);
  const Ended batch = emit({"-r", redis.url(), "--input", "-", "--on-error", "skip"},
                           "{\"event\":\"e\",\"args\":[\"" + std::string(2 << 20, 'x') + "\"]}\n{\"event\":\"e\"}\n");
  CHECK(batch.status == 3);
  CHECK(batch.summary()["sent"] == 1);
  REQUIRE(redis.ask({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"}) == "+OK");
  CHECK(emit({"-r", redis.url(), "photo", "@-"}, std::string(33 << 20, 'x')).status == 0);
  CHECK(server.has(2));
}

TEST_CASE("single: limits below a megabyte are kept, and names of rooms count; who may not ask for them gets Redis' own") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 500kb 0 0"});
  const Subscriber server(redis.port());
  CHECK(emit({"-r", redis.url(), "photo", "@-"}, std::string(700'000, 'x')).status == 1);
  Words joins{"-r", redis.url(), "--all"};
  for (int number = 0; number < 1'000; ++number) {
    joins.insert(joins.end(), {"--join", std::string(600, 'r') + std::to_string(number)});
  }
  const Ended rooms = emit(joins);
  CHECK(rooms.status == 1);
  CHECK(rooms.says("client-output-buffer-limit"));
  CHECK(emit({"-r", redis.url(), "photo", "@-"}, std::string(100'000, 'x')).status == 0);
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "-config", "&*"}).starts_with("+OK"));
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=pw"}};
  CHECK(emit({"-r", redis.url(), "--user", "app", "photo", "@-"}, std::string(100'000, 'x'), password).status == 0);
  CHECK(emit({"-r", redis.url(), "--user", "app", "photo", "@-"}, std::string(33 << 20, 'x'), password).status == 1);
  CHECK(server.has(2));
  CHECK(server.count() == 2);
}

TEST_CASE("single: only an emit that may be large asks for limits") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const auto asks = [&redis] { return redis.ask({"INFO", "commandstats"}).find("cmdstat_config") != std::string::npos; };
  CHECK(emit({"-r", redis.url(), "chat"}).status == 0);
  CHECK_FALSE(asks());
  CHECK(emit({"-r", redis.url(), "photo", "@-"}, std::string(100'000, 'x')).status == 0);
  CHECK(asks());
}

TEST_CASE("single: a question above Redis' output limit is refused, by the size that it has on its way") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  for (const bool server_side : {false, true}) {
    CAPTURE(server_side);
    // A server-side event is published as JSON, where a byte of binary takes up to four bytes.
    const Words words{"-r", redis.url(), "--timeout", "2s", "--ack", server_side ? "--server-side" : "--volatile", "big", "@-"};
    const Ended ended = emit(words, std::string(server_side ? 9 << 20 : 33 << 20, '\xff'));
    CHECK(ended.status == 1);
    CHECK(ended.says("client-output-buffer-limit"));
  }
  CHECK(server.count() == 0);
}

}  // namespace single_test
