#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace checkpoint_test {

using namespace support;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A folder of the test's own.
class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return std::string(path_) + "/" + name; }

 private:
  char path_[32] = "/tmp/socketio-emit-XXXXXX";
};

std::string line(int number, const std::string& room = "r") {
  return R"({"event":"e","to":[")" + room + R"("],"args":["<)" + std::to_string(number) + ">\"]}\n";
}

std::string lines(int first, int last) {
  std::string text;
  for (int number = first; number <= last; ++number) {
    text += line(number);
  }
  return text;
}

void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

std::vector<int> sequence(int last) {
  std::vector<int> numbers(static_cast<std::size_t>(last));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

}  // namespace

TEST_CASE("checkpoint: interrupted and run again, each line is sent exactly once") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  append(folder / "in", lines(1, 3'000));
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"};
  Words slow = words;
  slow.insert(slow.end(), {"--rate", "1000/s"});
  for (const std::size_t target : {100U, 900U}) {
    Tool tool(slow);
    REQUIRE(server.has(target));
    tool.signal(SIGINT);
    CHECK(tool.wait().status == 130);
  }
  const Ended rest = emit(words);
  CHECK(rest.status == 0);
  CHECK(rest.says("Going on behind line"));
  REQUIRE(server.has(3'000));
  CHECK(server.numbers() == sequence(3'000));

  SUBCASE("and once more, there is nothing left to do") {
    CHECK(emit(words).summary()["sent"] == 0);
    CHECK(server.count() == 3'000);
  }
  SUBCASE("and when the input has grown, only what is new is sent") {
    append(folder / "in", lines(3'001, 3'010));
    CHECK(emit(words).summary()["sent"] == 10);
    REQUIRE(server.has(3'010));
    CHECK(server.numbers() == sequence(3'010));
  }
}

TEST_CASE("checkpoint: killed and run again, no line is missing") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  append(folder / "in", lines(1, 5'000));
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"};
  Words slow = words;
  slow.insert(slow.end(), {"--rate", "1000/s"});
  {
    Tool tool(slow);
    REQUIRE(server.has(1'500));
    tool.signal(SIGKILL);
    CHECK(tool.wait().status == 128 + SIGKILL);
  }
  const Ended rest = emit(words);
  CHECK(rest.status == 0);
  CHECK(rest.summary()["sent"].get<int>() < 5'000);
  REQUIRE(eventually([&] {
    const std::vector<int> numbers = server.numbers();
    return std::set<int>(numbers.begin(), numbers.end()).size() == 5'000;
  }));
}

TEST_CASE("checkpoint: a bad line stops the run before it, and once it is mended the next run goes on there") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  append(folder / "in", line(1) + "{\"event\":7}\n" + line(3));
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"};
  CHECK(emit(words).status == 1);
  std::ofstream(folder / "in") << line(1) + line(2) + line(3);
  CHECK(emit(words).status == 0);
  REQUIRE(server.has(3));
  CHECK(server.numbers() == sequence(3));
}

TEST_CASE("checkpoint: with skip, the next run does not complain again") {
  const Folder folder;
  const RedisServer redis;
  append(folder / "in", line(1) + "{\"event\":7}\n");
  const Words words{"-r", redis.url(), "--on-error", "skip", "--checkpoint", folder / "c", "--input", folder / "in"};
  CHECK(emit(words).status == 3);
  CHECK(emit(words).status == 0);
}

TEST_CASE("checkpoint: a line that is still being written is looked at again") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string second = line(2);
  append(folder / "in", line(1) + second.substr(0, 20));
  for (const char* on_error : {"skip", "stop"}) {
    const Ended ended =
        emit({"-r", redis.url(), "--on-error", on_error, "--checkpoint", folder / "c", "--input", folder / "in"});
    CHECK(ended.says("line 2: the input ends inside this line"));
  }
  append(folder / "in", second.substr(20) + line(3));
  CHECK(emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"}).status == 0);
  REQUIRE(server.has(3));
  CHECK(server.numbers() == sequence(3));
}

TEST_CASE("checkpoint: a last line without its line feed counts once, also when that comes later") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"};
  std::string text = line(1) + line(2);
  text.pop_back();
  append(folder / "in", text);
  CHECK(emit(words).summary()["sent"] == 2);
  CHECK(emit(words).summary()["sent"] == 0);
  append(folder / "in", "\n" + line(3) + "x\n");
  const Ended ended = emit(words);
  CHECK(ended.summary()["sent"] == 1);
  CHECK(ended.says("line 4: "));
}

TEST_CASE("checkpoint: a refused line is tried again, those behind it that were sent are not") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels", "&socket.io#/#r#"}).starts_with("+OK"));
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=pw"}};
  append(folder / "in", line(1) + line(2, "secret") + lines(3, 300));
  const Words words{"-r", redis.url(), "--user", "app", "--checkpoint", folder / "c", "--input", folder / "in"};
  CHECK(emit(words, "", password).status == 3);
  CHECK(emit(words, "", password).status == 2);
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "&socket.io#*"}).starts_with("+OK"));
  CHECK(emit(words, "", password).status == 0);
  REQUIRE(server.has(300));
  const std::vector<int> numbers = server.numbers();
  CHECK(numbers.size() == 300);
  CHECK(std::set<int>(numbers.begin(), numbers.end()).size() == 300);
}

TEST_CASE("checkpoint: standard input is passed over up to it") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"};
  CHECK(emit(words, lines(1, 10)).summary()["sent"] == 10);
  CHECK(emit(words, lines(1, 15)).summary()["sent"] == 5);
  REQUIRE(server.has(15));
  CHECK(server.numbers() == sequence(15));
  const Ended shorter = emit(words, lines(1, 3));
  CHECK(shorter.status == 1);
  CHECK(shorter.says("The checkpoint lies behind the end of standard input"));
}

TEST_CASE("checkpoint: one that does not fit is refused before Redis is asked for") {
  const Folder folder;
  const RedisServer redis;
  append(folder / "in", lines(1, 10));
  REQUIRE(emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"}).status == 0);
  const Words words{"-r", "unix:///nowhere", "--checkpoint", folder / "c", "--input"};
  const auto refused = [&](const std::string& input) {
    Words all = words;
    all.push_back(input);
    const Ended ended = emit(all);
    CHECK(ended.status == 1);
    return ended.err;
  };
  append(folder / "other", lines(1, 10));
  CHECK(refused(folder / "other").find("belongs to the input") != std::string::npos);
  std::ofstream(folder / "in") << lines(1, 3);
  CHECK(refused(folder / "in").find("lies behind the end") != std::string::npos);
  std::ofstream(folder / "in") << "xx" + lines(1, 10);
  CHECK(refused(folder / "in").find("in the middle of a line") != std::string::npos);
}

TEST_CASE("checkpoint: where it cannot be written, nothing is sent") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  for (const std::string& path : {std::string("/dev/full"), folder / "no/folder/here"}) {
    const Ended ended = emit({"-r", redis.url(), "--checkpoint", path, "--input", "-"}, lines(1, 5));
    CHECK(ended.status == 1);
    CHECK(ended.says("Cannot write the checkpoint " + path));
  }
  CHECK(server.count() == 0);
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("checkpoint: the room is taken before anything is sent, so that a disk that fills up later does no harm") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  Surroundings small_disk;
  small_disk.file_bytes_max = 42;  // not even a record fits
  const Ended refused = emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"}, lines(1, 100), small_disk);
  CHECK(refused.status == 1);
  CHECK(refused.says("the disk is full"));
  CHECK(server.count() == 0);
  small_disk.file_bytes_max = 8192;  // both do, and nothing more
  const Ended ended = emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"}, lines(1, 100), small_disk);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 100);
  REQUIRE(server.has(100));
  std::ifstream checkpoint(folder / "c");
  const std::string content((std::istreambuf_iterator<char>(checkpoint)), {});
  CHECK(content.find("\"line\":100,") != std::string::npos);
}

TEST_CASE("checkpoint: of two runs with one checkpoint at the same time, the second one is refused") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool first({"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"});
  first.write(lines(1, 1));
  REQUIRE(server.has(1));
  const Ended second = emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"}, lines(1, 1));
  CHECK(second.status == 1);
  CHECK(second.says("Another run uses the checkpoint"));
  CHECK(first.wait().status == 0);
  CHECK(server.count() == 1);
}

TEST_CASE("recording: on a full disk it ends with a whole line, which can be replayed") {
  const Folder folder;
  const RedisServer redis;
  Surroundings fleet;
  fleet.tool = "SOCKETIO_FLEET";
  fleet.file_bytes_max = 1000;
  Tool tap({"tap", "-r", redis.url(), "--transport", "classic", "--record", folder / "r", "-o", "quiet"}, fleet);
  REQUIRE(eventually([&] { return redis.ask({"PUBSUB", "NUMPAT"}) != ":0"; }));
  const Ended sent = emit({"-r", redis.url(), "--transport", "classic", "--input", "-"}, lines(1, 100));
  CHECK(sent.summary()["sent"] == 100);
  const Ended ended = tap.wait();
  CHECK(ended.status != 0);
  std::ifstream recording(folder / "r");
  const std::string content((std::istreambuf_iterator<char>(recording)), {});
  CHECK(content.size() <= 1000);
  CHECK(content.size() > 500);
  CHECK(content.ends_with("}\n"));
}

}  // namespace checkpoint_test
