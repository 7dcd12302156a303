#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/redis/client.hpp>
#include <socketio/redis/options.hpp>

namespace url_test {

using socketio::Error;
using socketio::ErrorCode;
using socketio::redis::describe;
using socketio::redis::Endpoint;
using socketio::redis::Options;
using socketio::redis::parse_url;
using socketio::redis::Topology;

namespace {

struct Good {
  std::string url;
  std::string host;
  std::uint16_t port;
  std::string user;
  std::string password;
  std::uint32_t database;
};

struct GoodUnix {
  std::string url;
  std::string path;
  std::string password;
  std::uint32_t database;
};

struct GoodMany {
  std::string url;
  Topology topology;
  std::vector<Endpoint> endpoints;
  std::string master;
  std::string password;
  std::uint32_t database;
  std::string described;
};

std::string many_hosts(std::size_t count) {
  std::string hosts = "h";
  for (; count > 1; --count) {
    hosts += ",h";
  }
  return hosts;
}

}  // namespace

TEST_CASE("url: everything a redis:// URL can say is read") {
  const Good table[] = {
      {"redis://127.0.0.1:6379", "127.0.0.1", 6379, "", "", 0},
      {"redis://", "127.0.0.1", 6379, "", "", 0},
      {"redis://redis.example.org", "redis.example.org", 6379, "", "", 0},
      {"REDIS://Redis_1:7000/", "Redis_1", 7000, "", "", 0},
      {"redis://host/15", "host", 6379, "", "", 15},
      {"redis://host:1/2147483647", "host", 1, "", "", 2147483647},
      {"redis://:secret@host", "host", 6379, "", "secret", 0},
      {"redis://user:secret@host:65535/3", "host", 65535, "user", "secret", 3},
      {"redis://user@host", "host", 6379, "user", "", 0},
      {"redis://user:@host", "host", 6379, "user", "", 0},
      {"redis://:@host", "host", 6379, "", "", 0},
      {"redis://:@:6380", "127.0.0.1", 6380, "", "", 0},
      {"redis://u%40x:p%2Fa%3As%25s%23@host", "host", 6379, "u@x", "p/a:s%s#", 0},
      {"redis://:a:b@c@host", "host", 6379, "", "a:b@c", 0},
      {"redis://:%00%ff@host", "host", 6379, "", std::string("\0\xff", 2), 0},
      {"redis://[::1]", "::1", 6379, "", "", 0},
      {"redis://[::1]:6380/4", "::1", 6380, "", "", 4},
      {"redis://:x@[fe80::1%eth0]:6380", "fe80::1%eth0", 6380, "", "x", 0},
      {"redis://[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 6379, "", "", 0},
      {"redis://m\xc3\xbcller.example", "m\xc3\xbcller.example", 6379, "", "", 0},
  };
  for (const Good& row : table) {
    CAPTURE(row.url);
    const Options options = parse_url(row.url);
    CHECK(options.host == row.host);
    CHECK(options.port == row.port);
    CHECK(options.username == row.user);
    CHECK(options.password == row.password);
    CHECK(options.database == row.database);
    CHECK(options.unix_path.empty());
  }
}

TEST_CASE("url: everything a unix:// URL can say is read") {
  const GoodUnix table[] = {
      {"unix:///run/redis.sock", "/run/redis.sock", "", 0},
      {"unix:///run/redis.sock?db=7", "/run/redis.sock", "", 7},
      {"unix://:secret@/run/redis.sock?db=0", "/run/redis.sock", "secret", 0},
      {"unix:///a%20b%3F.sock", "/a b?.sock", "", 0},
  };
  for (const GoodUnix& row : table) {
    CAPTURE(row.url);
    const Options options = parse_url(row.url);
    CHECK(options.unix_path == row.path);
    CHECK(options.password == row.password);
    CHECK(options.database == row.database);
  }
}

TEST_CASE("url: what is no Redis URL is refused, and no sentence repeats the password") {
  const std::string table[] = {
      "",
      "host:6379",
      "localhost",
      "http://host",
      "redis:/host",
      "redis:host",
      "redis://:hunter2@ho st",
      " redis://host",
      "redis://host ",
      "redis://host\n",
      "redis://host:",
      "redis://host:0",
      "redis://host:65536",
      "redis://host:-1",
      "redis://host:+1",
      "redis://host:6379x",
      "redis://host:99999999999999999999",
      "redis://a:b:c",
      "redis://::1",
      "redis://[::1",
      "redis://[]",
      "redis://[nonsense]",
      "redis://[1.2.3.4]",
      "redis://[::1]6379",
      "redis://[::1]:",
      "redis://host/x",
      "redis://host/1x",
      "redis://host/1/",
      "redis://host/-1",
      "redis://host/2147483648",
      "redis://host/99999999999999999999",
      "redis://host?db=1",
      "redis://host/1?x=y",
      "redis://host#f",
      "redis://ho<st",
      "redis://:hunter2%@host",
      "redis://:hunter2%4@host",
      "redis://:hunter2%zz@host",
      "redis://:hunter2/x@host",
      "redis://:hunter2#x@host",
      "redis://:hunter2?x@host",
      "redis://hunter2:x",
      "redis://:hunter2@host:port",
      "unix://",
      "unix:///",
      "unix://run/redis.sock",
      "unix:///run/redis.sock?x=1",
      "unix:///run/redis.sock?db=",
      "unix:///run/redis.sock?db=1&db=2",
      "unix:///run/a%00b",
      "unix:///" + std::string(107, 'x'),
      "redis://h1:1,h2:2",
      "redis+sentinel://",
      "redis+sentinel://h",
      "redis+sentinel://h/",
      "redis+sentinel://h//0",
      "redis+sentinel://,h/name",
      "redis+sentinel://h,/name",
      "redis+sentinel://h,,h/name",
      "redis+sentinel://h:0,g/name",
      "redis+sentinel://h:26379:1/name",
      "redis+sentinel://[::1,g/name",
      "redis+sentinel://h g/name",
      "redis+sentinel://h/na%zzme",
      "redis+sentinel://h/na%00me",
      "redis+sentinel://h/na%20me",
      "redis+sentinel://h/name/x",
      "redis+sentinel://h/name/1/2",
      "redis+sentinel://h/name?db=1",
      "redis+sentinel://h?db=1",
      "redis+sentinel://h/name#f",
      "redis+sentinel://:hunter2/x@h/name",
      "redis+sentinel://:hunter2@h,hunter2:x/name",
      "rediss+sentinel://h",
      "redis+cluster://h/1",
      "redis+cluster://h/x",
      "redis+cluster://h/0/0",
      "redis+cluster://h?x=1",
      "redis+cluster://h#f",
      "redis+cluster://h,",
      "redis+cluster://:hunter2@h:port,g",
      "redis+cluster://" + many_hosts(1'001),
      "redisss://h",
      "redis+://h",
      "redis+ring://h",
      "redissentinel://h",
      "unix+sentinel:///run/redis.sock",
  };
  for (const std::string& url : table) {
    CAPTURE(url);
    try {
      static_cast<void>(parse_url(url));
      FAIL("it was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_url);
      CHECK(std::string(error.what()).find("hunter2") == std::string::npos);
    }
  }
}

TEST_CASE("url: sentinels and clusters name their hosts with commas between") {
  const auto sentinel = Topology::sentinel;
  const auto cluster = Topology::cluster;
  const GoodMany table[] = {
      {"redis+sentinel://h/orders", sentinel, {{"h", 26379}}, "orders", "", 0, "redis+sentinel://h:26379/orders"},
      {"redis+sentinel:///orders",
       sentinel,
       {{"127.0.0.1", 26379}},
       "orders",
       "",
       0,
       "redis+sentinel://127.0.0.1:26379/orders"},
      {"Redis+Sentinel://u:p@h1:1,h2,[::1]:3,[::2]/My-master.1/",
       sentinel,
       {{"h1", 1}, {"h2", 26379}, {"::1", 3}, {"::2", 26379}},
       "My-master.1",
       "p",
       0,
       "redis+sentinel://h1:1,h2:26379,[::1]:3,[::2]:26379/My-master.1"},
      {"redis+sentinel://:p,q@h,g:7/a%2fb/12",
       sentinel,
       {{"h", 26379}, {"g", 7}},
       "a/b",
       "p,q",
       12,
       "redis+sentinel://h:26379,g:7/a/b/12"},
      {"redis+cluster://", cluster, {{"127.0.0.1", 6379}}, "", "", 0, "redis+cluster://127.0.0.1:6379"},
      {"redis+cluster://h1,h2:7001/", cluster, {{"h1", 6379}, {"h2", 7001}}, "", "", 0, "redis+cluster://h1:6379,h2:7001"},
      {"redis+cluster://u:p@[::1]:7000,:7001/0",
       cluster,
       {{"::1", 7000}, {"127.0.0.1", 7001}},
       "",
       "p",
       0,
       "redis+cluster://[::1]:7000,127.0.0.1:7001"},
  };
  for (const GoodMany& row : table) {
    CAPTURE(row.url);
    const Options options = parse_url(row.url);
    CHECK(options.topology == row.topology);
    CHECK((options.endpoints == row.endpoints));
    CHECK(options.master_name == row.master);
    CHECK(options.password == row.password);
    CHECK(options.database == row.database);
    CHECK_FALSE(options.tls);
    CHECK(describe(options) == row.described);
  }
  CHECK(parse_url("redis+cluster://" + many_hosts(1'000)).endpoints.size() == 1'000);
}

TEST_CASE("url: a list of hosts by TLS, too") {
  const Options sentinel = parse_url("rediss+sentinel://h/orders");
  CHECK(sentinel.tls);
  CHECK(describe(sentinel) == "rediss+sentinel://h:26379/orders");
  const Options cluster = parse_url("REDISS+cluster://h");
  CHECK(cluster.tls);
  CHECK(describe(cluster) == "rediss+cluster://h:6379");
}

TEST_CASE("url: describe() says where without saying who") {
  CHECK(describe(parse_url("redis://user:secret@host:7000")) == "redis://host:7000");
  CHECK(describe(parse_url("redis://[::1]/2")) == "redis://[::1]:6379/2");
  CHECK(describe(parse_url("unix://user:secret@/run/redis.sock")) == "unix:///run/redis.sock");
  CHECK(describe(parse_url("unix:///run/redis.sock?db=3")) == "unix:///run/redis.sock?db=3");
}

TEST_CASE("url: rediss is redis by TLS") {
  const Options options = parse_url("rediss://user:secret@host:7000/2");
  CHECK(options.tls);
  CHECK(options.host == "host");
  CHECK(options.port == 7000);
  CHECK(options.database == 2);
  CHECK(describe(options) == "rediss://host:7000/2");
  CHECK(parse_url("RedisS://h").tls);
  CHECK_FALSE(parse_url("redis://h").tls);
}

}  // namespace url_test
