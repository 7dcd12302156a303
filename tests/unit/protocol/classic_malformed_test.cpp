#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/event_data.hpp>

#include "classic_fixture.hpp"

namespace classic_malformed_test {

using namespace socketio;
using golden::Json;

namespace {

/// The vectors of one target that are no error for us. Everything else in the file is refused; in particular all that makes a
/// JavaScript node raise an exception, but for the one named below.
const std::set<std::string> accepted = {
    // The list holds something that names no room: nobody is selected, as in the reference.
    "classic-broadcast/rooms-nested-array",
    // Flags and uid do not have to be understood to deliver the packet, and the reference does.
    "classic-broadcast/flags-string",
    "classic-broadcast/uid-map",
    // Fine requests: a member "__proto__" is left out, no rooms means all.
    "classic-request/json-proto-key",
    "classic-request/sockets-without-rooms",
    // Ends a JavaScript node, because its event emitter treats the name specially. For us it is a name like any other.
    "classic-request/server-side-emit-error-event",
    // Responses that somebody may have asked for; what they hold is judged when that is known.
    "classic-response/unknown-request",
    "classic-response/fetch-without-sockets",
    "classic-response/fetch-sockets-string",
    "classic-response/fetch-sockets-null-member",
    "classic-response/fetch-sockets-incomplete-member",
};

/// Decodes every malformed message of a target with `decode(payload)`, which says whether it was accepted, each followed by a
/// good one. Returns how many there were.
template <typename Decode>
std::size_t check_all(const std::string& target, const std::vector<std::uint8_t>& good, Decode decode) {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    if (vector.at("target") == target) {
      const std::string name = vector.at("name");
      CAPTURE(name);
      CHECK(decode(golden::payload(vector)) == accepted.contains(name));
      CHECK(decode(good));
      ++count;
    }
  }
  return count;
}

std::vector<std::uint8_t> of_text(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("malformed: only the listed broadcasts are accepted, and a good one is decoded after each") {
  const auto good = golden::payload(golden::vector("classic-emitter", "one-room"));
  const std::size_t count =
      check_all("classic-broadcast", good, [](const auto& payload) { return broadcast::decode(payload).ok(); });
  CHECK(count == 46);
}

TEST_CASE("malformed: only the listed requests are accepted, and a good one is decoded after each") {
  Buffer scratch;
  const auto good = golden::payload(golden::vector("classic-adapter", "all-rooms"));
  const std::size_t count =
      check_all("classic-request", good, [&](const auto& payload) { return classic_request::decode(payload, scratch).ok(); });
  CHECK(count == 57);
}

TEST_CASE("malformed: only the listed responses are accepted, and a good one is decoded after each") {
  Buffer scratch;
  const auto good = of_text(R"({"requestId":"abc123","sockets":[]})");
  const std::size_t count =
      check_all("classic-response", good, [&](const auto& payload) { return classic_response::decode(payload, scratch).ok(); });
  CHECK(count == 31);
}

TEST_CASE(
    "malformed: what makes a JavaScript node raise an exception is an error for us, but for a name that is special there") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    const std::string name = vector.at("name");
    if (name.starts_with("classic-") && fixture::text(vector, "node").starts_with("uncaught")) {
      CAPTURE(name);
      CHECK(accepted.contains(name) == (name == "classic-request/server-side-emit-error-event"));
      ++count;
    }
  }
  CHECK(count == 43);
}

TEST_CASE("malformed: accepted broadcasts are harmless") {
  const auto nobody = golden::payload(golden::vector("malformed", "classic-broadcast/rooms-nested-array"));
  const auto view = broadcast::decode(nobody);
  REQUIRE(view.ok());
  CHECK(fixture::names(view->rooms) == std::vector<std::string>{std::string(RoomList::nobody)});
  const auto odd_uid = golden::payload(golden::vector("malformed", "classic-broadcast/uid-map"));
  CHECK(broadcast::decode(odd_uid)->uid.empty());
}

TEST_CASE("malformed: accepted responses hold no socket that is none") {
  for (const auto* name : {"fetch-sockets-string", "fetch-sockets-null-member", "fetch-sockets-incomplete-member"}) {
    CAPTURE(name);
    Buffer scratch;
    const auto payload = golden::payload(golden::vector("malformed", std::string("classic-response/") + name));
    const auto view = classic_response::decode(payload, scratch);
    REQUIRE(view.ok());
    classic_response::SocketReader reader(view->sockets);
    classic_response::Socket socket;
    CHECK_FALSE(reader.next(socket));
  }
}

}  // namespace classic_malformed_test
