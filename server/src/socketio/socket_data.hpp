#pragma once

#include <cstdint>
#include <memory>

#include <socketio/adapter/room_index.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/handshake.hpp>

namespace socketio::server {

/// Data of a socket for its application and for other servers: the handshake of its client, and the value that the application
/// has set.
class SocketData {
 public:
  /// `auth`  msgpack object, or empty.
  explicit SocketData(Bytes auth);
  ~SocketData();

  [[nodiscard]] Bytes auth() const noexcept { return auth_.bytes(); }
  /// The value; an empty object unless it is set.
  [[nodiscard]] Bytes value() const noexcept;
  /// Throws Error(bad_arguments) when it is not one well-formed value.
  void set_value(Bytes value);
  /// As set_value(), for a value that was checked before, or an empty one.
  void restore_value(Bytes value);

  /// `session`  null after keep_request().
  [[nodiscard]] Handshake handshake(const Session* session) const;
  /// Keeps the request of a session that is about to end, for handshake().
  void keep_request(const Session& session);

  /// Appends {id, handshake, rooms, data} of a socket, msgpack.
  void describe(Buffer& out, const adapter::Member& socket, const Session* session) const;
  /// Appends the same as JSON. The JSON of the handshake is made once and kept, because sockets are fetched repeatedly. False,
  /// and nothing is appended, when the value is no JSON.
  bool describe_json(Buffer& out, const adapter::Member& socket, const Session* session);

 private:
  /// Members that few sockets need.
  struct Rare;
  [[nodiscard]] Rare& rare();

  std::int64_t issued_ms_;
  Buffer auth_;
  std::unique_ptr<Rare> rare_;
};

}  // namespace socketio::server
