#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/emitter/outlet.hpp>
#include <socketio/fleet/fleet.hpp>

namespace socketio {

namespace cluster_message {
enum class Type : std::uint8_t;
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
  /// Throws Error(bad_utf8), and Error(bad_option) for a stream count of 0 or above limits::streams_max.
  explicit Encoder(Fleet fleet, std::size_t message_bytes_max = limits::message_bytes_max);

  enum class Command : std::uint8_t {
    publish,          ///< PUBLISH channel payload
    publish_sharded,  ///< SPUBLISH channel payload
    add_entry,        ///< XADD: `words`
  };
  struct Publication {
    std::string_view channel;  ///< name of the stream for add_entry
    Bytes payload;             ///< the entry's field `data` for add_entry
    Command command = Command::publish;
    std::span<const std::string_view> words = {};  ///< the whole command for add_entry
  };
  Publication encode(const Operation& operation);

  [[nodiscard]] const Fleet& fleet() const noexcept { return fleet_; }

 private:
  using Type = cluster_message::Type;

  Publication event(const Target& target, Bytes data);
  Publication request(const Operation& operation);
  Publication server_side(std::string_view nsp, Bytes data);
  Publication finish() const;
  void begin_request(std::string_view nsp);
  Buffer& begin_message();
  Publication broadcast_message(const Target& target, Bytes event);
  Publication message(Type type, std::string_view nsp);
  Publication to_main(std::string_view nsp, Command command);
  Publication as_entry(Type type, std::string_view nsp);
  void check_size() const;
  [[nodiscard]] bool is_classic() const noexcept { return fleet_.transport == Transport::classic; }

  Fleet fleet_;
  std::size_t message_bytes_max_;
  std::string length_max_text_;
  Buffer channel_;
  Buffer payload_;
  Buffer data_;         ///< data of a message, in msgpack
  Buffer publishable_;  ///< an event that was changed to be safe to publish
  std::array<std::string_view, 14> words_{};
};

/// "PUBLISH", "SPUBLISH" or "XADD".
[[nodiscard]] SOCKETIO_API std::string_view name_of(Encoder::Command command) noexcept;

}  // namespace socketio
