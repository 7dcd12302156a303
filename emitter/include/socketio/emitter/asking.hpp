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

// What a fleet can be asked, and how it answers.
namespace socketio::asking {

/// An event with its arguments, packed; see TargetedEmitter::emit() for what can be one.
class Event {
 public:
  template <typename... Args>
  explicit Event(const EventName& name, const Args&... args) {
    arguments::pack_event(packed_, name, args...);
  }
  /// Of a packed [event, args...].
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

/// When enough has come. What counts are the answers of clients where those are asked, and of servers elsewhere.
enum class Until : std::uint8_t {
  all,     ///< everybody who was asked
  first,   ///< one answer; where nobody is asked, it is over at once, and not complete
  quorum,  ///< more than half of those who were asked; where nobody is, the same
};

struct Options {
  /// From the call on, connecting included. What has come by then is the result.
  std::chrono::milliseconds timeout{5'000};
  Until until = Until::all;
  /// So many answers are enough, whatever Redis counts.
  std::optional<std::size_t> expected = {};
  /// So many bytes of answers end the question with an error, and with what has come.
  std::size_t answers_bytes_max = limits::message_bytes_max;
};

/// How asking went: part of every result.
struct Answered {
  /// What was asked for (`until`, `expected`) had come before the deadline.
  bool complete = false;
  /// Why it could not be asked, or nobody knows who is missing; a sentence, empty when all went well.
  std::string error = {};
  /// Redis has taken the question, or was all that had to be asked.
  bool asked = false;
  std::size_t servers_asked = 0;  ///< as Redis counts them
  std::size_t servers_answered = 0;
  /// Servers that have not answered, by their uid, as far as the transport tells: sharded and streams.
  std::vector<std::string> missing = {};

  [[nodiscard]] std::size_t servers_missing() const noexcept {
    return servers_asked > servers_answered ? servers_asked - servers_answered : 0;
  }
};

/// Answers of clients to an event.
struct Acks : Answered {
  std::uint64_t clients = 0;         ///< that the servers which answered have asked
  std::vector<Buffer> answers = {};  ///< one packed value each, empty for undefined; in the order in which they came

  [[nodiscard]] std::uint64_t clients_missing() const noexcept {
    return clients > answers.size() ? clients - answers.size() : 0;
  }
};

/// A client's socket, as its server tells of it. Members that are absent or odd are empty.
struct Socket {
  std::string id;
  std::vector<std::string> rooms;  ///< its own id among them
  Buffer packed_rooms;             ///< the same as an array of what a JavaScript server named them by: texts, or numbers
  std::string server;              ///< uid; empty where the transport does not tell
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

/// What a server answered to a server-side event.
struct ServerAnswer {
  std::string server;  ///< uid; empty where the transport does not tell
  Buffer packed;       ///< one value, empty for undefined

  [[nodiscard]] Value value() const noexcept { return Value(packed.bytes()); }
};

struct ServerAnswers : Answered {
  std::vector<ServerAnswer> answers = {};
};

struct Server {
  std::string uid;                ///< empty where the transport does not tell
  std::uint64_t answered_ms = 0;  ///< after the question was asked
  std::size_t sockets = 0;
};

struct Servers : Answered {
  std::vector<Server> servers = {};
};

/// Hears each answer as it comes; the value is good during the call.
using OnAck = std::function<void(const Value& answer)>;
using OnServerAnswer = std::function<void(const ServerAnswer& answer)>;
/// Hears of each socket once, as it comes; the socket is good during the call.
using OnSocket = std::function<void(const Socket& socket)>;

}  // namespace socketio::asking
