#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "emit/pacer.hpp"
#include "common/text.hpp"

namespace units_test {

namespace units = socketio::cli::units;
namespace text = socketio::cli::text;
using namespace std::chrono_literals;
using socketio::cli::Pacer;
using socketio::cli::Schedule;

TEST_CASE("units: a duration is a number with its unit") {
  CHECK(units::duration("500ms") == 500ms);
  CHECK(units::duration("5s") == 5s);
  CHECK(units::duration("1.5s") == 1500ms);
  CHECK(units::duration("1m") == 60s);
  CHECK(units::duration("24h") == 24h);
  for (const char* bad :
       {"", "5", "s", "0s", "-1s", "5 s", "5sec", "25h", "1e3ms", "1.s", ".5s", "nans", "infs", "0x1s", "5s5s"}) {
    CAPTURE(bad);
    CHECK_FALSE(units::duration(bad));
  }
}

TEST_CASE("units: a size is a number of bytes, or with K, M or G") {
  CHECK(units::size("1") == 1);
  CHECK(units::size("512K") == 512 * 1024);
  CHECK(units::size("64M") == 64 * 1024 * 1024);
  CHECK(units::size("64m") == 64 * 1024 * 1024);
  CHECK(units::size("1G") == 1024 * 1024 * 1024);
  for (const char* bad : {"", "0", "-1", "2G", "64MB", "64 M", "M", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(units::size(bad));
  }
}

TEST_CASE("units: a rate is emits per second") {
  CHECK(units::rate("1000/s") == 1000.0);
  CHECK(units::rate("1000") == 1000.0);
  CHECK(units::rate("0.5/s") == 0.5);
  for (const char* bad : {"", "0", "0/s", "-1/s", "10/m", "/s", "10/", "fast", "1e99"}) {
    CAPTURE(bad);
    CHECK_FALSE(units::rate(bad));
  }
}

TEST_CASE("units: a speed is how many times as fast") {
  CHECK(units::speed("2") == 2.0);
  CHECK(units::speed("0.5") == 0.5);
  CHECK(units::speed("1000000") == 1e6);
  for (const char* bad : {"", "0", "-1", "2x", "max", "nan", "inf", "0.0000001", "1000001", "1e3"}) {
    CAPTURE(bad);
    CHECK_FALSE(units::speed(bad));
  }
}

TEST_CASE("units: numbers are written for people") {
  CHECK(units::grouped(0) == "0");
  CHECK(units::grouped(999) == "999");
  CHECK(units::grouped(1'000) == "1,000");
  CHECK(units::grouped(1'234'567) == "1,234,567");
  CHECK(units::counted(1, "server") == "1 server");
  CHECK(units::counted(2'000, "server") == "2,000 servers");
  CHECK(units::size_text(64 << 20) == "64M");
  CHECK(units::size_text(1000) == "1,000 bytes");
  CHECK(units::duration_text(500ms) == "500ms");
  CHECK(units::duration_text(5s) == "5s");
  CHECK(units::duration_text(60s) == "1m");
  CHECK(units::duration_text(90s) == "1m30s");
}

TEST_CASE("text: an excerpt is short, whole characters only, and cannot play with a terminal") {
  CHECK(text::excerpt("short") == "short");
  CHECK(text::excerpt("abcdef", 3) == "abc...");
  CHECK(text::excerpt("aéé", 2) == "a...");
  CHECK(text::excerpt("a\x1b[31m\n\x7f") == "a?[31m??");
  CHECK(text::excerpt("\xff") == "\uFFFD");
  CHECK(text::excerpt("\xc2\x9b"
                      "2J\xc2\x80\xc2\xa0"
                      "é") == "?2J?\xc2\xa0é");
}

TEST_CASE("printable: DEL, C1 controls, bidi marks and characters without width are replaced in text") {
  CHECK(text::printable("a\x1b[31m\n\x7f\u0085\u009b") == "a?[31m????");
  for (const std::string_view hidden : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069",  // direction
                                        "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e",  // no width
                                        "\u2028", "\u2029", "\u115f", "\u3164", "\uffa0", "\ufff9", "\U000e0041"}) {
    CAPTURE(hidden);
    CHECK(text::printable("a" + std::string(hidden) + "b") == "a?b");
    CHECK(text::excerpt("a" + std::string(hidden) + "b") == "a?b");
    const std::string json = text::printable_json("\"a" + std::string(hidden) + "b\"");
    CHECK(json.starts_with("\"a\\u"));
    CHECK(json.ends_with("b\""));
  }
  CHECK(text::printable("k\u00fcche \u5bff\u53f8 e\u0301 \U0001f375 \u2764\ufe0f") ==
        "k\u00fcche \u5bff\u53f8 e\u0301 \U0001f375 \u2764\ufe0f");
  CHECK(text::printable_lines("one\ntwo\r\n") == "one\ntwo?\n");
  CHECK(text::printable("\xff\xe2\x80") == "\ufffd\ufffd");
}

TEST_CASE("printable: JSON keeps its meaning, with escapes for what a terminal obeys or hides") {
  CHECK(text::printable_json("{\"a\":\"k\u00fcche\"}\n") == "{\"a\":\"k\u00fcche\"}\n");
  CHECK_FALSE(text::needs_json_escapes("{\"a\":\"k\u00fcche\"}\n"));
  CHECK(text::printable_json("\"\x7f\u0080\u009b\u202e\"") == "\"\\u007f\\u0080\\u009b\\u202e\"");
  CHECK(text::printable_json("\"\U000e0041\"") == "\"\\udb40\\udc41\"");
}

TEST_CASE("printable: width counts the columns of a terminal") {
  CHECK(text::width("k\u00fcche") == 5);
  CHECK(text::width("\u5bff\u53f8") == 4);
  CHECK(text::width("e\u0301") == 1);
  CHECK(text::width("\U0001f375") == 2);
  CHECK(text::width("\uff21") == 2);
  CHECK(text::width("\ud55c") == 2);
}

TEST_CASE("text: columns count characters, not bytes") {
  CHECK(text::column("abc", 0) == 1);
  CHECK(text::column("abc", 2) == 3);
  CHECK(text::column("é}", 2) == 2);
}

TEST_CASE("text: words are quoted as a shell reads them") {
  CHECK(text::shell_quoted("\"hello\"") == "'\"hello\"'");
  CHECK(text::shell_quoted("it's") == "'it'\\''s'");
}

TEST_CASE("text: the distance of two words is the number of single changes") {
  CHECK(text::distance("", "") == 0);
  CHECK(text::distance("room", "room") == 0);
  CHECK(text::distance("rooom", "room") == 1);
  CHECK(text::distance("", "room") == 4);
  CHECK(text::distance("kitten", "sitting") == 3);
}

TEST_CASE("pacer: emits are spread evenly, and what gets due within a slice goes together") {
  const Pacer::Time start{};
  Pacer pacer(10, start);
  CHECK(pacer.wait(start).count() == 0);
  pacer.count(start);
  CHECK(pacer.wait(start) == 100ms);
  CHECK(pacer.wait(start + 60ms) == 40ms);
  CHECK(pacer.wait(start + 100ms).count() == 0);

  Pacer fast(10'000, start);
  fast.count(start);
  CHECK(fast.wait(start) == Pacer::slice);
}

TEST_CASE("pacer: after a long hold-up only a little is caught up on") {
  const Pacer::Time start{};
  Pacer pacer(1000, start);
  int burst = 0;
  while (pacer.wait(start + 10s).count() <= 0) {
    pacer.count(start + 10s);
    ++burst;
  }
  CHECK(burst >= 50);
  CHECK(burst <= 52);
}

TEST_CASE("pacer: over time the rate is exact") {
  Pacer::Time now{};
  const Pacer::Time end = now + 10s;
  Pacer pacer(300, now);
  int count = 0;
  while (now < end) {
    if (const auto wait = pacer.wait(now); wait.count() > 0) {
      now += std::chrono::ceil<std::chrono::milliseconds>(wait);
    } else {
      pacer.count(now);
      ++count;
    }
  }
  CHECK(count >= 2999);
  CHECK(count <= 3001);
}

TEST_CASE("schedule: the first line goes at once, whenever it was recorded, and the others follow it as they did then") {
  const Schedule::Time start{};
  Schedule schedule(1);
  CHECK(schedule.wait(7'000, start) == 0ns);
  CHECK(schedule.wait(8'250, start) == 1'250ms);
  CHECK(schedule.wait(8'250, start + 1s) == 250ms);
  CHECK(schedule.wait(8'250, start + 1'250ms) == 0ns);
}

TEST_CASE("schedule: at another speed") {
  const Schedule::Time start{};
  Schedule twice(2);
  CHECK(twice.wait(0, start) == 0ns);
  CHECK(twice.wait(1'001, start) == 500'500us);
  Schedule slowly(0.25);
  CHECK(slowly.wait(0, start) == 0ns);
  CHECK(slowly.wait(100, start) == 400ms);
}

TEST_CASE("schedule: a line that is late goes at once, and those behind it keep their own time") {
  const Schedule::Time start{};
  Schedule schedule(1);
  CHECK(schedule.wait(0, start) == 0ns);
  CHECK(schedule.wait(100, start + 350ms) == 0ns);
  CHECK(schedule.wait(200, start + 350ms) == 0ns);
  CHECK(schedule.wait(400, start + 350ms) == 50ms);
}

TEST_CASE("schedule: it does not drift, however many lines are a little late") {
  Schedule::Time now{};
  const Schedule::Time start = now;
  Schedule schedule(3);
  for (std::uint64_t line = 0; line <= 30'000; ++line) {
    now += std::chrono::ceil<std::chrono::milliseconds>(schedule.wait(line * 10, now)) + 300us;
  }
  CHECK(now - start >= 100s);
  CHECK(now - start < 100s + 2ms);
}

TEST_CASE("schedule: a time beyond what a clock counts is very late, and no overflow") {
  const Schedule::Time start{};
  Schedule schedule(1e-6);
  CHECK(schedule.wait(0, start) == 0ns);
  CHECK(schedule.wait(std::uint64_t{1} << 53, start) > std::chrono::hours(24 * 365));
}

}  // namespace units_test
