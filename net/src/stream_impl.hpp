#pragma once

#include <sys/socket.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <socketio/net/stream.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>

#include "core.hpp"

namespace socketio::net {

/// The part of a stream that libuv references: one socket for each address tried, and the name look-up. It outlives its Stream
/// until libuv has called back for all of these.
struct Stream::Impl {
  /// One socket, from its creation until libuv has closed it.
  struct Socket {
    union {
      uv_handle_t handle;
      uv_stream_t stream;
      uv_tcp_t tcp;
      uv_pipe_t pipe;
    };
    uv_connect_t connecting;
    uv_write_t writing;
    std::unique_ptr<std::uint8_t[]> later;  ///< bytes that write_later() holds
    Impl* owner;
  };

  Impl(Loop& loop, StreamListener& heard);

  // stream_connect.cpp
  void connect(const Endpoint& endpoint, std::chrono::milliseconds timeout);
  void look_up(const Endpoint& endpoint);
  void try_next_address();
  void open_pipe(const std::string& path);
  void connect_ended(Socket& attempt, int status);

  // stream_tls.cpp
  void begin_tls();
  void take_encrypted(Bytes bytes);
  std::size_t send_encrypted(std::span<const Bytes> parts);
  std::size_t send_later_encrypted(Bytes part);
  void flush_encrypted();

  // stream.cpp
  bool write_later(Bytes part);
  void received(ssize_t count, const uv_buf_t* buffer);
  std::size_t send(std::span<const Bytes> parts);
  std::size_t send_later(Bytes part);
  void later_ended(Socket& written, int status);

  Socket* new_socket();
  void close_socket() noexcept;
  /// Reports `error` after the socket was polled once more, so that bytes which have arrived are delivered first.
  void fail_soon(StreamError error);
  void report(StreamError error);
  void detach() noexcept;
  void uv_let_go() noexcept;

  Core& core;
  StreamListener* listener;
  std::optional<Timer> soon;           ///< reports the error of fail_soon(), or tries the next address
  std::optional<Timer> address_timer;  ///< timeout of the current address
  Socket* socket = nullptr;            ///< the current one
  uv_getaddrinfo_t lookup{};
  bool looking_up = false;
  std::vector<sockaddr_storage> addresses;
  std::size_t next_address = 0;
  std::uint64_t give_up_ms = 0;
  StreamError error;  ///< error of the last address tried, or the one that fail_soon() reports
  bool failing = false;
  bool connected = false;
  bool later_pending = false;
  bool later_failed = false;
  bool detached = false;
  bool resets = false;  ///< reset_on_close() was called
  std::shared_ptr<TlsContext> tls_context;
  std::string server_name;
  std::unique_ptr<TlsSession> tls;
  std::optional<Timer> drained;     ///< with TLS: calls on_writable() once no encrypted bytes are left
  std::size_t encrypted_later = 0;  ///< bytes of the session's output that uv_write() holds
  std::size_t held_by_uv = 0;       ///< sockets and look-ups that libuv will call back for
};

/// Creates an error with the system's message for a libuv error number.
StreamError stream_error(StreamError::Kind kind, int status);

}  // namespace socketio::net
