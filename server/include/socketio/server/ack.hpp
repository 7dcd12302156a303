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

/// Answers an event that came with the wish for an ack. A small handle; the first call answers, later ones do nothing. It may
/// answer on any thread, one at a time.
class SOCKETIO_API Ack {
 public:
  /// Takes the packed array of the answer.
  using Send = std::function<void(Bytes array)>;

  /// Of an event whose sender wants no ack: calls do nothing.
  Ack() noexcept = default;
  explicit Ack(Send send);

  /// The sender waits, and was not answered yet.
  [[nodiscard]] bool wanted() const noexcept { return send_ != nullptr && *send_ != nullptr; }
  /// Answers with any number of values, of the kinds that emit() takes. Nothing happens when nobody waits, or the client has
  /// gone. Returns nothing, like Next: `return ack("no");` ends a handler.
  template <typename... Args>
  void operator()(const Args&... args) const {
    if (!wanted()) {
      return;
    }
    ScratchBuffer array;
    arguments::pack_array(array.buffer(), args...);
    send_packed(array.buffer().bytes());
  }
  /// The same for a packed array. Throws Error(bad_arguments) when it is none.
  void send_packed(Bytes array) const;

 private:
  std::shared_ptr<Send> send_;
};

enum class AckStatus : std::uint8_t {
  ok,
  timed_out,     ///< no answer within timeout()
  disconnected,  ///< the client went away first
  refused,       ///< not asked: the socket has too many acks pending, or is gone
};
/// A phrase: "operation has timed out". Empty for ok.
[[nodiscard]] SOCKETIO_API std::string_view text_of(AckStatus status) noexcept;

/// What one client answered. Good during the call.
struct AckResult {
  AckStatus status = AckStatus::ok;
  Arguments answer;
  [[nodiscard]] bool ok() const noexcept { return status == AckStatus::ok; }
  /// One of the values, or nothing when it is not there or does not fit.
  template <typename T>
  [[nodiscard]] std::optional<T> as(std::size_t index = 0) const {
    return answer.as<T>(index);
  }
};
using OnAck = std::function<void(const AckResult&)>;

/// What the clients of a broadcast answered.
class SOCKETIO_API AckAnswers {
 public:
  explicit AckAnswers(adapter::AckSummary summary) noexcept : summary_(std::move(summary)) {}

  /// Everybody who was asked has answered.
  [[nodiscard]] bool complete() const noexcept { return !summary_.timed_out; }
  [[nodiscard]] std::size_t size() const noexcept { return summary_.acks.size(); }
  /// One client's answer, in the order of arrival. `index` is below size().
  [[nodiscard]] Arguments operator[](std::size_t index) const { return Arguments::of_array(summary_.acks[index].bytes()); }
  [[nodiscard]] std::size_t clients_asked() const noexcept { return summary_.clients_asked; }
  [[nodiscard]] std::size_t clients_missing() const noexcept { return summary_.clients_missing(); }
  /// Other servers that did not even tell how many clients they asked.
  [[nodiscard]] std::size_t servers_missing() const noexcept { return summary_.servers_missing; }

 private:
  adapter::AckSummary summary_;
};
using OnAckAnswers = std::function<void(const AckAnswers&)>;

/// What the other servers answered to a server-side event.
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
