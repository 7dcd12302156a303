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
#include <socketio/emitter/transport.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::emitter {

/// What is wanted of the servers.
enum class Wish : std::uint8_t { acks, sockets, ids, rooms, server_side };

struct Question {
  Wish wish = Wish::sockets;
  Target target;
  Buffer event;  ///< acks, server_side: packed [event, args...]
};

/// What one server, or one client, answered. Views point into the message.
struct Answer {
  enum class Kind : std::uint8_t { sockets, ids, rooms, value, client_count, ack };
  Kind kind = Kind::value;
  std::string_view request_id;
  std::string_view server;  ///< uid; empty where the family does not tell
  Bytes list;               ///< sockets, ids, rooms: a packed array
  Bytes value;              ///< value, ack: one packed item; empty for undefined
  std::uint64_t client_count = 0;
  std::uint64_t after_ms = 0;  ///< since the question left; the asker's to know
};

struct Channel {
  redis::SubscriptionKind kind = redis::SubscriptionKind::channel;
  std::string name;
};

/// How a family of adapters is asked, and how it answers.
class AskDialect {
 public:
  virtual ~AskDialect() = default;
  /// Null for Transport::automatic. Throws Error(bad_utf8), Error(bad_option).
  static std::unique_ptr<AskDialect> make(const FleetSettings& fleet, Random& random);

  /// Where answers for this process arrive. The fleet counts nobody there.
  [[nodiscard]] virtual std::vector<Channel> answer_channels(std::string_view nsp) const = 0;
  /// Where all servers hear questions, and are counted. Never to be subscribed to.
  [[nodiscard]] virtual Channel servers_channel(std::string_view nsp) const = 0;
  /// Where taps are subscribed that are counted among the servers, and do not answer us.
  [[nodiscard]] virtual std::optional<std::string> taps_channel(std::string_view) const { return std::nullopt; }
  /// Where servers of another family listen that would take the question for something they cannot bear: while somebody is
  /// subscribed there, nothing is asked.
  [[nodiscard]] virtual std::optional<std::string> endangered_channel(std::string_view nsp) const = 0;
  /// The servers' own channels for answers, as a pattern and as what stands before the name in each.
  [[nodiscard]] virtual Channel named_channels(std::string_view nsp) const = 0;
  [[nodiscard]] virtual std::string named_prefix(std::string_view nsp) const = 0;
  /// A name between prefix and the last # that looks like the uid of a server.
  [[nodiscard]] virtual bool is_server(std::string_view name) const noexcept = 0;
  /// Whether the channels tell the rooms.
  [[nodiscard]] virtual bool channels_tell_rooms() const noexcept { return false; }
  /// What is to be asked in the place of a wish that the family does not know.
  [[nodiscard]] virtual Wish possible(const Question& question) const noexcept = 0;

  [[nodiscard]] virtual std::string make_request_id() = 0;
  /// Appends the question. False when its event cannot be said in this family's form.
  [[nodiscard]] virtual bool encode(Buffer& out, const Question& question, std::string_view request_id) const = 0;
  /// Reads a message from an answer channel. False when it is none that we could have asked for.
  [[nodiscard]] virtual bool read(Bytes payload, Answer& answer) = 0;
};

}  // namespace socketio::emitter
