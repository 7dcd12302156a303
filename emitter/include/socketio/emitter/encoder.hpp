#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/fleet/operation.hpp>

namespace socketio {

namespace fleet {
class Dialect;
}

/// Encodes operations as they are published: a channel and a payload, or an entry of a stream. No I/O. Used by the emitters,
/// and by programs that show the bytes without sending them.
///
/// Rejects every operation that could crash a receiver: reserved event names, arguments that are not well-formed msgpack or
/// nest too deep, names that are not UTF-8, messages above the limit. Removes or rewrites values that are meaningless to
/// receivers and crash some of them (members named "__proto__", timestamps of odd sizes): see event_data::publishable().
///
/// The views returned are valid until the next call. One encoder serves one thread at a time.
///
/// Source: docs/wire.md, "Emitter", "Messages" and "Entries"; golden bytes in tests/golden/classic-emitter.json,
/// sharded-adapter.json, streams-adapter.json.
class SOCKETIO_API Encoder {
 public:
  /// Encoder for a classic fleet.
  ///
  /// `key`  the prefix of all channels; "socket.io" unless the fleet's adapters were given another `key`.
  explicit Encoder(std::string key = "socket.io", std::size_t message_bytes_max = limits::message_bytes_max);
  /// Throws Error(bad_utf8), and Error(bad_option) for Transport::automatic, and for a stream count of 0 or above limits::streams_max.
  explicit Encoder(Fleet fleet, std::size_t message_bytes_max = limits::message_bytes_max);

  Encoder(Encoder&& other) noexcept;
  Encoder& operator=(Encoder&& other) noexcept;
  ~Encoder();

  using Publication = socketio::Publication;
  using Command = Publication::Command;
  Publication encode(const Operation& operation);

  [[nodiscard]] const Fleet& fleet() const noexcept;
  [[nodiscard]] const ::socketio::fleet::Dialect& dialect() const noexcept { return *dialect_; }

 private:
  std::unique_ptr<::socketio::fleet::Dialect> dialect_;
  std::size_t message_bytes_max_;
};

}  // namespace socketio
