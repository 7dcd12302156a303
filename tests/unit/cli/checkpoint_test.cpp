#include "emit/checkpoint.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/exit_status.hpp"
#include "support/folder.hpp"

namespace checkpoint_test {

using namespace socketio::cli;
using support::content_of;
using support::Folder;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& content) { std::ofstream(path) << content; }

std::string refusal(const std::string& path, const std::string& input) {
  try {
    const CheckpointFile file(path, input);
  } catch (const Failure& failure) {
    CHECK(failure.status() == ExitStatus::usage);
    return failure.what();
  }
  return "(accepted)";
}

}  // namespace

TEST_CASE("checkpoint: it reads back what it wrote") {
  const CheckpointState states[] = {
      {"-", {}, {}},
      {"/data/a \"b\".ndjson", {812, 123'456'789'012}, {}},
      {"/x", {1, 2}, {{3, 4}, {9, 9}}, 7},
      {"/x", {1, 2, 0xfedcba9876543210U}, {{3, 4}}, 8, {4, 0xab}},
  };
  for (const CheckpointState& state : states) {
    CHECK(checkpoint_from_json(to_json(state)) == state);
  }
  CHECK(to_json(states[2]) == "{\"input\":\"/x\",\"line\":1,\"offset_bytes\":2,\"sent_ahead\":[[3,4],[9,9]],\"save\":7}\n");
  CHECK(to_json(states[3]) ==
        "{\"input\":\"/x\",\"line\":1,\"offset_bytes\":2,\"digest\":\"fedcba9876543210\",\"sent_ahead\":[[3,4]],"
        "\"ahead_line\":4,\"ahead_digest\":\"00000000000000ab\",\"save\":8}\n");
}

TEST_CASE("checkpoint: text that is no checkpoint is refused, and so is every beginning of one") {
  for (const char* bad :
       {"", "x", "{}", "[]", R"({"input":"-","line":1})", R"({"input":"-","line":-1,"offset_bytes":0})",
        R"({"input":"-","line":1.5,"offset_bytes":0})", R"({"input":7,"line":1,"offset_bytes":0})",
        R"({"input":"-","line":1,"offset_bytes":0,"more":1})", R"({"input":"-","line":1,"offset_bytes":1e300})",
        R"({"input":"-","line":1,"offset_bytes":0,"sent_ahead":[[2,1]]})",
        R"({"input":"-","line":1,"offset_bytes":0,"sent_ahead":[[1]]})",
        R"({"input":"-","line":1,"offset_bytes":0,"sent_ahead":7})", R"({"input":"-","line":1,"offset_bytes":0,"digest":7})",
        R"({"input":"-","line":1,"offset_bytes":0,"digest":"fedcba987654321"})",
        R"({"input":"-","line":1,"offset_bytes":0,"digest":"fedcba987654321g"})"}) {
    CAPTURE(bad);
    CHECK_FALSE(checkpoint_from_json(bad));
  }
  const std::string whole = to_json({"/x", {1, 2}, {{3, 4}}});
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    CHECK_FALSE(checkpoint_from_json(whole.substr(0, size)));
  }
}

TEST_CASE("checkpoint file: a new one starts at the beginning, and the next run goes on where it was saved") {
  const Folder folder;
  {
    CheckpointFile first(folder / "c", "/in");
    CHECK(first.state().position == Position{});
    CHECK(first.save({5, 50}, {{7, 8}}).empty());
  }
  const CheckpointFile second(folder / "c", "/in");
  CHECK(second.state() == CheckpointState{"/in", {5, 50}, {{7, 8}}, 1});
}

TEST_CASE("checkpoint file: a second run with the same one is refused while the first one lasts") {
  const Folder folder;
  {
    const CheckpointFile first(folder / "c", "/in");
    CHECK(refusal(folder / "c", "/in").starts_with("Another run uses the checkpoint " + (folder / "c")));
  }
  CHECK(CheckpointFile(folder / "c", "/in").state().position == Position{});
}

TEST_CASE(
    "checkpoint file: room is taken at the start, later saves are written in place, and a torn one leaves the one before") {
  const Folder folder;
  std::uintmax_t size = 0;
  {
    CheckpointFile file(folder / "c", "/in");
    CHECK(file.save({}, {}).empty());
    size = fs::file_size(folder / "c");
    for (std::uint64_t line = 1; line <= 101; ++line) {
      CHECK(file.save({line, line * 1'000'000'000}, {}).empty());
    }
  }
  CHECK(fs::file_size(folder / "c") == size);
  CHECK(CheckpointFile(folder / "c", "/in").state().position.line == 101);
  std::string content = content_of(folder / "c");
  const std::size_t newest = content.find("\"line\":101");
  REQUIRE(newest != std::string::npos);
  content.replace(newest, 3, "???");
  write(folder / "c", content);
  CHECK(CheckpointFile(folder / "c", "/in").state().position.line == 100);
}

TEST_CASE("checkpoint file: a record with very many ranges is kept, and the next one is short again") {
  const Folder folder;
  std::vector<LineRange> ahead;
  for (std::uint64_t line = 10; line < 20'000; line += 2) {
    ahead.push_back({line, line});
  }
  for (int run = 0; run < 2; ++run) {
    {
      CheckpointFile file(folder / "c", "/in");
      CHECK(file.save({1, 10}, {}).empty());
      CHECK(file.save({2, 20}, ahead).empty());
    }
    CheckpointFile file(folder / "c", "/in");
    CHECK(file.state().sent_ahead == ahead);
    CHECK(file.save({20'000, 200'000}, {}).empty());
    CHECK(fs::file_size(folder / "c") < 10'000);
  }
  CHECK(CheckpointFile(folder / "c", "/in").state().position.line == 20'000);
}

TEST_CASE("checkpoint file: an empty file, as mktemp makes it, is a new one") {
  const Folder folder;
  write(folder / "c", "");
  CHECK(CheckpointFile(folder / "c", "/in").state().position == Position{});
}

TEST_CASE("checkpoint file: a symbolic link stays one") {
  const Folder folder;
  write(folder / "real", "");
  fs::create_symlink(folder / "real", folder / "link");
  CHECK(CheckpointFile(folder / "link", "/in").save({1, 10}, {}).empty());
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(CheckpointFile(folder / "real", "/in").state().position == Position{1, 10});
}

TEST_CASE("checkpoint file: what does not fit is refused and left alone") {
  const Folder folder;
  write(folder / "other", "my shopping list\n");
  CHECK(refusal(folder / "other", "/in") ==
        (folder / "other") + " is no checkpoint of socketio-emit. Name another file, or remove it to start anew.");
  CHECK(content_of(folder / "other") == "my shopping list\n");

  CHECK(CheckpointFile(folder / "c", "/in").save({1, 10}, {}).empty());
  CHECK(refusal(folder / "c", "/another") == "The checkpoint " + (folder / "c") +
                                                 " belongs to the input /in, not to /another. Name another file, or remove it "
                                                 "to start anew.");
  CHECK(refusal("/tmp", "/in") == "The checkpoint /tmp is a folder: name a file.");
}

TEST_CASE("checkpoint file: where it cannot be written, a sentence says so") {
  const Folder folder;
  CheckpointFile nowhere(folder / "no/such/folder", "/in");
  CHECK(nowhere.save({}, {}) == "Cannot write the checkpoint " + (folder / "no/such/folder") +
                                    ": No such file or directory. Choose another file, then run the same command again.");
}

TEST_CASE("checkpoint file: a full disk is called one, and a device is never replaced") {
  if (!fs::exists("/dev/full")) {
    MESSAGE("skipped: there is no /dev/full here");
    return;
  }
  CheckpointFile file("/dev/full", "/in");
  CHECK(file.save({}, {}) ==
        "Cannot write the checkpoint /dev/full: the disk is full (No space left on device). Free some space, then run the same "
        "command again.");
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("checkpoint file: a path that is not UTF-8 is recognised again") {
  const Folder folder;
  CHECK(CheckpointFile(folder / "c", "/in\xff").save({1, 10}, {}).empty());
  CHECK(CheckpointFile(folder / "c", "/in\xff").state().position == Position{1, 10});
}

}  // namespace checkpoint_test
