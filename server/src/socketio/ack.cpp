#include <socketio/server/ack.hpp>

#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/protocol/cursor.hpp>

namespace socketio {

Ack::Ack(Send send) : send_(std::make_shared<Send>(std::move(send))) {}

void Ack::send_packed(Bytes array) const {
  Cursor cursor(array);
  Item header;
  if (!check_items(array, 1, limits::depth_max / 2).ok() || !cursor.expect(Kind::array, header)) {
    throw Error(ErrorCode::bad_arguments, "An ack is a well-formed msgpack array of its values, not nested too deep.");
  }
  if (wanted()) {
    std::exchange(*send_, nullptr)(array);
  }
}

std::string_view text_of(AckStatus status) noexcept {
  switch (status) {
    case AckStatus::ok: return "";
    case AckStatus::timed_out: return "operation has timed out";
    case AckStatus::disconnected: return "socket has been disconnected";
    case AckStatus::refused: return "too many acks are pending";
  }
  return "";
}

}  // namespace socketio
