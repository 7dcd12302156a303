#include <cstddef>
#include <cstdint>
#include <vector>

#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/transcode.hpp>

#include "fuzz/check.hpp"

// Property: a request that is accepted has what its type needs, its event is safe to pass on, and when it is sent again, it is
// accepted again and says the same. Errors point into the input.

using namespace socketio;
using classic_request::Type;

namespace {

std::vector<Room> as_rooms(const RoomList& list) {
  std::vector<Room> rooms;
  for (const std::string_view name : list) {
    rooms.emplace_back(name);
  }
  return rooms;
}

void check_event(const classic_request::View& view) {
  const auto name = event_data::name(view.data);
  FUZZ_CHECK(name.ok());
  FUZZ_CHECK(view.type == Type::broadcast ? !is_reserved_client_event(name->text) : !is_ignored_server_side_event(name->text));
  Buffer json;
  FUZZ_CHECK(transcode::msgpack_to_json(view.data, json).ok());
}

/// Everything is sent from here as a node of today does it. False for what only the older generation sends.
bool encode(Buffer& out, const classic_request::View& view) {
  const auto selected = as_rooms(view.target.rooms);
  const auto except = as_rooms(view.target.except);
  const auto rooms = as_rooms(view.rooms);
  const classic_request::Target target{selected, except, view.target.flags};
  const std::string_view request_id = view.request_id.value_or("");
  switch (view.type) {
    case Type::sockets: classic_request::encode_sockets(out, request_id, rooms); return true;
    case Type::all_rooms: classic_request::encode_all_rooms(out, view.uid, request_id); return true;
    case Type::join: classic_request::encode_join(out, view.uid, target, rooms); return view.sid.empty();
    case Type::leave: classic_request::encode_leave(out, view.uid, target, rooms); return view.sid.empty();
    case Type::disconnect: classic_request::encode_disconnect(out, view.uid, target, view.close); return view.sid.empty();
    case Type::fetch_sockets: classic_request::encode_fetch_sockets(out, view.uid, request_id, target); return true;
    case Type::server_side_event:
      FUZZ_CHECK(classic_request::encode_server_side_event(out, view.uid, request_id, view.data).ok());
      // A name that is binary becomes an object in JSON, and a date of the older generation text.
      return event_data::name(view.data)->kind == Kind::text;
    case Type::broadcast:
      classic_request::encode_broadcast(out, view.uid, request_id, view.data, view.nsp, target);
      return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Buffer scratch;
  const auto result = classic_request::decode({data, size}, scratch);
  if (!result.ok()) {
    FUZZ_CHECK(result.error().offset_bytes <= size);
    return 0;
  }
  const auto& view = result.value();
  const bool needs_answer = view.type == Type::sockets || view.type == Type::all_rooms || view.type == Type::fetch_sockets ||
                            view.type == Type::broadcast;
  FUZZ_CHECK(!needs_answer || view.request_id.has_value());
  if (view.type == Type::server_side_event || view.type == Type::broadcast) {
    check_event(view);
  }
  Buffer again;
  if (!encode(again, view)) {
    return 0;
  }
  Buffer second_scratch;
  const auto second = classic_request::decode(again.bytes(), second_scratch);
  FUZZ_CHECK(second.ok());
  FUZZ_CHECK(second->type == view.type && second->close == view.close);
  FUZZ_CHECK(second->rooms.size() == view.rooms.size() && second->target.rooms.size() == view.target.rooms.size());
  FUZZ_CHECK(second->target.except.size() == view.target.except.size());
  return 0;
}
