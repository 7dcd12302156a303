#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <socketio/net/stream.hpp>

#include "reply_reader.hpp"

namespace socketio::redis {

/// A connection that was given up because Redis was silent, and is kept open: if it was only frozen, what was written to it
/// still arrives. Nobody waits for the answers any more; they tell when Redis has had all of it.
class SilentConnection final : public net::StreamListener {
 public:
  /// `stream`   connected
  /// `reader`   what was read of the answers so far; its sink outlives this
  /// `owed`     how many answers Redis owes
  /// `over`     Redis has answered everything, or the connection has ended. Called from the loop, and may destroy this.
  SilentConnection(std::unique_ptr<net::Stream> stream, std::shared_ptr<ReplyReader> reader, std::size_t owed,
                   std::function<void()> over);

  /// What has not left yet will not arrive any more. Destroy this next.
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

}  // namespace socketio::redis
