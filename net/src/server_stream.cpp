// The socket of an accepted connection: reading, writing and reporting events.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include <socketio/net/proxy_header.hpp>

#include "listener_impl.hpp"
#include "stream_impl.hpp"

namespace socketio::net {
namespace {

/// Maximum number of parts that the system takes in one write.
constexpr std::size_t parts_per_write = 1024;
/// Maximum number of reads from one connection before the loop handles others.
constexpr int reads_per_turn = 4;
/// Plain bytes of one TLS record.
constexpr std::size_t record_bytes = 16 * 1024;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

PeerAddress::PeerAddress(const sockaddr_storage& address) noexcept : ipv6(address.ss_family == AF_INET6) {
  if (ipv6) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  } else {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  }
}

std::string PeerAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  return inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes.data(), room.data(), room.size()) == nullptr ? "" : room.data();
}

ServerStream::~ServerStream() {
  if (impl_ != nullptr) {
    impl_->close();
  }
}

void ServerStream::set_listener(StreamListener* listener) noexcept { impl_->listener = listener; }

void ServerStream::read(bool on) {
  impl_->reading = on;
  impl_->watch();
}

std::size_t ServerStream::try_write(std::span<const Bytes> parts) { return impl_->send(parts); }

void ServerStream::want_writable() {
  impl_->writing = true;
  impl_->watch();
}

void ServerStream::finish(Bytes rest, SharedText shared) { std::exchange(impl_, nullptr)->finish(rest, std::move(shared)); }

std::string ServerStream::peer_address() const { return impl_->peer.text(); }
bool ServerStream::is_proxied() const noexcept { return impl_->peer.proxied; }

ServerStream::Impl::Impl(std::shared_ptr<Accepting> accepting, LooseStream::State state)
    : shared(std::move(accepting)),
      tls(std::move(state.tls)),
      proxy_header(std::move(state.proxy_header)),
      peer(state.peer),
      descriptor(std::exchange(state.descriptor, -1)),
      failure(state.failure),
      end_pending(state.end_pending) {}

bool ServerStream::Impl::open() {
  if (uv_poll_init(shared->core.uv(), &poll, descriptor) != 0) {
    ::close(descriptor);
    shared->uncount();
    return false;
  }
  poll.data = this;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ++shared->count;
  shared->streams.push_back(*this);
  return true;
}

/// Sets the events that libuv polls for, if they have changed.
void ServerStream::Impl::watch() {
  if (closed) {
    return;
  }
  const bool unsent = tls && !tls->output().empty();
  bool readable = false;
  bool writable = false;
  bool end = false;
  if (finishing) {
    readable = !input_ended && !discarded_enough();
    writable = unsent || has_tail();
    end = discarded_enough();
  } else if (!lost) {
    readable = reading || failure != 0;  // a failed socket is ready at once, so the failure is reported from the loop
    writable = writing || unsent || failure != 0;
    end = !reading && !end_pending;
  }
  const int wanted = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0) | (end ? UV_DISCONNECT : 0);
  if (wanted == watched) {
    return;
  }
  watched = static_cast<std::uint8_t>(wanted);
  if (wanted == 0) {
    uv_poll_stop(&poll);
    return;
  }
  const int status = uv_poll_start(&poll, wanted, [](uv_poll_t* handle, int result, int events) {
    static_cast<Impl*>(handle->data)->polled(result, events);
  });
  assert(status == 0);
  static_cast<void>(status);
}

void ServerStream::Impl::polled(int status, int events) {
  if (status < 0) {
    watched = 0;  // libuv has stopped polling: the socket has an error, which recv() or SO_ERROR returns
  }
  if (finishing) {
    const bool gone = status < 0 || (events & UV_DISCONNECT) != 0;
    gone&& discarded_enough() ? close() : continue_finishing();
    return;
  }
  if (status < 0 && !reading && failure == 0) {
    socklen_t size = sizeof(failure);
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size);
    failure = failure == 0 ? ECONNRESET : failure;
  }
  const auto owned = [this] { return !closed && !lost && !finishing; };  // each call below may change it
  if ((status < 0 || (events & UV_READABLE) != 0) && reading && failure != ECONNABORTED) {
    receive();
  }
  if (owned() && failure != 0) {
    report(StreamError::Kind::failed, failure);
  }
  if (owned() && (events & UV_WRITABLE) != 0) {
    writable();
  }
  if (owned() && !reading && (events & UV_DISCONNECT) != 0) {
    end_pending = true;
  }
  watch();
}

void ServerStream::Impl::receive() {
  for (int count = 0; count < reads_per_turn && reading && !closed && !lost && !finishing; ++count) {
    const uv_buf_t room = shared->core.read_buffer();
    const ssize_t size = recv(descriptor, room.base, room.len, 0);
    if (size > 0) {
      const Bytes bytes{reinterpret_cast<const std::uint8_t*>(room.base), static_cast<std::size_t>(size)};
      pass_on(bytes);
      if (bytes.size() < room.len) {
        return;
      }
    } else if (size == 0) {
      input_ended = true;
      report(StreamError::Kind::ended, 0);
    } else if (!would_block(errno) && errno != EINTR) {
      report(StreamError::Kind::failed, errno);
    } else {
      return;
    }
  }
}

void ServerStream::Impl::pass_on(Bytes bytes) {
  if (proxy_header) {
    take_proxy_header(bytes);
  } else {
    tls ? take_encrypted(bytes) : take(bytes);
  }
}

void ServerStream::Impl::take_proxy_header(Bytes bytes) {
  proxy_header->append(bytes);
  const ProxyHeader header = ProxyHeader::read(proxy_header->bytes());
  if (header.status == ProxyHeader::Status::incomplete) {
    return;
  }
  if (header.status == ProxyHeader::Status::malformed) {
    ++shared->counters.bad_proxy_headers;
    report(StreamError::Kind::failed, EPROTO);
    return;
  }
  if (header.has_address) {
    peer.bytes = header.address;
    peer.ipv6 = header.ipv6;
    peer.proxied = true;
  }
  const auto received = std::move(proxy_header);
  if (received->size() > header.size) {
    pass_on(received->bytes().subspan(header.size));
  }
}

void ServerStream::Impl::take(Bytes bytes) { listener->on_bytes(bytes); }

void ServerStream::Impl::take_encrypted(Bytes bytes) {
  std::array<std::uint8_t, record_bytes> plain;
  const bool was_established = tls->established();
  tls->feed(bytes);
  auto status = TlsSession::Status::good;
  while (status == TlsSession::Status::good && !closed && !lost && !finishing) {
    std::size_t count = 0;
    status = tls->read(plain, count);
    if (!was_established && tls->established() && status == TlsSession::Status::needs_more) {
      listener->on_connected();
    }
    if (count != 0) {
      take({plain.data(), count});
    }
  }
  tls->feed({});
  if (closed || lost || finishing) {
    return;
  }
  flush_encrypted();
  if (status == TlsSession::Status::ended) {
    report(StreamError::Kind::ended, 0);
  } else if (status == TlsSession::Status::failed) {
    report(StreamError::Kind::failed, EPROTO);
  }
}

void ServerStream::Impl::report(StreamError::Kind kind, int error) {
  lost = true;
  watch();
  if (StreamListener* const told = std::exchange(listener, nullptr)) {
    told->on_lost(kind == StreamError::Kind::ended ? StreamError{kind, "end of file"}
                                                   : stream_error(kind, uv_translate_sys_error(error)));
  }
}

std::size_t ServerStream::Impl::send(std::span<const Bytes> parts) {
  if (failure != 0 || closed) {
    return 0;
  }
  const std::size_t sent = tls ? send_encrypted(parts) : send_plain(parts);
  if (failure != 0 && !finishing) {
    watch();
  }
  return sent;
}

std::size_t ServerStream::Impl::send_plain(std::span<const Bytes> parts) {
  std::size_t sent = 0;
  while (!parts.empty()) {
    std::array<iovec, parts_per_write> pieces;
    const std::size_t count = std::min(parts.size(), pieces.size());
    std::size_t wanted = 0;
    for (std::size_t index = 0; index < count; ++index) {
      // const_cast: the system does not modify the bytes it sends.
      pieces[index] = {const_cast<std::uint8_t*>(parts[index].data()), parts[index].size()};
      wanted += parts[index].size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    ssize_t taken = 0;
    do {
      // For most sockets a broadcast is exactly one part: send() is cheaper than sendmsg() with a list.
      taken = count == 1 ? ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                         : sendmsg(descriptor, &message, MSG_NOSIGNAL);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0) {
      failure = would_block(errno) ? 0 : errno;
      return sent;
    }
    sent += static_cast<std::size_t>(taken);
    if (static_cast<std::size_t>(taken) < wanted) {
      return sent;
    }
    parts = parts.subspan(count);
  }
  return sent;
}

// Encrypted bytes count as taken, because they cannot be removed again. So at most one TLS record waits in the session's
// output.
std::size_t ServerStream::Impl::send_encrypted(std::span<const Bytes> parts) {
  std::array<std::uint8_t, record_bytes> record;
  std::size_t sent = 0;
  std::size_t offset = 0;  // in the first part
  while (!parts.empty() && flush_encrypted()) {
    std::size_t gathered = 0;
    while (!parts.empty() && gathered < record.size()) {
      const Bytes part = parts.front().subspan(offset);
      const std::size_t count = std::min(part.size(), record.size() - gathered);
      std::copy_n(part.begin(), count, record.begin() + static_cast<std::ptrdiff_t>(gathered));
      gathered += count;
      offset += count;
      if (count == part.size()) {
        parts = parts.subspan(1);
        offset = 0;
      }
    }
    if (!tls->write({record.data(), gathered})) {
      return sent;
    }
    sent += gathered;
  }
  flush_encrypted();
  watch();
  return sent;
}

bool ServerStream::Impl::flush_encrypted() {
  const Bytes waiting = tls->output();
  if (!waiting.empty() && failure == 0) {
    tls->sent(send_plain(std::span(&waiting, 1)));
  }
  return tls->output().empty() && failure == 0;
}

void ServerStream::Impl::writable() {
  if (tls && !flush_encrypted()) {
    return;
  }
  if (std::exchange(writing, false)) {
    listener->on_writable();
  }
}

/// The listener receives on_lost() later, from the loop. A socket that was shut down is ready at once, even when the peer
/// neither sends nor reads.
void ServerStream::Impl::abort() {
  if (finishing) {
    close();
  } else if (!lost) {
    failure = ECONNABORTED;
    ::shutdown(descriptor, SHUT_RDWR);
    watch();
  }
}

void ServerStream::Impl::close() noexcept {
  if (closed) {
    return;
  }
  let_go();
  ::close(descriptor);
  shared->uncount();
  shared->stream_closed();
}

void ServerStream::Impl::let_go() noexcept {
  closed = true;
  listener = nullptr;
  unlink();
  uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
}

}  // namespace socketio::net
