#include "socket_data.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "engine/engine_request.hpp"
#include "server_context.hpp"

namespace socketio::server {

struct SocketData::Rare {
  Buffer value;                            ///< once it is set
  std::unique_ptr<PackedRequest> request;  ///< once the session has ended
  Buffer handshake_json;                   ///< once the socket was fetched as JSON
};

SocketData::SocketData(Bytes auth) : issued_ms_(wall_ms()) { auth_.append(auth); }
SocketData::~SocketData() = default;

SocketData::Rare& SocketData::rare() {
  if (rare_ == nullptr) {
    rare_ = std::make_unique<Rare>();
  }
  return *rare_;
}

Bytes SocketData::value() const noexcept {
  static constexpr std::uint8_t empty_object[] = {0x80};
  return rare_ == nullptr || rare_->value.empty() ? Bytes(empty_object) : rare_->value.bytes();
}

void SocketData::set_value(Bytes value) {
  if (!check_items(value, 1, limits::depth_max / 2).ok()) {
    throw Error(ErrorCode::bad_arguments, "The data of a socket is one well-formed msgpack value, not nested too deep.");
  }
  restore_value(value);
}

void SocketData::restore_value(Bytes value) {
  rare().value.clear();
  rare().value.append(value);
}

Handshake SocketData::handshake(const Session* session) const {
  RequestInfo request;
  if (session != nullptr) {
    request = session->request();
  } else if (rare_ != nullptr && rare_->request != nullptr) {
    request = rare_->request->unpack();
  }
  Handshake handshake;
  handshake.headers = std::move(request.headers);
  handshake.query = std::move(request.query);
  handshake.address = std::move(request.address);
  handshake.url = std::move(request.url);
  handshake.xdomain = request.xdomain;
  handshake.secure = request.secure;
  handshake.issued_ms = issued_ms_;
  handshake.auth_packed.append(auth_.bytes());
  return handshake;
}

void SocketData::keep_request(const Session& session) {
  rare().request = std::make_unique<PackedRequest>(session.packed_request());
}

void SocketData::describe(Buffer& out, const adapter::Member& socket, const Session* session) const {
  pack::map_header(out, 4);
  pack::text(out, "id");
  pack::text(out, socket.id());
  pack::text(out, "handshake");
  handshake(session).pack(out);
  pack::text(out, "rooms");
  pack::array_header(out, static_cast<std::uint32_t>(adapter::RoomIndex::room_count(socket)));
  adapter::RoomIndex::for_each_room(socket, [&out](std::string_view room) { pack::text(out, room); });
  pack::text(out, "data");
  out.append(value());
}

bool SocketData::describe_json(Buffer& out, const adapter::Member& socket, const Session* session) {
  Buffer& handshake_json = rare().handshake_json;
  if (handshake_json.empty()) {
    Buffer packed;
    handshake(session).pack(packed);
    if (!transcode::msgpack_to_json(packed.bytes(), handshake_json).ok()) {
      return false;
    }
  }
  const std::size_t start = out.size();
  out.append(std::string_view("{\"id\":"));
  transcode::append_json_string(out, socket.id());
  out.append(std::string_view(",\"handshake\":"));
  out.append(handshake_json.bytes());
  out.append(std::string_view(",\"rooms\":["));
  bool first = true;
  adapter::RoomIndex::for_each_room(socket, [&out, &first](std::string_view room) {
    if (!std::exchange(first, false)) {
      out.push_back(',');
    }
    transcode::append_json_string(out, room);
  });
  out.append(std::string_view("],\"data\":"));
  if (!transcode::msgpack_to_json(value(), out).ok()) {
    out.truncate(start);
    return false;
  }
  out.push_back('}');
  return true;
}

}  // namespace socketio::server
