#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/emitter/outlet.hpp>

namespace socketio {

/// Turns operations into what is published: a channel and a payload. No I/O. The emitters use it, and whoever wants to see the
/// bytes without sending them.
///
/// Everything that could hurt a receiver is refused here, whoever asks: reserved event names, arguments that are not
/// well-formed msgpack or nest too deep, names that are not UTF-8, messages above the limit.
///
/// The views returned are good until the next call. One encoder serves one thread at a time.
///
/// Source: docs/wire.md, "Emitter"; golden bytes in tests/golden/classic-emitter.json.
class SOCKETIO_API Encoder {
 public:
  /// `key`  the prefix of all channels; "socket.io" unless the fleet's adapters were given another `key`.
  explicit Encoder(std::string key = "socket.io", std::size_t message_bytes_max = limits::message_bytes_max);

  struct Publication {
    std::string_view channel;
    Bytes payload;
  };
  Publication event(const Target& target, Bytes data);
  Publication join(const Target& target, std::span<const Room> rooms);
  Publication leave(const Target& target, std::span<const Room> rooms);
  Publication disconnect(const Target& target, bool close);
  Publication server_side(std::string_view nsp, Bytes data);

 private:
  Publication finish() const;
  void begin_request(std::string_view nsp);

  std::string key_;
  std::size_t message_bytes_max_;
  Buffer channel_;
  Buffer payload_;
};

}  // namespace socketio
