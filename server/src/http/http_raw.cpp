#include "http_raw.hpp"

#include <utility>

#include <socketio/net/turn_end.hpp>

namespace socketio::server {
namespace {

/// Small, because an idle WebSocket has one: rare members are behind pointers.
class RawStream final : public RawConnection, public net::StreamListener {
 public:
  RawStream(Loop& loop, net::ServerStream stream, Buffer unsent, Bytes early) : stream_(std::move(stream)) {
    stream_.set_listener(this);
    if (!unsent.empty()) {
      unsent_ = std::make_unique<Buffer>(std::move(unsent));
      stream_.want_writable();
    }
    if (!early.empty()) {
      early_ = std::make_unique<Early>(loop, *this);
      early_->bytes.append(early);
    }
  }

  void set_listener(RawListener* listener) noexcept override {
    listener_ = listener;
    if (!stream_) {
      return;
    }
    if (early_) {
      early_->turn_end.request();
    } else {
      stream_.read(listener != nullptr && !paused_);
    }
  }

  std::size_t write(std::span<const Bytes> parts) override { return stream_ && !unsent_ ? stream_.try_write(parts) : 0; }

  void want_drained() override {
    drained_wanted_ = true;
    if (stream_) {
      stream_.want_writable();
    }
  }

  void read(bool on) override {
    paused_ = !on;
    set_listener(listener_);
  }

  void finish() override {
    listener_ = nullptr;
    if (stream_) {
      stream_.finish(unsent_ ? unsent_->bytes() : Bytes());
    }
  }

  void on_connected() override {}
  void on_bytes(Bytes bytes) override {
    if (listener_ != nullptr) {
      listener_->on_bytes(bytes);
    }
  }

  void on_writable() override {
    if (unsent_) {
      const Bytes rest = unsent_->bytes();
      unsent_->discard_front(stream_.try_write(std::span(&rest, 1)));
      if (!unsent_->empty()) {
        stream_.want_writable();
        return;
      }
      unsent_.reset();
    }
    if (std::exchange(drained_wanted_, false) && listener_ != nullptr) {
      listener_->on_drained();
    }
  }

  void on_lost(const net::StreamError& error) override {
    if (listener_ != nullptr) {
      std::exchange(listener_, nullptr)->on_lost(error.kind != net::StreamError::Kind::ended);
    }
  }

 private:
  /// Bytes that arrived with the request. They are passed on from the loop, before those that are still to be read.
  struct Early {
    Early(Loop& loop, RawStream& owner) : turn_end(loop, [&owner] { owner.tell_early(); }) {}
    Buffer bytes;
    net::TurnEnd turn_end;
  };

  void tell_early() {
    if (listener_ == nullptr || !stream_ || paused_) {
      return;
    }
    const auto early = std::move(early_);
    stream_.read(true);
    listener_->on_bytes(early->bytes.bytes());  // may destroy this
  }

  net::ServerStream stream_;
  RawListener* listener_ = nullptr;
  std::unique_ptr<Buffer> unsent_;
  std::unique_ptr<Early> early_;
  bool drained_wanted_ = false;
  bool paused_ = false;
};

}  // namespace

std::unique_ptr<RawConnection> make_raw_connection(Loop& loop, net::ServerStream stream, Buffer unsent, Bytes early) {
  return std::make_unique<RawStream>(loop, std::move(stream), std::move(unsent), early);
}

}  // namespace socketio::server
