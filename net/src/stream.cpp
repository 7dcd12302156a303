#include <socketio/net/stream.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "stream_impl.hpp"

namespace socketio::net {

StreamListener::~StreamListener() = default;

Stream::Stream(Loop& loop, StreamListener& listener) : impl_(new Impl(loop, listener)) {}
Stream::~Stream() { impl_->detach(); }

void Stream::connect(const Endpoint& endpoint, std::chrono::milliseconds timeout) { impl_->connect(endpoint, timeout); }
bool Stream::writable() const noexcept { return impl_->connected && !impl_->failing && !impl_->later_pending; }
void Stream::reset_on_close() noexcept { impl_->resets = true; }
std::size_t Stream::try_write(std::span<const Bytes> parts) {
  if (!writable()) {
    return 0;
  }
  return impl_->tls ? impl_->send_encrypted(parts) : impl_->send(parts);
}
std::size_t Stream::write_later(Bytes part) {
  if (impl_->tls) {
    return impl_->connected && !impl_->failing ? impl_->send_later_encrypted(part) : 0;
  }
  return writable() ? impl_->send_later(part) : 0;
}

bool Stream::later_taken() const noexcept {
  if (!impl_->later_pending) {
    return true;
  }
  if (impl_->tls) {
    return false;
  }
  // The size of libuv's write queue is the number of bytes that the system has not taken yet. After an error it is 0 although
  // bytes were left.
  return !impl_->later_failed && impl_->socket != nullptr && uv_stream_get_write_queue_size(&impl_->socket->stream) == 0;
}

void Stream::tell(StreamListener& listener) noexcept { impl_->listener = &listener; }

StreamError stream_error(StreamError::Kind kind, int status) { return {kind, uv_strerror(status)}; }

Stream::Impl::Impl(Loop& loop, StreamListener& heard) : core(Core::of(loop)), listener(&heard) {
  soon.emplace(loop, [this] {
    if (failing) {
      report(error);
    } else {
      try_next_address();
    }
  });
  drained.emplace(loop, [this] {
    later_pending = false;
    listener->on_writable();
  });
  address_timer.emplace(loop, [this] {
    close_socket();
    error = {StreamError::Kind::timed_out, "no answer"};
    try_next_address();
  });
}

void Stream::Impl::received(ssize_t count, const uv_buf_t* buffer) {
  if (count > 0) {
    const Bytes bytes{reinterpret_cast<const std::uint8_t*>(buffer->base), static_cast<std::size_t>(count)};
    tls ? take_encrypted(bytes) : listener->on_bytes(bytes);
  } else if (count == UV_EOF) {
    report({StreamError::Kind::ended, "end of file"});
  } else if (count < 0) {
    report(stream_error(StreamError::Kind::failed, static_cast<int>(count)));
  }
}

std::size_t Stream::Impl::send(std::span<const Bytes> parts) {
  assert(parts.size() <= parts_max);
  std::array<uv_buf_t, parts_max> buffers;
  for (std::size_t index = 0; index < parts.size(); ++index) {
    // const_cast: libuv does not modify the bytes it sends.
    auto* const bytes = const_cast<char*>(reinterpret_cast<const char*>(parts[index].data()));
    buffers[index] = {bytes, parts[index].size()};
  }
  const int taken = uv_try_write(&socket->stream, buffers.data(), static_cast<unsigned>(parts.size()));
  if (taken >= 0) {
    return static_cast<std::size_t>(taken);
  }
  if (taken != UV_EAGAIN) {
    fail_soon(stream_error(StreamError::Kind::failed, taken));
  }
  return 0;
}

std::size_t Stream::Impl::send_later(Bytes part) {
  part = part.first(std::min(part.size(), later_bytes_max));
  later_pending = true;
  later_failed = false;
  write_later(part);
  return part.size();
}

/// Passes a copy of `part`, of at most later_bytes_max bytes, to libuv. Returns false when libuv refuses it.
bool Stream::Impl::write_later(Bytes part) {
  if (!socket->later) {
    socket->later.reset(new std::uint8_t[later_bytes_max]);
  }
  std::memcpy(socket->later.get(), part.data(), part.size());
  const uv_buf_t buffer{reinterpret_cast<char*>(socket->later.get()), part.size()};
  socket->writing.data = socket;
  const int status = uv_write(&socket->writing, &socket->stream, &buffer, 1, [](uv_write_t* request, int result) {
    Socket& written = *static_cast<Socket*>(request->data);
    written.owner->later_ended(written, result);
  });
  if (status != 0) {
    later_failed = true;
    fail_soon(stream_error(StreamError::Kind::failed, status));
  }
  return status == 0;
}

void Stream::Impl::later_ended(Socket& written, int status) {
  if (&written != socket) {
    return;  // closed meanwhile
  }
  if (status == 0 && tls) {
    tls->sent(std::exchange(encrypted_later, 0));
    flush_encrypted();
  } else if (status == 0) {
    later_pending = false;
    listener->on_writable();
  } else {
    later_failed = true;
    fail_soon(stream_error(StreamError::Kind::failed, status));
  }
}

Stream::Impl::Socket* Stream::Impl::new_socket() {
  socket = new Socket;
  socket->handle.data = socket;
  socket->owner = this;
  ++held_by_uv;
  return socket;
}

void Stream::Impl::close_socket() noexcept {
  Socket* const closing = std::exchange(socket, nullptr);
  connected = false;
  if (closing != nullptr) {
    const auto closed = [](uv_handle_t* handle) {
      const std::unique_ptr<Socket> done(static_cast<Socket*>(handle->data));
      done->owner->uv_let_go();
    };
    if (!resets || closing->handle.type != UV_TCP || uv_tcp_close_reset(&closing->tcp, closed) != 0) {
      uv_close(&closing->handle, closed);
    }
  }
}

void Stream::Impl::fail_soon(StreamError why) {
  if (!failing) {
    failing = true;
    error = std::move(why);
    soon->start(0);
  }
}

void Stream::Impl::report(StreamError why) {
  failing = true;
  soon->stop();
  address_timer->stop();
  drained->stop();
  listener->on_lost(why);  // may destroy the stream, or keep it for later_taken()
}

void Stream::Impl::detach() noexcept {
  listener = nullptr;
  soon.reset();
  address_timer.reset();
  drained.reset();
  close_socket();
  if (looking_up) {
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup));
  }
  detached = true;
  if (held_by_uv == 0) {
    delete this;
  }
}

void Stream::Impl::uv_let_go() noexcept {
  if (--held_by_uv == 0 && detached) {
    delete this;
  }
}

}  // namespace socketio::net
