#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <socketio/net/loop.hpp>
#include <socketio/server/http.hpp>

#include "deadline_queue.hpp"

// Calls to the application whose answer may come later, from any thread: decisions, hooks, responses of routes.
namespace socketio::server {

/// The end of such a call.
struct CallAnswer {
  enum class Kind : std::uint8_t {
    proceed,     ///< allow the session, or continue with the request
    respond,     ///< with status, headers and text
    refuse,      ///< a session: status, code, text
    fail,        ///< a hook refuses the request
    unanswered,  ///< the last handle was destroyed
    timed_out,
    too_many,  ///< the application was not called: too many calls are pending
    closed,    ///< the server ends
  };
  Kind kind = Kind::proceed;
  int status = 0;
  int code = 0;
  Headers headers = {};
  std::string text = {};
};

class PendingCalls;

/// Way from the handles of an application, on any thread, to the PendingCalls, which end earlier.
class CallPost : public std::enable_shared_from_this<CallPost> {
 public:
  CallPost(Loop& loop, PendingCalls& calls) noexcept : loop_(loop), calls_(&calls) {}
  /// On the loop's thread at once, on others by a post.
  void deliver(std::uint64_t id, CallAnswer answer);
  /// On the loop's thread: the client of that call has disconnected.
  void forget(std::uint64_t id);
  void close() noexcept;

 private:
  std::mutex lock_;
  Loop& loop_;           // only used while calls_ exist
  PendingCalls* calls_;  // null once they are destroyed
};

/// State behind a handle of the application: the first answer counts.
class CallTicket {
 public:
  CallTicket(std::shared_ptr<CallPost> post, std::uint64_t id, std::shared_ptr<HttpExchange> exchange) noexcept
      : post_(std::move(post)), exchange_(std::move(exchange)), id_(id) {}
  ~CallTicket() { answer({CallAnswer::Kind::unanswered}); }
  CallTicket(const CallTicket&) = delete;
  CallTicket& operator=(const CallTicket&) = delete;

  void answer(CallAnswer answer);
  [[nodiscard]] bool wanted() const noexcept { return !answered_; }
  [[nodiscard]] const HttpRequest& request() const noexcept { return exchange_->request(); }
  /// No answer is wanted any more.
  void expire() noexcept { answered_ = true; }

 private:
  std::shared_ptr<CallPost> post_;
  std::shared_ptr<HttpExchange> exchange_;
  std::uint64_t id_;
  std::atomic<bool> answered_{false};
};

/// The calls of one kind on one loop. Each ends exactly once: by its answer, at its deadline, or without a word because the
/// client has disconnected or this is destroyed.
class PendingCalls {
 public:
  using Call = std::function<void(const std::shared_ptr<CallTicket>& ticket)>;
  using Done = std::function<void(CallAnswer& answer)>;

  PendingCalls(Loop& loop, std::size_t calls_max, std::uint64_t timeout_ms);
  ~PendingCalls();
  PendingCalls(const PendingCalls&) = delete;
  PendingCalls& operator=(const PendingCalls&) = delete;

  /// Calls `call`, which must not throw, and later `done`; before this returns when the answer comes during the call.
  void ask(const std::shared_ptr<HttpExchange>& exchange, const Call& call, Done done);
  /// Ends all with Kind::closed.
  void end_all();
  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }

  // For CallPost.
  void end(std::uint64_t id, CallAnswer& answer);
  void forget(std::uint64_t id);

 private:
  struct Pending : QueuedDeadline {
    std::uint64_t id = 0;
    Done done;
    std::weak_ptr<CallTicket> ticket;
    bool calling = true;  ///< the application is being called: its answer waits until it returns
    bool answered = false;
    CallAnswer answer;
  };

  std::size_t calls_max_;
  std::shared_ptr<CallPost> post_;
  DeadlineQueue due_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Pending>> calls_;
};

/// Throws Error(bad_arguments) for a status that is not between `from` and 599.
void require_status(int status, int from);
/// Removes headers that are the server's (Connection, Content-Length ...). Throws Error(bad_arguments) for a name or value that
/// HTTP forbids.
void require_headers(Headers& headers);

}  // namespace socketio::server
