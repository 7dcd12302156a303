#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <socketio/net/stream.hpp>

#include "reply_reader.hpp"

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

}  // namespace socketio::redis
