#include <cstddef>
#include <cstdint>
#include <string_view>

#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cursor.hpp>

#include "fuzz/check.hpp"

// Property: a response that is accepted can be read to the end in every way a pending request may want to, what is given out is
// whole items, and no list yields more than it has bytes. Errors point into the input.

using namespace socketio;

namespace {

void read_names(Bytes list) {
  classic_response::NameReader reader(list);
  std::string_view name;
  std::size_t count = 0;
  while (reader.next(name)) {
    ++count;
  }
  FUZZ_CHECK(count + reader.skipped_count() <= list.size());
}

void read_sockets(Bytes list) {
  classic_response::SocketReader reader(list);
  classic_response::Socket socket;
  std::size_t count = 0;
  while (reader.next(socket)) {
    ++count;
    FUZZ_CHECK(socket.handshake.empty() || Cursor(socket.handshake).skip());
    for (const std::string_view room : socket.rooms) {
      FUZZ_CHECK(room.data() != nullptr);
    }
  }
  FUZZ_CHECK(count + reader.skipped_count() <= list.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Buffer scratch;
  const auto result = classic_response::decode({data, size}, scratch);
  if (!result.ok()) {
    FUZZ_CHECK(result.error().offset_bytes <= size);
    return 0;
  }
  for (const Bytes member : {result->sockets, result->rooms, result->data, result->packet}) {
    FUZZ_CHECK(member.empty() || check_items(member, 1, limits::depth_max + 3).ok());
    read_names(member);
    read_sockets(member);
  }
  Buffer again;
  classic_response::encode_ack(again, result->request_id, result->packet);
  Buffer second_scratch;
  const auto second = classic_response::decode(again.bytes(), second_scratch);
  FUZZ_CHECK(second.ok() && second->request_id == result->request_id);
  return 0;
}
