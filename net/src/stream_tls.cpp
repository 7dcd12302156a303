// TLS between the socket and the listener.

#include <algorithm>
#include <array>
#include <utility>

#include "stream_impl.hpp"

namespace socketio::net {
namespace {

/// Plain bytes of one TLS record.
constexpr std::size_t tls_record_bytes = 16 * 1024;
/// Maximum number of plain bytes that one try_write() encrypts; it does not take the bytes after them.
constexpr std::size_t encrypted_at_once = 256 * 1024;

}  // namespace

void Stream::Impl::begin_tls() {
  tls = std::make_unique<TlsSession>(tls_context, TlsSession::Role::client, server_name);
  take_encrypted({});  // sends the ClientHello
}

void Stream::Impl::take_encrypted(Bytes bytes) {
  tls->feed(bytes);
  std::array<std::uint8_t, tls_record_bytes> room;
  for (;;) {
    std::size_t count = 0;
    const TlsSession::Status status = tls->read(room, count);
    if (!connected && tls->established()) {
      connected = true;
      flush_encrypted();
      listener->on_connected();
      if (listener == nullptr || failing) {
        return;
      }
    }
    if (status == TlsSession::Status::good) {
      listener->on_bytes(Bytes(room).first(count));
      if (listener == nullptr || failing) {
        return;
      }
    } else if (status == TlsSession::Status::needs_more) {
      flush_encrypted();
      return;
    } else if (status == TlsSession::Status::ended) {
      report({StreamError::Kind::ended, "end of file"});
      return;
    } else {
      flush_encrypted();  // sends the alert to the peer
      report({StreamError::Kind::tls_failed, tls->failure()});
      return;
    }
  }
}

std::size_t Stream::Impl::send_encrypted(std::span<const Bytes> parts) {
  std::size_t taken = 0;
  for (const Bytes part : parts) {
    const Bytes now = part.first(std::min(part.size(), encrypted_at_once - taken));
    if (!tls->write(now)) {
      fail_soon({StreamError::Kind::failed, "TLS"});
      return taken;
    }
    taken += now.size();
    if (now.size() != part.size()) {
      break;
    }
  }
  flush_encrypted();
  return taken;
}

std::size_t Stream::Impl::send_later_encrypted(Bytes part) {
  part = part.first(std::min(part.size(), later_bytes_max));
  if (!tls->write(part)) {
    fail_soon({StreamError::Kind::failed, "TLS"});
    return 0;
  }
  later_pending = true;
  later_failed = false;
  flush_encrypted();
  return part.size();
}

/// Writes the encrypted bytes that the system takes now; the rest follows when it takes more.
void Stream::Impl::flush_encrypted() {
  if (encrypted_later != 0 || socket == nullptr) {
    return;
  }
  while (!tls->output().empty()) {
    const std::array<Bytes, 1> whole{tls->output()};
    const std::size_t taken = send(whole);
    if (failing) {
      return;
    }
    if (taken == 0) {
      const Bytes rest = tls->output().first(std::min(tls->output().size(), later_bytes_max));
      later_pending = true;  // no further writes until these bytes are taken
      if (write_later(rest)) {
        encrypted_later = rest.size();
      }
      return;
    }
    tls->sent(taken);
  }
  if (later_pending) {
    drained->start(0);
  }
}

}  // namespace socketio::net
