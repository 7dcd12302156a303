#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <socketio/net/stream.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/options.hpp>

#include "session.hpp"

namespace socketio::redis {

/// A connection that timed out because Redis sent nothing, and is kept open: if it was only frozen, commands written to it
/// still arrive. Their replies are not reported any more; they only show when Redis has received all of them.
class SilentConnection final : public net::StreamListener {
 public:
  /// `stream`   connected
  /// `reader`   holds the part of the replies that was read so far; its sink outlives this
  /// `owed`     number of replies that are pending
  /// `over`     called when all replies have arrived, or the connection is lost. Called from the loop, and may destroy this.
  SilentConnection(std::unique_ptr<net::Stream> stream, std::shared_ptr<ReplyReader> reader, std::size_t owed,
                   std::function<void()> over);

  /// Makes closing discard the bytes that were not sent yet. Destroy this object next.
  void take_back() noexcept { stream_->reset_on_close(); }

  void on_connected() override {}
  void on_bytes(Bytes bytes) override;
  void on_writable() override {}
  void on_lost(const net::StreamError& error) override;

 private:
  std::unique_ptr<net::Stream> stream_;
  std::shared_ptr<ReplyReader> reader_;
  std::size_t owed_;
  std::function<void()> over_;
};

/// Connects a Session to a stream and timers. It is opened again and again.
class Connection final : public net::StreamListener {
 public:
  /// All outlive this. `counts_refused`  counts refused subscriptions
  Connection(Loop& loop, net::TurnEnd& turn_end, Context& context, Retry& retry, std::shared_ptr<net::TlsContext> tls,
             bool counts_refused, SessionListener& listener);

  [[nodiscard]] Session& session() noexcept { return session_; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }
  [[nodiscard]] bool is_open() const noexcept { return stream_ != nullptr; }
  /// A sentence about the step that has not ended in time.
  [[nodiscard]] std::string why_timed_out() const;

  /// `needs_reply`  Redis must have answered before commands are written
  void open(const Endpoint& endpoint, bool needs_reply);
  void on_logged_in();
  /// Commands that the system had not taken completely wait for the next connection.
  void close();
  /// As close(), for ever: subscriptions are not reported as lost.
  void end();
  void on_turn_end();
  void write_out();
  /// To be called before close() when waiting commands end: those that the system has taken are in flight then, and those that
  /// it has taken partly wait.
  void settle_writes();

  void on_connected() override;
  void on_bytes(Bytes bytes) override;
  void on_writable() override;
  void on_lost(const net::StreamError& error) override;

 private:
  void drop();
  bool write_once(std::uint64_t now_ms);
  void check_replies();
  void keep_alive();
  void set_aside();
  void forget_silent();

  Loop& loop_;
  net::TurnEnd& turn_end_;
  Context& context_;
  SessionListener& listener_;
  const std::shared_ptr<net::TlsContext> tls_;

  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<SilentConnection> silent_;  ///< the previous one, if it timed out and is kept: nothing may overtake it
  bool needs_reply_ = false;
  bool first_bytes_ = true;  ///< nothing was received on this connection yet
  Session session_;

  net::Timer answer_timer_;
  net::Timer alive_timer_;
  net::Timer refused_timer_;  ///< until refused subscriptions are requested again
  net::Timer silent_timer_;   ///< delay for which commands still wait for the `silent_` connection
};

}  // namespace socketio::redis
