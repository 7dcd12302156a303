#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "subscriber.hpp"
#include "support/folder.hpp"
#include "support/redis_server.hpp"
#include "support/sanitized.hpp"
#include "support/uninterrupted.hpp"
#include "tool.hpp"

namespace batch_test {

using namespace support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Reads a stream like a server of the streams family, a few entries at a time.
class StreamReader {
 public:
  explicit StreamReader(std::uint16_t port) : thread_([this, port] { run(port); }) {
    REQUIRE(eventually([this] { return asked_.load(); }));
  }
  ~StreamReader() {
    stop_ = true;
    thread_.join();
  }
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;
  [[nodiscard]] int count() const { return count_; }
  /// Sends one more XREAD and does not read the reply.
  void pause() {
    paused_ = true;
    REQUIRE(eventually([this] { return stands_.load(); }));
  }

 private:
  void run(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (support::uninterrupted([&] { return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address); }) == 0) {
      std::string last = "0";
      while (!stop_) {
        if (paused_) {
          const std::string last_question = "XREAD BLOCK 0 STREAMS socket.io " + last + "\r\n";
          stands_ = ::send(fd, last_question.data(), last_question.size(), MSG_NOSIGNAL) > 0;
          while (!stop_) {
            ::poll(nullptr, 0, 5);
          }
          break;
        }
        const std::string answer = ask(fd, "XREAD COUNT 10 BLOCK 200 STREAMS socket.io " + last + "\r\n");
        for (std::size_t at = answer.find("\r\nuid\r\n"); at != std::string::npos; at = answer.find("\r\nuid\r\n", at + 1)) {
          ++count_;
        }
        const std::regex id("[0-9]{13}-[0-9]+");
        for (std::sregex_iterator found(answer.begin(), answer.end(), id), end; found != end; ++found) {
          last = found->str();
        }
        ::poll(nullptr, 0, 2);
      }
    }
    ::close(fd);
  }
  std::string ask(int fd, const std::string& command) {
    std::string answer;
    [[maybe_unused]] const ssize_t sent = ::send(fd, command.data(), command.size(), MSG_NOSIGNAL);
    asked_ = true;
    pollfd watched{fd, POLLIN, 0};
    while (!stop_ && ::poll(&watched, 1, answer.empty() ? 1000 : 10) > 0) {
      char piece[65536];
      const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
      if (count <= 0) {
        break;
      }
      answer.append(piece, static_cast<std::size_t>(count));
    }
    return answer;
  }

  std::atomic<bool> stop_{false};
  std::atomic<bool> asked_{false};
  std::atomic<bool> paused_{false};
  std::atomic<bool> stands_{false};
  std::atomic<int> count_{0};
  std::thread thread_;
};

std::string line(int number) {
  return R"({"event":"e","args":["<)" + std::to_string(number) + R"(>"],"to":["r)" + std::to_string(number % 7) + "\"]}\n";
}

std::string lines(int first, int last) {
  std::string text;
  for (int number = first; number <= last; ++number) {
    text += line(number);
  }
  return text;
}

std::vector<int> sequence(int first, int last) {
  std::vector<int> numbers(static_cast<std::size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

}  // namespace

TEST_CASE("batch: a JSON array, or an object on several lines, is refused with the command that makes lines of it") {
  for (const char* input : {"[{\"event\":\"a\"},{\"event\":\"b\"}]\n", "[{\"event\":\"a\"}]", "[\n  {\"event\":\"a\"}\n]\n"}) {
    const Ended ended = emit({"--dry-run", "--input", "-"}, input);
    CHECK(ended.status == 1);
    CHECK(ended.says("line 1: it is a JSON array; a batch has one JSON object a line, which jq -c '.[]' FILE makes of it."));
  }
  for (const char* input : {"{\n  \"event\": \"a\"\n}\n", "{ \"event\": \"a\",\n  \"args\": [] }\n"}) {
    const Ended ended = emit({"--dry-run", "--input", "-"}, input);
    CHECK(ended.status == 1);
    CHECK(ended.says("; an object must be in one line, which jq -c . FILE makes of it."));
  }
}

TEST_CASE("batch: null for rooms is a bad line, an empty list reaches nobody and is counted, everybody must be asked for") {
  const RedisServer redis;
  const Subscriber fleet(redis.port());
  const std::string lines =
      "{\"event\":\"private\",\"to\":null}\n{\"op\":\"disconnect\",\"to\":[]}\n{\"op\":\"disconnect\"}\n"
      "{\"event\":\"private\",\"to\":[]}\n{\"op\":\"disconnect\",\"all\":true}\n";
  const Ended ended = emit({"-r", redis.url(), "--input", "-", "--on-error", "skip", "--to", "kitchen"}, lines);
  CHECK(ended.status == 3);
  CHECK(ended.says("line 1: \"to\" is null"));
  CHECK(ended.summary()["failed"] == 1);
  CHECK(ended.summary()["selected_nobody"] == 2);
  CHECK(ended.summary()["sent"] == 2);
  REQUIRE(fleet.has(2));
  CHECK(fleet.payloads()[0].find("kitchen") != std::string::npos);
  CHECK(fleet.payloads()[1].find("kitchen") == std::string::npos);
  const Ended text = emit({"-r", redis.url(), "--input", "-", "-o", "text"}, "{\"event\":\"a\",\"to\":[]}\n");
  CHECK(text.status == 0);
  CHECK(text.says("1 for nobody (an empty list of rooms)"));
  const Ended dry = emit({"--dry-run", "--input", "-"}, "{\"event\":\"a\",\"to\":[]}\n");
  CHECK(dry.out == "{\"selected_nobody\":true}\n");
}

TEST_CASE("batch: --all on the command line makes nobody's line no line for everybody") {
  const RedisServer redis;
  const Subscriber fleet(redis.port());
  const std::string lines =
      "{\"event\":\"private\",\"args\":[1],\"to\":[]}\n{\"op\":\"disconnect\",\"to\":[]}\n"
      "{\"op\":\"server-side\",\"event\":\"private\",\"to\":[]}\n{\"event\":\"public\"}\n";
  const Ended ended = emit({"-r", redis.url(), "--input", "-", "--all"}, lines);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["selected_nobody"] == 3);
  CHECK(ended.summary()["sent"] == 1);
  REQUIRE(fleet.has(1));
  CHECK(fleet.count() == 1);
  CHECK(fleet.payloads()[0].find("public") != std::string::npos);
  const Ended dry = emit({"--dry-run", "--input", "-"}, "{\"op\":\"server-side\",\"event\":\"a\",\"to\":[]}\n");
  CHECK(dry.out == "{\"selected_nobody\":true}\n");
}

TEST_CASE("batch: thousands of lines arrive, each once, in order") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Ended ended = emit({"-r", redis.url(), "--input", "-"}, lines(1, 50'000));
  CHECK(ended.status == 0);
  CHECK(
      ended.summary() ==
      json::parse(
          R"({"sent":50000,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":1,"receivers_median":1,"receivers":{"1":50000}})"));
  REQUIRE(server.has(50'000));
  CHECK(server.numbers() == sequence(1, 50'000));
}

TEST_CASE("batch: an empty input is done at once") {
  const RedisServer redis;
  const Ended ended = emit({"-r", redis.url(), "--input", "-"}, "\n\r\n  \n");
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 0);
  CHECK(ended.summary()["receivers_min"].is_null());
}

TEST_CASE("batch: a bad line stops it: what is before is sent, nothing of it or behind it") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::pair<std::string, std::string> cases[] = {
      {"{\"event\":\"c\",}\n", "line 3: it is not JSON: unexpected } at column 14."},
      {"{\"event\":\"connect\"}\n", "line 3: \"connect\" is a reserved event name."},
      {"{\"event\":\"e\",\"args\":[\"" + std::string(3000, 'x') + "\"]}\n",
       "line 3: it is longer than 2K. Raise the limit with --line-max."},
      {"{\"event\":\"e\",\"args\":[1", "line 3: the input ends inside this line (it is not JSON: it ends inside a value)."},
      {"{\"event\":\"e\",\"args\":[\"\xff\"]}\n", "line 3: it is not JSON: a byte that is not UTF-8 at column 23."},
  };
  std::size_t expected = 0;
  for (const auto& one : cases) {
    const auto& [bad, sentence] = one;
    INFO(one.second);
    const bool ends_inside = !bad.ends_with('\n');
    const Ended ended =
        emit({"-r", redis.url(), "--line-max", "2K", "--input", "-"}, line(1) + line(2) + bad + (ends_inside ? "" : line(4)));
    CHECK(ended.status == 1);
    CHECK(ended.says(sentence));
    CHECK(ended.summary()["sent"] == 2);
    CHECK(ended.summary()["failed"] == 1);
    expected += 2;
    REQUIRE(server.has(expected));
    CHECK(server.count() == expected);
  }
}

TEST_CASE("batch: --on-error skip reports bad lines and goes on, status 3") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  std::string input = line(1);
  for (int bad = 0; bad < 30; ++bad) {
    input += "{\"nonsense\":1}\n";
  }
  input += std::string(5000, 'x') + "\n" + line(33) + "{\"event\":";
  const Ended ended = emit({"-r", redis.url(), "--on-error", "skip", "--line-max", "4K", "--input", "-"}, input);
  CHECK(ended.status == 3);
  CHECK(ended.says("line 2: there is no member \"nonsense\" at column 2."));
  CHECK(ended.says("line 21: "));
  CHECK_FALSE(ended.says("line 22: "));
  CHECK(ended.says("... and 12 more lines."));
  CHECK(ended.summary()["sent"] == 2);
  CHECK(ended.summary()["failed"] == 32);
  REQUIRE(server.has(2));
  CHECK(server.numbers() == std::vector<int>{1, 33});
}

TEST_CASE("batch: every operation, with the options as defaults") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string input =
      "{\"event\":\"a\"}\n"
      "{\"op\":\"join\",\"rooms\":[\"x\"]}\n"
      "{\"op\":\"leave\",\"rooms\":[\"x\"],\"all\":true}\n"
      "{\"op\":\"disconnect\",\"close\":true}\n"
      "{\"op\":\"server-side\",\"event\":\"s\",\"nsp\":\"/m\"}\n"
      "{\"event\":\"b\",\"to\":[7]}";
  const Ended ended = emit({"-r", redis.url(), "-n", "n", "-t", "r", "--input", "-"}, input);
  CHECK(ended.status == 0);
  REQUIRE(server.has(6));
  CHECK(server.channels() == Words{"socket.io#/n#r#", "socket.io-request#/n#", "socket.io-request#/n#", "socket.io-request#/n#",
                                   "socket.io-request#/m#", "socket.io#/n#7#"});
  CHECK(json::parse(server.payloads()[1])["opts"]["rooms"] == json::parse(R"(["r"])"));
  CHECK(json::parse(server.payloads()[2])["opts"]["rooms"] == json::parse("[]"));
}

TEST_CASE("batch: --format lines sends each line as one string, and checks the event first") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Ended ended = emit({"-r", redis.url(), "--input", "-", "--format", "lines", "log"}, "<1> a\r\n\n{<2>}\n<3>");
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 3);
  REQUIRE(server.has(3));
  CHECK(server.numbers() == std::vector<int>{1, 2, 3});
  const Ended reserved = emit({"-r", "unix:///nowhere", "--input", "-", "--format", "lines", "disconnect"}, "a\n");
  CHECK(reserved.status == 1);
  CHECK(reserved.says("reserved"));
  const Ended bad = emit({"-r", redis.url(), "--input", "-", "--format", "lines", "log"}, "<4>\nab\xff\n");
  CHECK(bad.status == 1);
  CHECK(bad.says("line 2: a byte that is not UTF-8 at column 3."));
}

TEST_CASE("batch: what comes from a slow pipe is sent at once, by one thread") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--input", "-"});
  for (int number = 1; number <= 5; ++number) {
    tool.write(line(number));
    REQUIRE(server.has(static_cast<std::size_t>(number)));
  }
  tool.write("{\"event\":\"e\",");
  std::ostringstream about;
  about << std::ifstream("/proc/" + std::to_string(tool.pid()) + "/status").rdbuf();
  CHECK(about.str().find("Threads:\t1\n") != std::string::npos);
  tool.write("\"args\":[\"<6>\"]}\n");
  REQUIRE(server.has(6));
  CHECK(tool.wait().status == 0);
}

TEST_CASE("batch: --rate is kept, evenly") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--rate", "200/s", "--input", "-"});
  const auto begin = std::chrono::steady_clock::now();
  tool.write(lines(1, 200));
  tool.close_input();
  REQUIRE(server.has(60));
  const auto early = std::chrono::steady_clock::now() - begin;
  REQUIRE(server.has(200));
  const auto whole = std::chrono::steady_clock::now() - begin;
  CHECK(tool.wait().status == 0);
  CHECK(early >= 250ms);
  CHECK(whole >= 950ms);
}

TEST_CASE("batch: memory stays small, however long the input is") {
  const RedisServer redis;
  Tool tool({"-r", redis.url(), "--input", "-"});
  const std::string one = R"({"event":"e","to":["r"],"args":[")" + std::string(2'000, 'x') + "\"]}\n";
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += one;
  }
  for (int i = 0; i < 1'000; ++i) {
    tool.write(many);
  }
  const Ended ended = tool.wait(120s);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 100'000);
#ifndef SOCKETIO_SANITIZED
  CHECK(ended.peak_kilobytes < 20'000);
#endif
}

TEST_CASE("batch: one long line is sent whole") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string text(5'000'000, 'x');
  const Ended ended = emit({"-r", redis.url(), "--input", "-"}, R"({"event":"e","args":[")" + text + "\"]}\n" + line(2));
  CHECK(ended.status == 0);
  REQUIRE(server.has(2));
  CHECK(server.payloads()[0].find(text) != std::string::npos);
}

TEST_CASE("batch: a channel that is not allowed is named with its line; others go on with skip") {
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels", "&socket.io#/#ok#"}).starts_with("+OK"));
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=pw"}};
  const std::string ok = "{\"event\":\"e\",\"to\":[\"ok\"]}\n";
  const std::string not_ok = "{\"event\":\"e\",\"to\":[\"not-ok\"]}\n";
  const Ended stopped = emit({"-r", redis.url(), "--user", "app", "--input", "-"}, ok + not_ok, password);
  CHECK(stopped.status == 3);
  CHECK(stopped.says("line 2: Redis does not allow the user \"app\""));
  CHECK(stopped.says("ACL SETUSER app '&socket.io#*'"));
  const Ended skipped =
      emit({"-r", redis.url(), "--user", "app", "--on-error", "skip", "--input", "-"}, ok + not_ok + ok, password);
  CHECK(skipped.status == 3);
  CHECK(skipped.summary()["sent"] == 2);
  CHECK(skipped.summary()["failed"] == 1);
  const Ended nothing = emit({"-r", redis.url(), "--user", "app", "--input", "-"}, not_ok, password);
  CHECK(nothing.status == 2);
}

TEST_CASE("batch: a dry run prints every line's message, and ends when nobody reads") {
  const Ended ended = emit({"--dry-run", "--input", "-"}, lines(1, 3));
  CHECK(ended.status == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 3);
  Surroundings no_reader;
  no_reader.no_reader = true;
  const Ended broken = emit({"--dry-run", "--input", "-"}, lines(1, 10'000), no_reader);
  CHECK(broken.status == 0);
  CHECK(broken.says("Standard output takes no more"));
}

TEST_CASE("batch: progress is shown on a terminal only, and goes away") {
  const RedisServer redis;
  Surroundings terminal;
  terminal.error_is_terminal = true;
  Tool tool({"-r", redis.url(), "-o", "text", "--rate", "100/s", "--input", "-"}, terminal);
  tool.write(lines(1, 60));
  const Ended ended = tool.wait();
  CHECK(ended.status == 0);
  CHECK(ended.says(" emits, "));
  CHECK(ended.says("\r\x1b[Ksocketio-emit: sent 60"));
  CHECK_FALSE(emit({"-r", redis.url(), "-o", "text", "--rate", "100/s", "--input", "-"}, lines(1, 60)).says(" emits, "));
}

TEST_CASE("batch: an input that cannot be read is refused before Redis is asked for") {
  CHECK(emit({"-r", "unix:///nowhere", "--input", "/nowhere/f"}).says("Cannot open /nowhere/f: No such file or directory."));
  const Ended folder = emit({"-r", "unix:///nowhere", "--input", "/tmp"});
  CHECK(folder.status == 1);
  CHECK(folder.says("/tmp is a folder, not a file."));
}

TEST_CASE("batch: a byte order mark of UTF-8 is passed over; UTF-16 is named, with what to do") {
  using namespace std::string_literals;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string event = R"({"event":"e","args":["<1>"]})";
  CHECK(emit({"-r", redis.url(), "--input", "-"}, "\xef\xbb\xbf" + event + "\n").summary()["sent"] == 1);
  CHECK(emit({"-r", redis.url(), "--input", "-", "--format", "lines", "log"}, "\xef\xbb\xbfhello\n").status == 0);
  REQUIRE(server.has(2));
  CHECK(server.payloads()[1].find("\xef\xbb\xbf") == std::string::npos);
  std::string little;
  std::string big;
  for (const char letter : event + "\r\n") {
    little += letter + "\0"s;
    big += "\0"s + letter;
  }
  for (const auto& [input, name] : {std::pair{"\xff\xfe" + little, "UTF-16 (LE)"},
                                    {little, "UTF-16 (LE)"},
                                    {"\xfe\xff" + big, "UTF-16 (BE)"},
                                    {big, "UTF-16 (BE)"}}) {
    const Ended ended = emit({"-r", redis.url(), "--input", "-", "--on-error", "skip"}, input);
    CHECK(ended.status == 1);
    CHECK(ended.says(name));
    CHECK(ended.says("iconv -f UTF-16"));
    CHECK(ended.summary()["failed"] == 1);
  }
  CHECK(server.count() == 2);
}

TEST_CASE("batch: a server that reads slowly is waited for, and not cut off by Redis") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 24mb 0 0"});
  Subscriber server(redis.port());
  constexpr int total = 20'000;
  server.pause(true);
  const Folder folder;
  const std::string path = folder / "input";
  {
    std::ofstream input(path);
    for (int number = 1; number <= total; ++number) {
      input << R"({"event":"e","args":["<)" << number << R"(>",")" << std::string(3'000, 'x') << "\"]}\n";
    }
  }
  Tool tool({"-r", redis.url(), "--timeout", "30s", "--input", path});
  CHECK(eventually([&] { return tool.err().find("read more slowly") != std::string::npos; }, 20s));
  server.pause(false);
  const Ended ended = tool.wait(60s);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == total);
  CHECK(ended.summary()["receivers"] == json::parse(R"({"1":20000})"));
  REQUIRE(server.has(total));
  CHECK(server.count() == total);
}

TEST_CASE("batch: a stream that keeps few entries is not filled faster than its readers read") {
  const RedisServer redis;
  const Subscriber server(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  StreamReader reader(redis.port());
  constexpr int total = 1'000;
  std::string input;
  for (int number = 1; number <= total; ++number) {
    input += line(number);
  }
  const Ended ended = emit({"-r", redis.url(), "--stream-maxlen", "100", "--timeout", "30s", "--input", "-"}, input);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == total);
  CHECK(eventually([&] { return reader.count() >= total; }));
  CHECK(reader.count() == total);
}

TEST_CASE("batch: readers of a stream get no more in one reply than Redis allows them, and none is cut off") {
  const RedisServer redis({"--client-output-buffer-limit", "normal 1mb 0 0"});
  const Subscriber server(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  StreamReader reader(redis.port());
  constexpr int total = 40;
  std::string input;
  for (int number = 1; number <= total; ++number) {  // ten of them are above the limit
    input += R"({"event":"x","args":[")" + std::string(150'000, 'y') + "\"]}\n";
  }
  const Ended ended = emit({"-r", redis.url(), "--stream-count", "1", "--timeout", "30s", "--input", "-"}, input);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == total);
  CHECK(eventually([&] { return reader.count() >= total; }));
}

TEST_CASE("batch: large messages wait for one another, so that Redis cuts off nobody") {
  const RedisServer redis;
  Subscriber server(redis.port());
  const Folder folder;
  const std::string path = folder / "input";
  {
    std::ofstream input(path);
    for (int number = 1; number <= 3; ++number) {
      input << R"({"event":"x","args":["<)" << number << R"(>",")" << std::string(20'000'000, 'y') << "\"]}\n";
    }
  }
  server.pause(true);
  Tool tool({"-r", redis.url(), "--timeout", "30s", "--input", path});
  CHECK(eventually([&] { return tool.err().find("read more slowly") != std::string::npos; }, 20s));
  server.pause(false);
  const Ended ended = tool.wait(60s);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["receivers"] == json::parse(R"({"1":3})"));
  CHECK(server.has(3));
  CHECK(server.numbers() == sequence(1, 3));
}

TEST_CASE(
    "batch: a message that a server would not survive is not sent while it stands still: status 3, and its line is kept") {
  const RedisServer redis;
  Subscriber server(redis.port());
  server.pause(true);
  const Folder folder;
  const std::string rejects = folder / "rejects";
  const std::string large = R"({"event":"x","args":[")" + std::string(20'000'000, 'y') + "\"]}\n";
  const Ended ended =
      emit({"-r", redis.url(), "--timeout", "300ms", "--input", "-", "--rejects", rejects}, large + large + line(3));
  CHECK(ended.status == 3);
  CHECK(ended.says("line 2: it was not sent: a server has read nothing for 300ms"));
  CHECK(ended.summary()["sent"] == 1);
  CHECK(ended.summary()["failed"] == 1);
  CHECK(content_of(rejects) == large);
  server.pause(false);
  CHECK(server.has(1));
}

TEST_CASE("batch: names of rooms count: lines that consist of them do not overrun a slow server") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 8mb 0 0"});
  Subscriber server(redis.port());
  std::string rooms;
  for (int number = 0; number < 800; ++number) {
    rooms += (number == 0 ? "\"" : ",\"") + std::string(396, 'r') + std::to_string(number) + "\"";
  }
  const Folder folder;
  const std::string path = folder / "input";
  constexpr int total = 100;
  {
    std::ofstream input(path);
    for (int number = 1; number <= total; ++number) {
      input << R"({"event":"e","args":["<)" << number << R"(>"],"to":[)" << rooms << "]}\n";
    }
  }
  server.pause(true);
  Tool tool({"-r", redis.url(), "--timeout", "30s", "--input", path});
  CHECK(eventually([&] { return tool.err().find("read more slowly") != std::string::npos; }, 20s));
  server.pause(false);
  const Ended ended = tool.wait(60s);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["receivers"] == json::parse(R"({"1":100})"));
  CHECK(server.has(total));
}

TEST_CASE("batch: where the user may not list clients, a large batch says once that it cannot slow down for slow servers") {
  const RedisServer redis;
  CHECK(redis.ask({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "-client|list", "~*", "&*"}) == "+OK");
  const Subscriber server(redis.port());
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=secret"}};
  std::string input;
  for (int number = 1; number <= 200; ++number) {
    input += R"({"event":"e","args":[")" + std::string(50'000, 'x') + "\"]}\n";
  }
  const Ended ended = emit({"-r", redis.url(), "--user", "app", "--input", "-"}, input, password);
  CHECK(ended.status == 0);
  const std::size_t first = ended.err.find("Redis does not allow CLIENT LIST");
  CHECK(first != std::string::npos);
  CHECK(ended.err.find("Redis does not allow CLIENT LIST", first + 1) == std::string::npos);
}

TEST_CASE("batch: somebody else's subscriber that stands still stops nothing") {
  const RedisServer redis;
  Subscriber other(redis.port(), Subscriber::Channel{"SUBSCRIBE", "elsewhere"});
  other.pause(true);
  for (int number = 0; number < 2; ++number) {  // a part fits into the socket buffers
    REQUIRE(redis.ask({"PUBLISH", "elsewhere", std::string(6'000'000, 'z')}) == ":1");
  }
  const Subscriber server(redis.port());
  std::string input;
  for (int number = 1; number <= 300; ++number) {
    input += R"({"event":"e","args":["<)" + std::to_string(number) + R"(>",")" + std::string(50'000, 'x') + "\"]}\n";
  }
  const Ended ended = emit({"-r", redis.url(), "--timeout", "3s", "--input", "-"}, input);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(server.has(300));
}

TEST_CASE("batch: a reader of a stream that stands still ends it before the stream drops what it has not read") {
  const RedisServer redis;
  const Subscriber server(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  StreamReader reader(redis.port());
  reader.pause();
  const Ended ended =
      emit({"-r", redis.url(), "--stream-maxlen", "400", "--timeout", "300ms", "--input", "-"}, lines(1, 1'000));
  CHECK(ended.status == 3);
  CHECK(ended.says("line 101: it was not sent: 1 of 1 reader of the stream read nothing for 300ms"));
  CHECK(ended.summary()["sent"] == 100);
  CHECK(ended.summary()["failed"] == 1);
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":100");
}

}  // namespace batch_test
