// Connecting a stream: the name look-up, then one address after the other.

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "stream_impl.hpp"

namespace socketio::net {
namespace {

/// Idle seconds before the system sends TCP keep-alive probes.
constexpr unsigned keep_alive_s = 60;

/// Parses a numeric address. A name look-up would give the same address, but needs a thread.
bool parse_address(const Endpoint& endpoint, sockaddr_storage& address) {
  if (uv_ip4_addr(endpoint.host.c_str(), endpoint.port, reinterpret_cast<sockaddr_in*>(&address)) == 0) {
    return true;
  }
  return uv_ip6_addr(endpoint.host.c_str(), endpoint.port, reinterpret_cast<sockaddr_in6*>(&address)) == 0;
}

StreamError::Kind connect_error_kind(int status) {
  switch (status) {
    case UV_ECONNREFUSED: return StreamError::Kind::refused;
    case UV_ENOENT: return StreamError::Kind::no_such_socket;
    case UV_EACCES:
    case UV_EPERM: return StreamError::Kind::not_permitted;
    case UV_ETIMEDOUT: return StreamError::Kind::timed_out;
    default: return StreamError::Kind::unreachable;
  }
}

void connect_called_back(uv_connect_t* request, int status) {
  auto& attempt = *static_cast<Stream::Impl::Socket*>(request->data);
  attempt.owner->connect_ended(attempt, status);
}

}  // namespace

void Stream::Impl::connect(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  give_up_ms = core.fresh_now_ms() + in_ms(timeout);
  tls_context = endpoint.tls;
  server_name = endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  sockaddr_storage address{};
  if (!endpoint.unix_path.empty()) {
    open_pipe(endpoint.unix_path);
  } else if (parse_address(endpoint, address)) {
    addresses.push_back(address);
    try_next_address();
  } else {
    look_up(endpoint);
  }
}

void Stream::Impl::look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  lookup.data = this;
  const auto found = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    Impl& self = *static_cast<Impl*>(request->data);
    self.looking_up = false;
    if (!self.detached) {
      for (const addrinfo* entry = status == 0 ? list : nullptr; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_addrlen <= sizeof(sockaddr_storage)) {
          std::memcpy(&self.addresses.emplace_back(), entry->ai_addr, entry->ai_addrlen);
        }
      }
      self.error = {StreamError::Kind::unknown_host, status == 0 ? "no address" : uv_strerror(status)};
      self.try_next_address();
    }
    uv_freeaddrinfo(list);
    self.uv_let_go();
  };
  const std::string port = std::to_string(endpoint.port);
  const int status = uv_getaddrinfo(core.uv(), &lookup, found, endpoint.host.c_str(), port.c_str(), &hints);
  if (status == 0) {
    looking_up = true;
    ++held_by_uv;
  } else {
    fail_soon(stream_error(StreamError::Kind::unknown_host, status));
  }
}

void Stream::Impl::try_next_address() {
  address_timer->stop();
  while (next_address < addresses.size()) {
    const auto* const address = reinterpret_cast<const sockaddr*>(&addresses[next_address++]);
    Socket* const attempt = new_socket();
    uv_tcp_init(core.uv(), &attempt->tcp);
    attempt->handle.data = attempt;
    attempt->connecting.data = attempt;
    const int status = uv_tcp_connect(&attempt->connecting, &attempt->tcp, address, connect_called_back);
    if (status == 0) {
      if (const std::size_t left = addresses.size() - next_address; left != 0) {
        const std::uint64_t now = core.now_ms();
        address_timer->start(give_up_ms > now ? (give_up_ms - now) / (left + 1) : 0);
      }
      return;
    }
    error = stream_error(connect_error_kind(status), status);
    close_socket();
  }
  fail_soon(error);
}

void Stream::Impl::open_pipe(const std::string& path) {
  // libuv truncates longer paths and would connect to another file.
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    fail_soon({StreamError::Kind::unreachable, "the path of the socket is too long"});
    return;
  }
  Socket* const attempt = new_socket();
  uv_pipe_init(core.uv(), &attempt->pipe, 0);
  attempt->handle.data = attempt;
  attempt->connecting.data = attempt;
  uv_pipe_connect(&attempt->connecting, &attempt->pipe, path.c_str(), connect_called_back);
}

void Stream::Impl::connect_ended(Socket& attempt, int status) {
  if (&attempt != socket) {
    return;  // given up meanwhile
  }
  address_timer->stop();
  if (status != 0) {
    error = stream_error(connect_error_kind(status), status);
    close_socket();
    try_next_address();
    return;
  }
  if (attempt.handle.type == UV_TCP) {
    uv_tcp_nodelay(&attempt.tcp, 1);
    uv_tcp_keepalive(&attempt.tcp, 1, keep_alive_s);
  }
  connected = tls_context == nullptr;
  const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    *buffer = static_cast<Socket*>(handle->data)->owner->core.read_buffer();
  };
  const auto read = [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    static_cast<Socket*>(stream->data)->owner->received(count, buffer);
  };
  const int reading = uv_read_start(&attempt.stream, allocate, read);
  assert(reading == 0);
  static_cast<void>(reading);
  if (tls_context != nullptr) {
    begin_tls();
  } else {
    listener->on_connected();
  }
}

}  // namespace socketio::net
