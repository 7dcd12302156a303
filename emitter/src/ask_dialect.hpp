#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/random.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// Kind of a request to the servers.
enum class RequestKind : std::uint8_t { acks, sockets, ids, rooms, server_side };

struct Question {
  RequestKind kind = RequestKind::sockets;
  Target target;
  Buffer event;  ///< acks, server_side: packed [event, args...]
};

/// A response of one server, or of one client. Views point into the message.
struct Answer {
  enum class Kind : std::uint8_t { sockets, ids, rooms, value, client_count, ack };
  Kind kind = Kind::value;
  std::string_view request_id;
  std::string_view server;  ///< uid; empty for classic
  Bytes list;               ///< sockets, ids, rooms: a packed array
  Bytes value;              ///< value, ack: one packed item; empty for undefined
  std::uint64_t client_count = 0;
  std::uint64_t after_ms = 0;  ///< time since the request was published; set by AskCore
};

struct Channel {
  redis::SubscriptionKind kind = redis::SubscriptionKind::channel;
  std::string name;
};

/// Protocol of a family of adapters: encodes requests and decodes responses.
class AskDialect {
 public:
  virtual ~AskDialect() = default;
  /// Null for Transport::automatic. Throws Error(bad_utf8), Error(bad_option).
  static std::unique_ptr<AskDialect> make(const Fleet& fleet, Random& random);

  /// Channels on which responses for this process arrive. The servers do not count the subscribers of these.
  [[nodiscard]] virtual std::vector<Channel> answer_channels(std::string_view nsp) const = 0;
  /// Channel on which all servers receive requests; its subscribers are counted as servers. Never subscribe to it.
  [[nodiscard]] virtual Channel servers_channel(std::string_view nsp) const = 0;
  /// Channel of the taps, which also subscribe to servers_channel() but do not respond; they are subtracted from the servers.
  [[nodiscard]] virtual std::optional<std::string> taps_channel(std::string_view) const { return std::nullopt; }
  /// Channel of servers of another family that would crash on the request. While it has a subscriber, nothing is published.
  [[nodiscard]] virtual std::optional<std::string> endangered_channel(std::string_view nsp) const = 0;
  /// The servers' own response channels, as a pattern, and the prefix before the name in each.
  [[nodiscard]] virtual Channel named_channels(std::string_view nsp) const = 0;
  [[nodiscard]] virtual std::string named_prefix(std::string_view nsp) const = 0;
  /// True for a name between prefix and the last # that looks like the uid of a server.
  [[nodiscard]] virtual bool is_server(std::string_view name) const noexcept = 0;
  /// True when the names of the channels list the rooms.
  [[nodiscard]] virtual bool channels_tell_rooms() const noexcept { return false; }
  /// Returns the kind of request to send: the one wanted, or its replacement in a family that does not have it.
  [[nodiscard]] virtual RequestKind possible(const Question& question) const noexcept = 0;

  [[nodiscard]] virtual std::string make_request_id() = 0;
  /// Appends the encoded request. False when this family cannot encode its event.
  [[nodiscard]] virtual bool encode(Buffer& out, const Question& question, std::string_view request_id) const = 0;
  /// Decodes a message from a response channel. False when the message is not a response.
  [[nodiscard]] virtual bool read(Bytes payload, Answer& answer) = 0;
};

}  // namespace socketio::emitter
