#include "emit/line_reader.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace line_reader_test {

using namespace socketio::cli;

namespace {

/// What a reader makes of an input that arrives in pieces of one size. A line that is too long appears as "(too long)".
struct Reading {
  Reading(const std::string& input, std::size_t piece, std::size_t line_max, Position start = {}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    LineReader reader(ends[0], line_max, start);
    std::size_t written = 0;
    for (bool more = true; more;) {
      std::string_view line;
      switch (reader.next(line)) {
        case LineReader::Next::line:
          lines.emplace_back(line);
          numbers.push_back(reader.line_number());
          break;
        case LineReader::Next::too_long:
          lines.emplace_back("(too long)");
          numbers.push_back(reader.line_number());
          break;
        case LineReader::Next::starved:
          if (written == input.size()) {
            ::close(ends[1]);
            ends[1] = -1;
          } else {
            const std::size_t size = std::min(piece, input.size() - written);
            REQUIRE(::write(ends[1], input.data() + written, size) == static_cast<ssize_t>(size));
            written += size;
          }
          REQUIRE(reader.fill() != LineReader::Fill::error);
          break;
        case LineReader::Next::end: more = false; break;
      }
    }
    position = reader.position();
    unterminated = reader.is_unterminated();
    ::close(ends[0]);
    if (ends[1] >= 0) {
      ::close(ends[1]);
    }
  }

  std::vector<std::string> lines;
  std::vector<std::uint64_t> numbers;
  Position position;
  bool unterminated = false;
};

using Lines = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("line reader: whatever the size of the pieces, the lines are the same") {
  const std::string input = "one\n\ntwo\r\n\r\n three \n0123456789\n0123456789x\nlast";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    CAPTURE(piece);
    const Reading reading(input, piece, 10);
    CHECK(reading.lines == Lines{"one", "two", " three ", "0123456789", "(too long)", "last"});
    CHECK(reading.numbers == Numbers{1, 3, 5, 6, 7, 8});
    CHECK(reading.position == Position{8, input.size()});
    CHECK(reading.unterminated);
  }
}

TEST_CASE("line reader: an input without any line") {
  CHECK(Reading("", 1, 10).lines.empty());
  CHECK(Reading("\n\r\n\n", 1, 10).lines.empty());
  CHECK(Reading("\n\r\n\n", 1, 10).position == Position{3, 4});
  CHECK_FALSE(Reading("a\n", 1, 10).unterminated);
}

TEST_CASE("line reader: the limit counts neither line feed nor carriage return") {
  for (std::size_t piece = 1; piece <= 6; ++piece) {
    CAPTURE(piece);
    CHECK(Reading("abc\nabcd\n", piece, 3).lines == Lines{"abc", "(too long)"});
    CHECK(Reading("abc\r\nabc\r\n", piece, 3).lines == Lines{"abc", "abc"});
    CHECK(Reading("abcd\r\nx\n", piece, 3).lines == Lines{"(too long)", "x"});
    CHECK(Reading("abcd", piece, 3).lines == Lines{"(too long)"});
    CHECK(Reading("abc", piece, 3).lines == Lines{"abc"});
  }
}

TEST_CASE("line reader: lines longer than its memory") {
  const std::string input = std::string(1'000'000, 'a') + "\nb\n" + std::string(3'000'000, 'c') + "\nd\n";
  const Reading reading(input, 60'000, 2'000'000);
  REQUIRE(reading.lines.size() == 4);
  CHECK(reading.lines[0] == std::string(1'000'000, 'a'));
  CHECK(reading.lines[1] == "b");
  CHECK(reading.lines[2] == "(too long)");
  CHECK(reading.lines[3] == "d");
  CHECK(reading.position == Position{4, input.size()});
}

TEST_CASE("line reader: many lines across many pieces") {
  std::string input;
  for (int i = 0; i < 20'000; ++i) {
    input += "{\"event\":\"e\",\"args\":[" + std::to_string(i) + "]}\n";
  }
  for (const std::size_t piece : {1'000U, 4'096U, 65'536U}) {
    const Reading reading(input, piece, 1'000);
    REQUIRE(reading.lines.size() == 20'000);
    CHECK(reading.lines.back() == R"({"event":"e","args":[19999]})");
    CHECK(reading.position == Position{20'000, input.size()});
  }
}

TEST_CASE("line reader: it counts on from where it starts") {
  const Reading reading("a\nb\n", 1, 10, {100, 5'000});
  CHECK(reading.numbers == Numbers{101, 102});
  CHECK(reading.position == Position{102, 5'004});
}

TEST_CASE("line reader: the position stays before a line that is too long until it is passed over") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "a\n12345678", 10) == 10);
  LineReader reader(ends[0], 3);
  std::string_view line;
  REQUIRE(reader.fill() == LineReader::Fill::data);
  REQUIRE(reader.next(line) == LineReader::Next::line);
  REQUIRE(reader.next(line) == LineReader::Next::too_long);
  CHECK(reader.line_number() == 2);
  CHECK(reader.position() == Position{1, 2});
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace line_reader_test
