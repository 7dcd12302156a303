#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/value.hpp>

// Requests to a fleet and their results.
namespace socketio::asking {

/// An event with its arguments, packed; see TargetedEmitter::emit() for the accepted arguments.
class Event {
 public:
  template <typename... Args>
  explicit Event(const EventName& name, const Args&... args) {
    arguments::pack_event(packed_, name, args...);
  }
  /// Makes an event from a packed [event, args...].
  [[nodiscard]] static Event of_packed(Bytes data) {
    Event event;
    event.packed_.append(data);
    return event;
  }
  [[nodiscard]] Bytes packed() const noexcept { return packed_.bytes(); }

 private:
  Event() = default;
  Buffer packed_;
};

/// Condition under which a request completes. Counts client acks for emit_with_ack(), and servers' responses for every other
/// request.
enum class Until : std::uint8_t {
  all,     ///< all servers or clients that were asked
  first,   ///< one response; with no one to ask, the request ends at once and is not complete
  quorum,  ///< more than half of those that were asked; with no one to ask, the same as `first`
};

struct Options {
  /// Deadline, counted from the call, connecting included. The result holds the responses received by then.
  std::chrono::milliseconds timeout{5'000};
  Until until = Until::all;
  /// Number of responses that completes the request, whatever number of servers Redis counts; replaces `until`.
  std::optional<std::size_t> expected = {};
  /// Limit for the total size of the responses. The response that exceeds it ends the request with an error; the result holds
  /// the responses before.
  std::size_t answers_bytes_max = limits::message_bytes_max;
};

/// Outcome of a request; the base of every result.
struct Answered {
  /// True when the condition (`until`, `expected`) was met before the deadline.
  bool complete = false;
  /// One sentence: why the request failed, or why responses or counts may be incomplete. Empty when all went well.
  std::string error = {};
  /// True when Redis accepted the request, or when no server had to be asked.
  bool asked = false;
  std::size_t servers_asked = 0;  ///< as Redis counts them
  std::size_t servers_answered = 0;
  /// The uids of servers that did not respond, where the transport identifies responders: sharded and streams.
  std::vector<std::string> missing = {};

  [[nodiscard]] std::size_t servers_missing() const noexcept {
    return servers_asked > servers_answered ? servers_asked - servers_answered : 0;
  }
};

/// Acks of clients to an event.
struct Acks : Answered {
  std::uint64_t clients = 0;         ///< clients to which the responding servers sent the event
  std::vector<Buffer> answers = {};  ///< one packed value each, empty for undefined; in order of arrival

  [[nodiscard]] std::uint64_t clients_missing() const noexcept {
    return clients > answers.size() ? clients - answers.size() : 0;
  }
};

/// A client's socket as reported by its server. Members that are absent or malformed are empty.
struct Socket {
  std::string id;
  std::vector<std::string> rooms;  ///< its own id among them
  Buffer packed_rooms;             ///< the rooms as an array in their JavaScript types: strings or numbers
  std::string server;              ///< uid; empty for classic servers, whose responses do not contain it
  Buffer packed_handshake;
  Buffer packed_data;

  [[nodiscard]] Value handshake() const noexcept { return Value(packed_handshake.bytes()); }
  [[nodiscard]] Value data() const noexcept { return Value(packed_data.bytes()); }
};

struct Sockets : Answered {
  std::vector<Socket> sockets = {};
};

struct Count : Answered {
  std::size_t count = 0;
};

struct Rooms : Answered {
  std::vector<std::string> rooms = {};  ///< sorted, each once
};

/// Response of one server to a server-side event.
struct ServerAnswer {
  std::string server;  ///< uid; empty for classic servers, whose responses do not contain it
  Buffer packed;       ///< one value, empty for undefined

  [[nodiscard]] Value value() const noexcept { return Value(packed.bytes()); }
};

struct ServerAnswers : Answered {
  std::vector<ServerAnswer> answers = {};
};

struct Server {
  std::string uid;                ///< empty for classic servers, whose responses do not contain it
  std::uint64_t answered_ms = 0;  ///< time between the request and the response
  std::size_t sockets = 0;
};

struct Servers : Answered {
  std::vector<Server> servers = {};
};

/// Called for each response as it arrives; the value is valid during the call.
using OnAck = std::function<void(const Value& answer)>;
using OnServerAnswer = std::function<void(const ServerAnswer& answer)>;
/// Called once for each socket as it arrives; the socket is valid during the call.
using OnSocket = std::function<void(const Socket& socket)>;

}  // namespace socketio::asking
