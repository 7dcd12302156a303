#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/random.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/fleet/message.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/event_data.hpp>

namespace socketio::fleet {

/// Kind of a subscription, in the order of redis::SubscriptionKind.
enum class ChannelKind : std::uint8_t { channel, pattern, shard };

struct Channel {
  ChannelKind kind = ChannelKind::channel;
  std::string name;
};

/// Messages that a channel carries.
enum class Topic : std::uint8_t {
  events,    ///< operations; sharded and streams: requests, too
  requests,  ///< classic: requests, and all operations but emits
  responses,
};

struct TopicChannel : Channel {
  Topic topic = Topic::events;
};

/// Properties of a process that takes part in a fleet.
struct Participant {
  enum class Role : std::uint8_t {
    emitter,  ///< encode() checks operations: throws Error for events that receivers must not get
    asker,    ///< its events were checked before
    server,   ///< its events are checked already, but may hold what must be replaced before they are published
  };
  Role role = Role::emitter;
  bool only_plaintext = false;          ///< streams: no base64 in entries
  bool use_requesters_channel = false;  ///< classic: responses reach only the process that sent the request
};

/// Ids of the requests that wait for responses.
class PendingIds {
 public:
  virtual ~PendingIds() = default;
  [[nodiscard]] virtual bool empty() const noexcept = 0;
  [[nodiscard]] virtual bool contains(std::string_view id) const = 0;
};

/// Messages that a receiver wants. Those it does not want are not decoded further than to see that.
struct ReceiveFilter {
  std::string_view uid = {};            ///< leaves out the messages of this sender; empty: none
  std::string_view nsp = {};            ///< the only namespace; empty: all
  const PendingIds* pending = nullptr;  ///< leaves out responses to other requests; null: none
};

/// Result of decoding.
enum class Received : std::uint8_t {
  message,
  own,              ///< of the sender that the filter leaves out
  other_namespace,  ///< for a namespace whose channels have the same name
  other_request,    ///< a response to a request that the filter leaves out
  unknown,          ///< of a type that this version does not know
  malformed,
};

/// The protocol of one transport: names of channels and streams, and the encoding of messages. No I/O. One implementation for
/// each transport; this is the only place that distinguishes them.
///
/// A publication is valid until the next call of encode(). One without a payload must not be published: the transport cannot
/// carry the event.
///
/// Source: docs/wire.md; golden bytes in tests/golden/classic-*.json, sharded-*.json and streams-*.json.
class Dialect {
 public:
  /// Null for Transport::automatic. Throws as Fleet::check().
  ///
  /// `random`  for uid and ids; may be null for an emitter. Outlives the dialect.
  [[nodiscard]] static std::unique_ptr<Dialect> make(const Fleet& fleet, Participant self, Random* random = nullptr);
  virtual ~Dialect();
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  [[nodiscard]] const Fleet& fleet() const noexcept { return fleet_; }
  /// The name under which this process sends.
  [[nodiscard]] const std::string& uid() const noexcept { return uid_; }
  [[nodiscard]] virtual std::string make_request_id() = 0;

  // ---- channels of a namespace ----

  /// Those that a server subscribes to, besides the channels of rooms.
  [[nodiscard]] virtual std::vector<TopicChannel> server_channels(std::string_view nsp) const = 0;
  /// Those on which responses to this process arrive. Servers do not count the subscribers of these.
  [[nodiscard]] virtual std::vector<Channel> response_channels(std::string_view nsp) const = 0;
  /// Receives every request; its subscribers are counted as servers. Never subscribe to it unless you respond.
  [[nodiscard]] virtual Channel servers_channel(std::string_view nsp) const = 0;
  /// Channel of the taps, which also subscribe to servers_channel(); they are subtracted from the servers.
  [[nodiscard]] virtual std::optional<std::string> taps_channel(std::string_view nsp) const = 0;
  /// Channel of servers of another transport that would crash on a request. While it has a subscriber, send none.
  [[nodiscard]] virtual std::optional<std::string> endangered_channel(std::string_view nsp) const = 0;
  /// The servers' own response channels, and those of rooms, as a pattern; and the prefix before the name in each.
  [[nodiscard]] virtual Channel named_channels(std::string_view nsp) const = 0;
  [[nodiscard]] virtual std::string named_prefix(std::string_view nsp) const = 0;
  /// True for a name between prefix and the last # that looks like the uid of a server.
  [[nodiscard]] virtual bool is_server(std::string_view name) const noexcept = 0;
  /// True when a broadcast to only this room is published on a channel of its own.
  [[nodiscard]] virtual bool has_channel(const Room&) const noexcept { return false; }
  /// True when rooms have channels, so that the names of channels list the rooms.
  [[nodiscard]] bool has_room_channels() const { return has_channel(Room("")); }
  /// True when operations are added to a stream instead of being published to subscribers.
  [[nodiscard]] virtual bool has_streams() const noexcept { return false; }
  /// The stream that entries of a namespace are added to; empty when there is none.
  [[nodiscard]] virtual std::string stream(std::string_view) const { return {}; }

  // ---- sending ----

  /// Of an emitter, throws Error(reserved_event), Error(bad_arguments), Error(not_supported).
  [[nodiscard]] virtual Publication encode(std::string_view nsp, const Operation& operation) = 0;
  [[nodiscard]] virtual Publication encode(std::string_view nsp, const Request& request) = 0;
  [[nodiscard]] virtual Publication encode(std::string_view nsp, const Response& response) = 0;
  /// The kind of request that encode() sends: the given one, or its replacement in a transport that does not have it.
  [[nodiscard]] virtual Request::Kind sent_kind(Request::Kind kind, const Target& target) const noexcept = 0;
  /// Form of Response::sockets: JSON objects with commas between them, or packed maps in sequence.
  [[nodiscard]] virtual bool sockets_are_json() const noexcept = 0;

  // ---- receiving ----

  /// Decodes a message from a channel. `message` is new; its error is set when the message is malformed.
  [[nodiscard]] virtual Received decode(Topic topic, Bytes payload, const ReceiveFilter& filter, Message& message) = 0;
  /// Decodes an entry of a stream.
  [[nodiscard]] virtual Received decode_entry(const Entry&, const ReceiveFilter&, Message&) { return Received::malformed; }

 protected:
  using Role = Participant::Role;

  Dialect(Fleet fleet, Participant self, Random* random);

  [[nodiscard]] bool is_emitter() const noexcept { return self_.role == Role::emitter; }
  [[nodiscard]] bool is_server_itself() const noexcept { return self_.role == Role::server; }
  /// Empties channel and payload.
  void begin() noexcept {
    channel_.clear();
    payload_.clear_and_shrink(limits::kept_bytes_max);
  }
  [[nodiscard]] static selector::Target selection_of(const Target& target) noexcept {
    return {target.rooms, target.except, target.flags};
  }
  /// Checks or changes an event or a value, depending on the role, so that it can be published. Valid until the next call.
  [[nodiscard]] Bytes publishable(Bytes data, bool (*is_reserved)(std::string_view)) {
    return is_emitter() ? event_data::require_publishable(data, is_reserved, publishable_) : publishable(data);
  }
  [[nodiscard]] Bytes publishable(Bytes data);
  /// For an event that cannot be encoded. Throws Error(bad_arguments) in an emitter.
  [[nodiscard]] Publication refuse(DecodeError error) const;
  [[nodiscard]] static Received malformed(Message& message, DecodeError error) noexcept;

  const Fleet fleet_;
  const Participant self_;
  Random* const random_;
  std::string uid_;
  Buffer channel_;
  Buffer payload_;
  Buffer publishable_;
  Buffer scratch_;  ///< msgpack form of the message that was decoded last
};

// One for each transport; see Dialect::make().
[[nodiscard]] std::unique_ptr<Dialect> make_classic(const Fleet& fleet, Participant self, Random* random);
[[nodiscard]] std::unique_ptr<Dialect> make_sharded(const Fleet& fleet, Participant self, Random* random);
[[nodiscard]] std::unique_ptr<Dialect> make_streams(const Fleet& fleet, Participant self, Random* random);

}  // namespace socketio::fleet
