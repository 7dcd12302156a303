#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "subscriber.hpp"
#include "support/folder.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace checkpoint_test {

using namespace support;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

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

TEST_CASE("checkpoint: other lines of the same lengths are refused, from a file and from standard input") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input"};
  const auto run = [&](const std::string& text, const std::string& input) {
    std::ofstream(folder / "in") << text;
    Words all = words;
    all.push_back(input == "-" ? "-" : folder / "in");
    return emit(all, input == "-" ? text : "");
  };
  for (const std::string input : {"-", "in"}) {
    fs::remove(folder / "c");
    CAPTURE(input);
    CHECK(run(lines(10, 20), input).status == 0);
    const Ended other = run(lines(30, 40) + line(41), input);
    CHECK(other.status == 1);
    CHECK(other.says("does not begin with the 11 lines that the checkpoint counts as sent: it belongs to another input. "
                     "Remove it to start anew, or name another file."));
    const Ended same = run(lines(10, 21), input);
    CHECK(same.status == 0);
    CHECK(same.summary()["sent"] == 1);
  }
  CHECK(server.count() == 24);
}

TEST_CASE("checkpoint: one of an older version is used, with a note, and records what was read from then on") {
  const Folder folder;
  const RedisServer redis;
  append(folder / "in", lines(10, 20));
  const std::string size = std::to_string(line(10).size());
  append(folder / "c", R"({"input":")" + (folder / "in") + R"(","line":1,"offset_bytes":)" + size + ",\"save\":3}\n");
  const Words words{"-r", redis.url(), "--checkpoint", folder / "c", "--input", folder / "in"};
  const Ended first = emit(words);
  CHECK(first.status == 0);
  CHECK(first.summary()["sent"] == 10);
  CHECK(first.says("The checkpoint is that of an older version"));
  append(folder / "in", line(21));
  const Ended second = emit(words);
  CHECK(second.summary()["sent"] == 1);
  CHECK_FALSE(second.says("older version"));
  std::ofstream(folder / "in") << lines(30, 41);
  CHECK(emit(words).status == 1);
}

TEST_CASE("checkpoint: other lines in place of those that were sent ahead end the run") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels", "&socket.io#/#r#"}).starts_with("+OK"));
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=pw"}};
  append(folder / "in", line(1, "s") + lines(2, 9));
  const Words words{"-r", redis.url(), "--user", "app", "--checkpoint", folder / "c", "--input", folder / "in"};
  CHECK(emit(words, "", password).status == 3);
  REQUIRE(server.has(8));
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "&socket.io#*"}).starts_with("+OK"));
  std::ofstream(folder / "in") << line(1, "s") << lines(2, 8) << line(8);
  const Ended other = emit(words, "", password);
  CHECK(other.status == 1);
  CHECK(other.says("are not those of the earlier run, so the checkpoint belongs to another input."));
  SUBCASE("and lines that are the same are left out") {
    std::ofstream(folder / "in") << line(1, "s") << lines(2, 9) << line(10);
    CHECK(emit(words, "", password).status == 0);
    REQUIRE(server.has(10));
    CHECK(server.numbers().back() == 10);
  }
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

TEST_CASE("checkpoint: the input itself is refused, by any name, and stays as it is") {
  const Folder folder;
  append(folder / "in", lines(1, 3));
  fs::create_symlink(folder / "in", folder / "link");
  for (const std::string& path : {folder / "in", folder / "link"}) {
    const Ended ended = emit({"-r", "unix:///nowhere", "--checkpoint", path, "--input", folder / "in"});
    CHECK(ended.status == 1);
    CHECK(ended.says(" is the input. Name another file."));
  }
  CHECK(fs::file_size(folder / "in") == lines(1, 3).size());
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
  small_disk.file_bytes_max = 8192;  // both slots fit, and nothing more
  const Ended ended = emit({"-r", redis.url(), "--checkpoint", folder / "c", "--input", "-"}, lines(1, 100), small_disk);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 100);
  REQUIRE(server.has(100));
  const std::string content = content_of(folder / "c");
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

TEST_CASE("rejects and recordings: a second run that writes the same file is refused, and the file stays as it is") {
  const Folder folder;
  const RedisServer redis;
  Tool first({"-r", redis.url(), "--on-error", "skip", "--rejects", folder / "r", "--input", "-"});
  first.write("{\"event\":7}\n" + line(1));
  REQUIRE(eventually([&] { return fs::exists(folder / "r") && fs::file_size(folder / "r") != 0; }));
  const Ended second = emit({"-r", redis.url(), "--rejects", folder / "r", "--input", "-"}, lines(1, 1));
  CHECK(second.status == 1);
  CHECK(second.says("Another run writes --rejects"));
  CHECK(first.wait().status == 3);
  CHECK(fs::file_size(folder / "r") != 0);

  Surroundings fleet;
  fleet.tool = "SOCKETIO_FLEET";
  const Words record{"tap", "-r", redis.url(), "--transport", "classic", "-o", "quiet", "--record", folder / "t"};
  Tool tap(record, fleet);
  REQUIRE(eventually([&] { return redis.ask({"PUBSUB", "NUMPAT"}) != ":0"; }));
  const Ended other = emit(record, "", fleet);
  CHECK(other.status == 1);
  CHECK(other.says("Another tap records to"));
  tap.signal(SIGINT);
  CHECK(tap.wait().status == 130);
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
  const std::string content = content_of(folder / "r");
  CHECK(content.size() <= 1000);
  CHECK(content.size() > 500);
  CHECK(content.ends_with("}\n"));
}

// ---- --rejects -------------------------------------------------------------------------------------------------------------

namespace {

/// A bad line with `size` spaces.
std::string bad_line(int number, std::size_t size = 20) {
  return "{\"event\":" + std::to_string(number) + std::string(size, ' ') + "}\n";
}

}  // namespace

TEST_CASE(
    "rejects: a run that goes on behind a checkpoint adds to the file, and another one empties it once Redis is reached") {
  const Folder folder;
  const RedisServer redis;
  append(folder / "in", bad_line(1) + line(2));
  const Words words{"--on-error", "skip", "--rejects", folder / "r", "--checkpoint", folder / "c", "--input", folder / "in"};
  const auto run = [&](const std::string& url, Words more) {
    more.insert(more.end(), {"-r", url, "--timeout", "2s"});
    return emit(more).status;
  };
  CHECK(run(redis.url(), words) == 3);
  CHECK(content_of(folder / "r") == bad_line(1));
  CHECK(run(redis.url(), words) == 0);
  CHECK(content_of(folder / "r") == bad_line(1));
  append(folder / "in", bad_line(3));
  std::ofstream(folder / "r", std::ios::app) << "a part of a li";  // as a killed run leaves it
  CHECK(run(redis.url(), words) == 3);
  CHECK(content_of(folder / "r") == bad_line(1) + bad_line(3));
  const Words anew{"--on-error", "skip", "--rejects", folder / "r", "--input", folder / "in"};
  CHECK(run("unix:///nowhere", anew) == 2);
  CHECK(content_of(folder / "r") == bad_line(1) + bad_line(3));
  append(folder / "in", bad_line(4));
  CHECK(run(redis.url(), anew) == 3);
  CHECK(content_of(folder / "r") == bad_line(1) + bad_line(3) + bad_line(4));
}

TEST_CASE("rejects: killed, the checkpoint has passed no line that is not in the file") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  const Words words{"-r",         redis.url(),    "--on-error", "skip",    "--rejects",
                    folder / "r", "--checkpoint", folder / "c", "--input", folder / "in"};
  append(folder / "in", bad_line(1) + lines(2, 2'000));
  {
    Words slow = words;
    slow.insert(slow.end(), {"--rate", "500/s"});
    Tool tool(slow);
    REQUIRE(eventually([&] { return content_of(folder / "c").find("\"save\":2}") != std::string::npos; }));
    tool.signal(SIGKILL);
    tool.wait();
  }
  CHECK(content_of(folder / "r") == bad_line(1));
  CHECK(emit(words).status == 0);
  CHECK(content_of(folder / "r") == bad_line(1));
}

TEST_CASE("rejects: on a full disk the file ends with a whole line, and the checkpoint stays before what it has no room for") {
  const Folder folder;
  const RedisServer redis;
  const Subscriber server(redis.port());
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "resetchannels", "&socket.io#/#*"}) == "+OK");
  const Surroundings password{{"SOCKETIO_REDIS_PASSWORD=secret"}};
  Surroundings small_disk = password;
  small_disk.file_bytes_max = 8192;
  std::string rejected;
  std::string all;
  bool refused_by_redis = false;
  SUBCASE("bad lines") {}
  SUBCASE("lines that Redis refuses") { refused_by_redis = true; }
  for (int number = 1; number <= 40; number += 2) {
    const std::string one =
        refused_by_redis ? R"({"event":"e","nsp":"/x","args":[")" + std::string(980, 'x') + std::to_string(number) + "\"]}\n"
                         : bad_line(number, 1'000);
    rejected += one;
    all += one + line(number + 1);
  }
  append(folder / "in", all);
  const Words words{"-r",         redis.url(),    "--user",     "app",     "--on-error",  "skip",        "--rejects",
                    folder / "r", "--checkpoint", folder / "c", "--input", folder / "in", "--transport", "classic"};
  const Ended full = emit(words, "", small_disk);
  CHECK(full.status == 3);
  CHECK(full.says("is not whole: File too large. The lines that it has no room for are sent again by the next run"));
  const std::string some = content_of(folder / "r");
  CHECK(some.size() <= 8192);
  CHECK(some.size() > 7000);
  CHECK(some.ends_with("}\n"));
  CHECK(rejected.starts_with(some));
  CHECK(emit(words, "", password).status == (refused_by_redis ? 2 : 3));
  CHECK(content_of(folder / "r") == rejected);
  REQUIRE(server.has(20));
  std::vector<int> even(20);
  std::generate(even.begin(), even.end(), [number = 0]() mutable { return number += 2; });
  CHECK(server.numbers() == even);
}

TEST_CASE("rejects: with a checkpoint, a line that the next run reads again is not in the file") {
  const Folder folder;
  const RedisServer redis;
  const auto run = [&](const char* on_error) {
    return emit({"-r", redis.url(), "--on-error", on_error, "--rejects", folder / "r", "--checkpoint", folder / "c", "--input",
                 folder / "in"});
  };
  append(folder / "in", line(1) + bad_line(2) + line(3));
  CHECK(run("stop").status == 1);
  CHECK(content_of(folder / "r").empty());
  append(folder / "in", "{\"event\":\"half");
  CHECK(run("skip").status == 3);
  CHECK(content_of(folder / "r") == bad_line(2));
}

TEST_CASE("rejects: a line above --line-max, which is not kept, is named as missing in the file") {
  const Folder folder;
  const RedisServer redis;
  const Ended ended =
      emit({"-r", redis.url(), "--on-error", "skip", "--line-max", "1K", "--rejects", folder / "r", "--input", "-"},
           line(1) + bad_line(2, 2'000) + bad_line(3) + bad_line(4, 3'000));
  CHECK(ended.status == 3);
  CHECK(ended.says("line 2: it is longer than 1K and not in --rejects. Raise the limit with --line-max."));
  CHECK(ended.says("Not in --rejects, because they are longer than --line-max: 2 lines (2, 4)."));
  CHECK(content_of(folder / "r") == bad_line(3));
}

TEST_CASE("rejects: the checkpoint's file is refused, however it is spelled") {
  const Folder folder;
  append(folder / "in", line(1));
  fs::create_symlink(folder / "x", folder / "link");
  fs::create_hard_link(folder / "in", folder / "other name of in");
  append(folder / "x", "");
  fs::create_hard_link(folder / "x", folder / "hard");
  for (const char* name : {"x", "./x", "link", "hard"}) {
    CAPTURE(name);
    const Ended ended =
        emit({"-r", "unix:///nowhere", "--rejects", folder / name, "--checkpoint", folder / "x", "--input", folder / "in"});
    CHECK(ended.status == 1);
    CHECK(ended.says("are one file. Name two."));
  }
  const Ended anew =
      emit({"-r", "unix:///nowhere", "--rejects", folder / "new", "--checkpoint", folder / "./new", "--input", folder / "in"});
  CHECK(anew.says("are one file. Name two."));
  CHECK(
      emit({"-r", "unix:///nowhere", "--rejects", folder / "other name of in", "--input", folder / "in"}).says("is the input"));
}

}  // namespace checkpoint_test
