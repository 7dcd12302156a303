// Graceful close of a stream that has no owner any more: sends the rest, then the end of the stream, and waits until the peer
// has closed its side. Closing a socket with unread input makes the system send a TCP reset, which can destroy bytes that the
// peer has not read yet.

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "listener_impl.hpp"

namespace socketio::net {

void ServerStream::Impl::finish(Bytes rest, SharedText text) {
  listener = nullptr;
  finishing = true;
  tail.append(rest);
  if (!text.rest().empty()) {
    shared_tail = std::make_unique<SharedText>(std::move(text));
  }
  if (shared->detached) {
    send_tail();
    close();
    return;
  }
  shared->restart_linger(*this);
  continue_finishing();
}

void ServerStream::Impl::continue_finishing() {
  if (has_tail()) {
    const std::size_t sent = send_tail();
    if (tls && sent == 0 && !tls->established()) {
      failure = EPROTO;  // without a TLS handshake the rest cannot be sent
    }
    if (sent != 0) {
      shared->restart_linger(*this);
    }
  }
  if (!has_tail() && !output_ended && failure == 0) {
    if (tls) {
      tls->end();
    }
    if (!tls || flush_encrypted()) {
      output_ended = true;
      ::shutdown(descriptor, SHUT_WR);
      tail.clear_and_shrink(0);
    }
  }
  discard_input();
  if (failure != 0 || (output_ended && input_ended)) {
    close();
  } else {
    watch();
  }
}

std::size_t ServerStream::Impl::send_tail() {
  const std::array<Bytes, 2> waiting{tail.bytes(), shared_tail ? shared_tail->rest() : Bytes()};
  const std::size_t sent = send(waiting);
  const std::size_t first = std::min(sent, tail.size());
  tail.discard_front(first);
  if (shared_tail) {
    shared_tail->offset += sent - first;
    if (shared_tail->rest().empty()) {
      shared_tail.reset();
    }
  }
  return sent;
}

// Does not use the loop's read buffer: another connection's listener may still be reading from it.
void ServerStream::Impl::discard_input() {
  std::array<std::uint8_t, 16 * 1024> room;
  while (!discarded_enough() && !input_ended && failure == 0) {
    const ssize_t size = recv(descriptor, room.data(), room.size(), 0);
    discarded_bytes += size > 0 ? static_cast<std::uint32_t>(size) : 0;
    if (size == 0) {
      input_ended = true;
    } else if (size < 0) {
      failure = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : errno;
      return;
    }
  }
}

}  // namespace socketio::net
