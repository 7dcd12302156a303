#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/scratch_buffer.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio {

/// Sends the ack for an event whose sender asked for one. A small handle; the first call sends the ack, later ones do nothing.
/// It may be called on any thread, one at a time.
class SOCKETIO_API Ack {
 public:
  /// Sends the packed array of the ack's values.
  using Send = std::function<void(Bytes array)>;

  /// Ack for an event whose sender wants none: calls do nothing.
  Ack() noexcept = default;
  explicit Ack(Send send);

  /// True when the sender waits for an ack, and none was sent yet.
  [[nodiscard]] bool wanted() const noexcept { return send_ != nullptr && *send_ != nullptr; }
  /// Sends the ack with any number of values, of the kinds that emit() takes. Does nothing when no ack is wanted any more, or
  /// the client has disconnected. Returns nothing, like Next: `return ack("no");` ends a handler.
  template <typename... Args>
  void operator()(const Args&... args) const {
    if (!wanted()) {
      return;
    }
    ScratchBuffer array;
    arguments::pack_array(array.buffer(), args...);
    send_packed(array.buffer().bytes());
  }
  /// Sends the ack with a packed array of values. Throws Error(bad_arguments) when `array` is none.
  void send_packed(Bytes array) const;

 private:
  std::shared_ptr<Send> send_;
};

enum class AckStatus : std::uint8_t {
  ok,
  timed_out,     ///< no ack within timeout()
  disconnected,  ///< the client disconnected first
  refused,       ///< not asked: the socket has too many acks pending, or the event cannot be encoded
};
/// Text of a status: "operation has timed out". Empty for ok.
[[nodiscard]] SOCKETIO_API std::string_view text_of(AckStatus status) noexcept;

/// Ack of one client. Valid during the call.
struct AckResult {
  AckStatus status = AckStatus::ok;
  Arguments answer;
  [[nodiscard]] bool ok() const noexcept { return status == AckStatus::ok; }
  /// Returns one of the values; empty when it is missing or is not of that type.
  template <typename T>
  [[nodiscard]] std::optional<T> as(std::size_t index = 0) const {
    return answer.as<T>(index);
  }
};
using OnAck = std::function<void(const AckResult&)>;

/// Acks of the clients of a broadcast.
class SOCKETIO_API AckAnswers {
 public:
  explicit AckAnswers(adapter::AckSummary summary) noexcept : summary_(std::move(summary)) {}

  /// True when all clients that were asked have sent their ack.
  [[nodiscard]] bool complete() const noexcept { return !summary_.timed_out; }
  [[nodiscard]] std::size_t size() const noexcept { return summary_.acks.size(); }
  /// Ack of one client, in the order of arrival. `index` is below size().
  [[nodiscard]] Arguments operator[](std::size_t index) const { return Arguments::of_array(summary_.acks[index].bytes()); }
  [[nodiscard]] std::size_t clients_asked() const noexcept { return summary_.clients_asked; }
  [[nodiscard]] std::size_t clients_missing() const noexcept { return summary_.clients_missing(); }
  /// Other servers that did not report how many clients they asked.
  [[nodiscard]] std::size_t servers_missing() const noexcept { return summary_.servers_missing; }

 private:
  adapter::AckSummary summary_;
};
using OnAckAnswers = std::function<void(const AckAnswers&)>;

/// Responses of the other servers to a server-side event.
class SOCKETIO_API ServerSideAnswers {
 public:
  explicit ServerSideAnswers(adapter::ServerAnswers answers) noexcept : answers_(std::move(answers)) {}

  [[nodiscard]] bool complete() const noexcept { return !answers_.timed_out; }
  [[nodiscard]] std::size_t size() const noexcept { return answers_.answers.size(); }
  [[nodiscard]] Value operator[](std::size_t index) const { return Value(answers_.answers[index].bytes()); }
  [[nodiscard]] std::size_t servers_asked() const noexcept { return answers_.servers_asked; }

 private:
  adapter::ServerAnswers answers_;
};
using OnServerSideAnswers = std::function<void(const ServerSideAnswers&)>;

}  // namespace socketio
