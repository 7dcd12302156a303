#include "emit/report.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "common/explain.hpp"

namespace report_test {

using namespace socketio::cli;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

Tally tally_of(std::initializer_list<int> receivers) {
  Tally tally;
  for (const int count : receivers) {
    tally.receivers.add(count);
  }
  return tally;
}

Options batch() {
  Options options;
  options.input = "-";
  return options;
}

}  // namespace

TEST_CASE("report: the summary in JSON has exactly these members") {
  Tally tally = tally_of({0, 3, 4});
  tally.failed = 2;
  tally.unconfirmed = 1;
  CHECK(report::summary_json(tally, {}) ==
        R"({"sent":3,"failed":2,"unconfirmed":1,"no_receivers":1,"receivers_min":0,"receivers_median":3})");
  CHECK(report::summary_json(tally_of({1, 2}), {}) ==
        R"({"sent":2,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":1,"receivers_median":1.5})");
  CHECK(report::summary_json({}, {}) ==
        R"({"sent":0,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":null,"receivers_median":null})");
}

TEST_CASE("report: of a batch the summary has how many emits reached how many servers, and which reached fewer than before") {
  Tally tally = tally_of({1, 2, 2, 300});
  tally.fewer = 1;
  tally.selected_nobody = 4;
  CHECK(report::summary_json(tally, batch()) ==
        R"({"sent":4,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":1,"receivers_median":2,)"
        R"("receivers":{"1":1,"2":2,"300":1},"reached_fewer":1,"selected_nobody":4})");
  CHECK(report::status(tally, batch(), Halt::none, 0) == ExitStatus::incomplete);
  CHECK(report::summary_text(tally, batch(), 1s) ==
        "sent 4, 4 for nobody (an empty list of rooms), reached at least 1 server, in the median 2: 1 reached 1 server, 2 "
        "reached 2 "
        "servers, 1 reached 300 servers (1.0 s, 4 a second)");
}

TEST_CASE("report: the summary for people") {
  CHECK(report::summary_text(tally_of({2}), {}, 1ms) == "sent 1, reached 2 servers");
  Options cluster;
  cluster.redis.topology = socketio::redis::Topology::cluster;
  cluster.transports = {socketio::Transport::classic};
  CHECK(report::summary_text(tally_of({2}), cluster, 1ms) ==
        "sent 1, handed to all nodes of the Redis Cluster, of which one counted its own servers: 2");
  CHECK(report::summary_text(tally_of({0, 3, 2}), cluster, 1ms) ==
        "sent 3, handed to all nodes of the Redis Cluster, of which one counted its own servers: at least 0, in the median 2");
  CHECK(report::summary_json(tally_of({2}), cluster).ends_with(",\"receivers_of_one_node\":true}"));
  CHECK(json::parse(report::summary_json(tally_of({0}), cluster))["no_receivers"].is_null());
  cluster.transports = {socketio::Transport::sharded};
  CHECK(report::summary_text(tally_of({2}), cluster, 1ms) == "sent 1, reached 2 servers");
  CHECK(report::summary_text(tally_of({1}), {}, 1ms) == "sent 1, reached 1 server");
  CHECK(report::summary_text(tally_of({0}), {}, 1ms) ==
        "sent 1, reached no server (none listens with the key \"socket.io\" on this Redis, namespace /)");
  CHECK(report::summary_text(tally_of({2, 2}), batch(), 2s) == "sent 2, reached 2 servers each (2.0 s, 1 a second)");
  CHECK(report::summary_text(tally_of({0, 3, 3}), batch(), 1s) ==
        "sent 3, reached in the median 3: 1 reached no server, 2 reached 3 servers (1.0 s, 3 a second)");
  CHECK(report::summary_text(tally_of({1, 2, 2}), batch(), 1s) ==
        "sent 3, reached at least 1 server, in the median 2: 1 reached 1 server, 2 reached 2 servers (1.0 s, 3 a second)");
  Tally trouble;
  trouble.failed = 1'234;
  trouble.unconfirmed = 5;
  CHECK(report::summary_text(trouble, batch(), 1s) ==
        "sent 0, failed 1,234, unconfirmed 5 (may have arrived; not sent again) (1.0 s, 0 a second)");
}

TEST_CASE("report: what went into a stream is sent, and no number is made up for who got it") {
  Tally stream;
  stream.receivers_unknown = 2;
  CHECK(stream.sent() == 2);
  CHECK(
      report::summary_json(stream, {}) ==
      R"({"sent":2,"failed":0,"unconfirmed":0,"no_receivers":null,"receivers_min":null,"receivers_median":null,"receivers_unknown":2})");
  CHECK(report::summary_text(stream, {}, 1ms) == "sent 2, into a stream, which does not tell who reads it");
  Tally mixed = tally_of({2});
  mixed.receivers_unknown = 3;
  CHECK(
      report::summary_json(mixed, {}) ==
      R"({"sent":4,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":2,"receivers_median":2,"receivers_unknown":3})");
  CHECK(report::summary_text(mixed, {}, 1ms) ==
        "sent 4, 3 of them into a stream, which does not tell who reads it; the others reached 2 servers");
}

TEST_CASE("report: progress shows emits, rate, time, and the share where it is known") {
  CHECK(report::progress_text(12'345, 2s, 0.456) == "12,345 emits, 6,172/s, 2.0 s, 45%");
  CHECK(report::progress_text(0, 0s, {}) == "0 emits, 0/s, 0.0 s");
}

TEST_CASE("report: the exit status, the most important one first") {
  const Options options = batch();
  Options two_required = batch();
  two_required.require_receivers = 2;
  Tally failed = tally_of({1});
  failed.failed = failed.refused = 1;
  Tally only_refused;
  only_refused.failed = only_refused.refused = 1;
  Tally unconfirmed;
  unconfirmed.unconfirmed = 1;

  CHECK(report::status(tally_of({0}), options, Halt::none, 0) == ExitStatus::ok);
  CHECK(report::status({}, options, Halt::none, 0) == ExitStatus::ok);
  CHECK(report::status(failed, two_required, Halt::signal, 2) == ExitStatus::interrupted);
  CHECK(report::status(failed, two_required, Halt::signal, 15) == ExitStatus::terminated);
  CHECK(report::status(failed, two_required, Halt::bad_line, 0) == ExitStatus::usage);
  CHECK(report::status(failed, two_required, Halt::read_error, 0) == ExitStatus::usage);
  CHECK(report::status(only_refused, options, Halt::refused, 0) == ExitStatus::refused);
  CHECK(report::status(failed, options, Halt::refused, 0) == ExitStatus::incomplete);
  CHECK(report::status({}, options, Halt::lost, 0) == ExitStatus::refused);
  CHECK(report::status(unconfirmed, options, Halt::lost, 0) == ExitStatus::incomplete);
  CHECK(report::status(unconfirmed, options, Halt::none, 0) == ExitStatus::incomplete);
  CHECK(report::status(tally_of({1}), options, Halt::checkpoint, 0) == ExitStatus::incomplete);
  CHECK(report::status(failed, two_required, Halt::none, 0) == ExitStatus::incomplete);
  CHECK(report::status(tally_of({2, 1}), two_required, Halt::none, 0) == ExitStatus::too_few);
  CHECK(report::status(tally_of({2, 2}), two_required, Halt::none, 0) == ExitStatus::ok);
}

TEST_CASE("explain: a missing permission names the rule that grants it") {
  const std::string channel_error = "NOPERM this user has no permissions to access one of the channels used as arguments";
  Options options;
  CHECK(explain::refusal(channel_error, options, Op::emit, "socket.io#/#kitchen#") ==
        "Redis does not allow the user \"default\" to publish to the channel socket.io#/#kitchen#. Grant it with: ACL SETUSER "
        "default "
        "'&socket.io#*'");
  options.redis.username = "app";
  options.key = "k";
  CHECK(explain::refusal(channel_error, options, Op::join, "") ==
        "Redis does not allow the user \"app\" to publish to the channels k-request#*. Grant it with: ACL SETUSER app "
        "'&k-request#*'");
  CHECK(explain::refusal("NOPERM this user has no permissions to run the 'publish' command", options, Op::emit, "") ==
        "Redis does not allow the user \"app\" to run PUBLISH. Grant it with: ACL SETUSER app +publish");
  CHECK(explain::refusal("NOPERM this user has no permissions to run the 'xadd' command", options, Op::emit, "") ==
        "Redis does not allow the user \"app\" to run XADD. Grant it with: ACL SETUSER app +xadd");
  options.transports = {socketio::Transport::streams};
  options.stream_count = 4;
  CHECK(explain::refusal("NOPERM this user has no permissions to access one of the keys used as arguments", options, Op::emit,
                         "socket.io-3") ==
        "Redis does not allow the user \"app\" to add to the stream \"socket.io\". Grant it with: ACL SETUSER app "
        "'~socket.io-*'");
  options.transports = {socketio::Transport::sharded};
  CHECK(explain::refusal(channel_error, options, Op::join, "") ==
        "Redis does not allow the user \"app\" to publish to the channels k#*. Grant it with: ACL SETUSER app '&k#*'");
}

TEST_CASE("explain: passwords and connections") {
  Options options;
  const std::string hint = "Give user and password with --user and --password-file, in SOCKETIO_REDIS_PASSWORD, or in the URL.";
  CHECK(explain::refusal("NOAUTH Authentication required.", options, Op::emit, "") ==
        "Redis at redis://127.0.0.1:6379 asks for a password. " + hint);
  CHECK(explain::refusal("OOM command not allowed", options, Op::emit, "") == "Redis refused it: OOM command not allowed");
  CHECK(explain::no_connection("Redis at x refused the password (WRONGPASS ...).", options) ==
        "Redis at x refused the password (WRONGPASS ...). " + hint);
  CHECK(explain::no_connection("Redis did not answer in time.", options) ==
        "Redis did not answer in time. (redis://127.0.0.1:6379) Look whether Redis runs there, or name another one with "
        "--redis URL.");
  for (const char* error :
       {"Redis at redis://127.0.0.1:6379 is not part of a cluster: the URL must begin with redis:// or rediss://.",
        "What answers at redis://127.0.0.1:6379 does not speak as Redis does: a reply that is none.",
        "Redis at redis://127.0.0.1:6379 refused SSUBSCRIBE: ERR unknown command 'SSUBSCRIBE'"}) {
    CHECK(explain::no_connection(error, options) == error);
    CHECK(explain::not_asked(error, options) == error);
  }
  CHECK(explain::no_connection("Redis at redis://127.0.0.1:6379 refused the connection: nothing listens there.", options)
            .ends_with("Start Redis there, or name another one with --redis URL."));
}

}  // namespace report_test
