#include <cstddef>
#include <cstdint>
#include <vector>

#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/transcode.hpp>

#include "fuzz/check.hpp"

// Property: a broadcast that is accepted is safe to deliver - a name that clients survive, data that becomes JSON - and when it
// is published again, it is accepted again and says the same. Errors point into the input.

using namespace socketio;

namespace {

std::vector<Room> as_rooms(const RoomList& list) {
  std::vector<Room> rooms;
  for (const std::string_view name : list) {
    rooms.emplace_back(name);
  }
  return rooms;
}

bool same(Bytes a, Bytes b) { return as_text(a) == as_text(b); }

void check_deliverable(const broadcast::View& view) {
  const auto name = event_data::name(view.data);
  FUZZ_CHECK(name.ok());
  FUZZ_CHECK(!is_reserved_client_event(name->text));
  Buffer json;
  FUZZ_CHECK(transcode::msgpack_to_json(view.data, json).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes payload(data, size);
  const auto result = broadcast::decode(payload);
  const std::string_view uid = broadcast::peek_uid(payload);
  if (!result.ok()) {
    FUZZ_CHECK(result.error().offset_bytes <= size);
    return 0;
  }
  FUZZ_CHECK(result->uid == uid);
  check_deliverable(result.value());

  const auto rooms = as_rooms(result->rooms);
  const auto except = as_rooms(result->except);
  Buffer again;
  broadcast::encode(again, {.uid = uid,
                            .nsp = result->nsp,
                            .data = result->data,
                            .rooms = rooms,
                            .except = except,
                            .flags = result->flags,
                            .id = result->id,
                            .order = broadcast::OptionsOrder::adapter});
  const auto second = broadcast::decode(again.bytes());
  FUZZ_CHECK(second.ok());
  FUZZ_CHECK(second->uid == uid && second->nsp == result->nsp && second->id == result->id);
  FUZZ_CHECK(same(second->data, result->data));
  FUZZ_CHECK(second->flags == result->flags);
  FUZZ_CHECK(second->rooms.size() == rooms.size() && second->except.size() == except.size());
  return 0;
}
