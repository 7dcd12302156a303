// What is kept so that clients can go on where a lost connection ended.

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

#include <socketio/adapter/in_memory.hpp>

#include "fake_host.hpp"

namespace in_memory_recovery_test {

using namespace fake;
using adapter::InMemoryAdapter;
using adapter::RecoveryOptions;
using adapter::SavedSession;
using socketio::Operation;
using socketio::Target;
using Names = std::vector<std::string>;

namespace {

RecoveryOptions enabled() {
  RecoveryOptions options;
  options.enabled = true;
  return options;
}

struct Recovery {
  explicit Recovery(const RecoveryOptions& options = enabled()) : host(1, options), memory(host) {}

  /// Broadcasts, and returns the offset that was added.
  std::string emit(std::string_view text, std::vector<Room> rooms = {}, std::vector<Room> except = {}, Flags flags = {}) {
    host.shard[0]->calls.clear();
    memory.apply(Operation::emit(Target{.rooms = rooms, .except = except, .flags = flags}, event("e", text).bytes()));
    const std::string call = host.shard[0]->calls.at(0);
    const std::string after = "deliver [\"e\",\"" + std::string(text) + "\",\"";
    return call.starts_with(after) ? call.substr(after.size(), call.find('"', after.size()) - after.size()) : "";
  }

  /// `offset`  of the last event that was sent to it.
  void save(const std::string& pid, const Names& rooms = {}, const std::string& offset = {}) {
    SavedSession session{"sid-" + pid, pid, rooms, {}, offset};
    pack::text(session.data, "data of " + pid);
    memory.save(std::move(session));
  }

  /// The texts that were missed; nothing when there is no recovery.
  std::optional<Names> recover(std::string_view pid, std::string_view offset) {
    std::optional<Names> missed;
    bool called = false;
    memory.recover(pid, offset, [&](std::optional<SavedSession> session) {
      called = true;
      if (session) {
        last = std::move(*session);
        missed = catch_up(offset);
      }
    });
    CHECK(called);
    return missed;
  }

  /// The texts that the session recovered last has missed.
  std::optional<Names> catch_up(std::string_view offset) {
    std::optional<Names> missed;
    memory.catch_up(last, offset, [&missed](const std::optional<adapter::MissedPackets>& packets) {
      if (packets) {
        missed.emplace();
        for (const Buffer& packet : *packets) {
          missed->push_back(Arguments::of_array(packet.bytes(), 1).as<std::string>(0).value_or("?"));
        }
      }
    });
    return missed;
  }

  Host host;
  InMemoryAdapter memory;
  SavedSession last;
};

}  // namespace

TEST_CASE("recovery: offsets are the time in 64 digits, and a place within the millisecond") {
  Recovery recovery;
  CHECK(recovery.emit("a") == "OlFvMW0");
  CHECK(recovery.emit("b") == "OlFvMW0.0");
  CHECK(recovery.emit("c") == "OlFvMW0.1");
  recovery.host.time.advance(1);
  CHECK(recovery.emit("d") == "OlFvMW1");
  recovery.host.time.set_wall_ms(0);  // a clock that is set back makes no offset twice
  CHECK(recovery.emit("e") == "OlFvMW1.0");
  CHECK(recovery.memory.packet_count() == 5);
}

TEST_CASE("recovery: volatile events, and all without recovery, are neither kept nor marked") {
  Recovery recovery;
  CHECK(recovery.emit("a", {}, {}, Flags().set_volatile()).empty());
  CHECK(recovery.emit("b", {}, {}, Flags().set_volatile(false)).empty());  // the flag is there, whatever its value
  CHECK(recovery.memory.packet_count() == 0);
  Recovery off{RecoveryOptions()};
  CHECK_FALSE(off.memory.keeps_packets());
  CHECK(off.emit("a").empty());
  off.save("p");
  CHECK(off.memory.session_count() == 0);
  CHECK(off.recover("p", "OlFvMW0") == std::nullopt);
  CHECK(off.host.time.timer_count() == 0);
}

TEST_CASE("recovery: what came after the offset is missed, in order, each once") {
  Recovery recovery;
  recovery.emit("before");
  const std::string seen = recovery.emit("seen");
  recovery.save("p", {"sid-p", "x"});
  recovery.emit("one");
  recovery.emit("two");
  CHECK(recovery.recover("p", seen) == Names{"one", "two"});
  CHECK(recovery.last.sid == "sid-p");
  CHECK(recovery.last.pid == "p");
  CHECK(recovery.last.rooms == Names{"sid-p", "x"});
  CHECK(json(recovery.last.data.bytes()) == "\"data of p\"");
  CHECK(recovery.recover("p", seen) == Names{"one", "two"});  // a session may be used again
  CHECK(recovery.memory.counters().sessions_saved == 1);
  CHECK(recovery.memory.counters().sessions_recovered == 2);
}

TEST_CASE("recovery: only events for the session's rooms are missed") {
  Recovery recovery;
  const std::string seen = recovery.emit("seen");
  recovery.save("p", {"sid-p", "x", "y"});
  recovery.emit("everybody");
  recovery.emit("to x", {"x"});
  recovery.emit("to z", {"z"});
  recovery.emit("to x and z", {"z", "x"});
  recovery.emit("without y", {}, {"y"});
  recovery.emit("to x without y", {"x"}, {"y"});
  recovery.emit("without z", {}, {"z"});
  recovery.emit("private", {"sid-p"});
  CHECK(recovery.recover("p", seen) == Names{"everybody", "to x", "to x and z", "without z", "private"});
}

TEST_CASE("recovery: unknown sessions, and offsets that were never given, fail") {
  Recovery recovery;
  const std::string seen = recovery.emit("seen");
  recovery.save("p");
  CHECK(recovery.recover("nobody", seen) == std::nullopt);
  for (const std::string offset : {"", ".", "OlFvMW0.", ".0", "OlFvMW0.0", "OlFvMVz", "OlFvMW1", "OlFvMW0 ", "$$$$",
                                   "OlFvMW0.0.0", "OlFvMW0OlFvMW0OlFvMW0", "OlFvMW0\xff"}) {
    CAPTURE(offset);
    CHECK(recovery.recover("p", offset) == std::nullopt);
  }
  CHECK(recovery.memory.counters().recoveries_failed == 13);
  CHECK(recovery.recover("p", seen) == Names{});
}

TEST_CASE("recovery: sessions and packets expire") {
  RecoveryOptions options = enabled();
  options.max_disconnection = std::chrono::milliseconds(100'000);
  Recovery recovery(options);
  const std::string seen = recovery.emit("seen");
  recovery.save("p");
  recovery.host.time.advance(99'999);
  CHECK(recovery.recover("p", seen) == Names{});
  recovery.host.time.advance(1);
  CHECK(recovery.recover("p", seen) == std::nullopt);
  const std::string later = recovery.emit("later");
  CHECK(recovery.recover("p", later) == std::nullopt);
}

TEST_CASE("recovery: the last event of a session stays a mark as long as the session, however old it is") {
  RecoveryOptions options = enabled();
  options.max_disconnection = std::chrono::milliseconds(5'000);
  Recovery recovery(options);
  const std::string earlier = recovery.emit("earlier");
  const std::string last = recovery.emit("last");
  recovery.host.time.advance(60'000);
  recovery.emit("to others", {"others"});
  recovery.save("p", {"sid-p"}, last);
  recovery.host.time.advance(2'000);
  recovery.emit("missed", {"sid-p"});
  CHECK(recovery.recover("p", last) == Names{"missed"});
  CHECK(recovery.recover("p", earlier) == std::nullopt);
  recovery.host.time.advance(2'999);
  CHECK(recovery.recover("p", last) == Names{"missed"});
  CHECK(recovery.last.offset == last);
  recovery.host.time.advance(1);
  CHECK(recovery.recover("p", last) == std::nullopt);
}

TEST_CASE("recovery: a mark does not help when events since the session was saved are gone") {
  RecoveryOptions options = enabled();
  options.packets_max = 1;
  Recovery recovery(options);
  const std::string last = recovery.emit("last");
  recovery.emit("to others", {"others"});
  recovery.save("p", {"sid-p"}, last);
  recovery.emit("kept", {"sid-p"});
  CHECK(recovery.recover("p", last) == Names{"kept"});
  recovery.emit("pushes it out", {"sid-p"});
  CHECK(recovery.recover("p", last) == std::nullopt);
}

TEST_CASE("recovery: what has expired is cleaned away without anybody asking, and then the timer rests") {
  Recovery recovery;
  recovery.emit("a");
  recovery.save("p");
  CHECK(recovery.host.time.timer_count() == 1);
  recovery.host.time.advance(60'000);
  CHECK(recovery.memory.packet_count() == 1);
  CHECK(recovery.memory.session_count() == 1);
  recovery.host.time.advance(60'000);
  CHECK(recovery.memory.session_count() == 0);
  recovery.host.time.advance(60'000);
  CHECK(recovery.memory.packet_count() == 0);
  CHECK(recovery.host.time.timer_count() == 0);
  recovery.emit("b");
  CHECK(recovery.host.time.timer_count() == 1);
  recovery.memory.close();
  CHECK(recovery.host.time.timer_count() == 0);
}

TEST_CASE("recovery: the oldest packets go first when there are too many, or too many bytes") {
  RecoveryOptions options = enabled();
  options.packets_max = 3;
  Recovery recovery(options);
  const std::string first = recovery.emit("first");
  const std::string second = recovery.emit("second");
  recovery.save("p");
  recovery.emit("third");
  recovery.emit("fourth");
  CHECK(recovery.recover("p", first) == std::nullopt);
  CHECK(recovery.recover("p", second) == Names{"third", "fourth"});
  CHECK(recovery.memory.counters().packets_dropped == 1);

  options = enabled();
  options.packet_bytes_max = 3'000;
  Recovery small(options);
  for (int i = 0; i < 5; ++i) {
    small.emit(std::string(1'000, 'x'));
  }
  CHECK(small.memory.packet_count() == 2);
  small.emit(std::string(10'000, 'x'));  // one is kept, whatever its size
  CHECK(small.memory.packet_count() == 1);
}

TEST_CASE("recovery: the rooms of a packet count among the bytes that are kept") {
  RecoveryOptions options = enabled();
  options.packet_bytes_max = 3'000;
  Recovery recovery(options);
  for (int i = 0; i < 5; ++i) {
    recovery.emit("x", {std::string(1'000, 'r')});
  }
  CHECK(recovery.memory.packet_count() == 2);
}

TEST_CASE("recovery: the oldest sessions go first when there are too many") {
  RecoveryOptions options = enabled();
  options.sessions_max = 2;
  Recovery recovery(options);
  const std::string seen = recovery.emit("seen");
  recovery.save("a");
  recovery.save("b");
  recovery.save("c");
  CHECK(recovery.memory.session_count() == 2);
  CHECK(recovery.recover("a", seen) == std::nullopt);
  CHECK(recovery.recover("b", seen).has_value());
  CHECK(recovery.recover("c", seen).has_value());
}

TEST_CASE("recovery: a session that is saved again is the youngest, and drives out no other") {
  RecoveryOptions options = enabled();
  options.sessions_max = 2;
  Recovery recovery(options);
  const std::string seen = recovery.emit("seen");
  recovery.save("a");
  recovery.host.time.advance(1);
  recovery.save("b");
  recovery.host.time.advance(1);
  recovery.save("a", {"new"});
  CHECK(recovery.recover("b", seen).has_value());
  REQUIRE(recovery.recover("a", seen).has_value());
  CHECK(recovery.last.rooms == Names{"new"});
  recovery.host.time.advance(1);
  recovery.save("c");
  CHECK(recovery.recover("a", seen).has_value());
  CHECK(recovery.recover("b", seen) == std::nullopt);
  CHECK(recovery.recover("c", seen).has_value());
}

TEST_CASE("recovery: a session that is saved again lives as long as it would have anyway") {
  RecoveryOptions options = enabled();
  options.max_disconnection = std::chrono::milliseconds(100'000);
  Recovery recovery(options);
  recovery.save("a");
  recovery.host.time.advance(50'000);
  const std::string seen = recovery.emit("seen");
  recovery.save("a");
  recovery.host.time.advance(99'999);
  CHECK(recovery.recover("a", seen).has_value());
}

TEST_CASE("recovery: a packet stays good while it is delivered, also when that makes others") {
  RecoveryOptions options = enabled();
  options.packets_max = 1;
  Recovery recovery(options);
  Shard& shard = *recovery.host.shard[0];
  bool nested = false;
  shard.on_deliver = [&] {
    if (!std::exchange(nested, true)) {
      recovery.memory.apply(Operation::emit({}, event("inner").bytes()));
    }
  };
  recovery.memory.apply(Operation::emit({}, event("outer", std::string(1'000, 'x')).bytes()));
  REQUIRE(shard.calls.size() == 4);
  CHECK(shard.calls[1].starts_with("deliver [\"inner\""));
  CHECK(shard.calls[3].starts_with("delivered [\"outer\",\"xx"));
}

}  // namespace in_memory_recovery_test
