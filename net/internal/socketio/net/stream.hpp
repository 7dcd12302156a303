#pragma once

// For the library's own folders; not installed.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>

namespace socketio::net {

class TlsContext;

/// Where a stream leads: a host (name or address) and port, or a unix socket.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;            ///< when not empty, host and port mean nothing
  std::shared_ptr<TlsContext> tls;  ///< none: bytes as they are
  std::string server_name;          ///< that the certificate must be for; empty: `host`
};

/// Why a stream ended, or never began.
struct StreamError {
  enum class Kind : std::uint8_t {
    unknown_host,    ///< the name has no address
    refused,         ///< nobody listens there
    no_such_socket,  ///< no file at the unix path
    not_permitted,   ///< the system does not let us
    timed_out,       ///< no answer to the connection request
    unreachable,     ///< any other failure before the connection stood
    ended,           ///< the other side closed
    failed,          ///< any other failure afterwards
    tls_failed,      ///< the other side does not speak TLS, or its certificate is not good
  };
  Kind kind = Kind::failed;
  std::string text;  ///< the system's words, such as "connection reset by peer"
};

/// Hears what happens on a stream. Always called from the loop, never from inside a call to the stream, and may destroy it.
class StreamListener {
 public:
  virtual ~StreamListener();
  virtual void on_connected() = 0;
  /// `bytes` are the loop's read buffer; borrowed until return.
  virtual void on_bytes(Bytes bytes) = 0;
  /// What write_later() was given has been taken by the system.
  virtual void on_writable() = 0;
  /// The last call, and only one. Everything that had arrived has been handed to on_bytes().
  virtual void on_lost(const StreamError& error) = 0;
};

/// A connection to one place: TCP or a unix socket, by TLS where the endpoint says so. Its listener hears of the connection
/// when the handshake is over.
///
/// It knows exactly how much the system has taken, so that its user can tell what certainly was not sent. With TLS, what was
/// encrypted counts as taken.
class Stream {
 public:
  /// Most that one write_later() takes.
  static constexpr std::size_t later_bytes_max = 64 * 1024;
  /// Most pieces of one try_write().
  static constexpr std::size_t parts_max = 64;

  /// `listener` outlives the stream.
  Stream(Loop& loop, StreamListener& listener);
  /// Closes at once. What write_later() still held is not sent; what the system had taken still is, unless reset_on_close() was
  /// called.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// From now on another listener is told. It outlives the stream.
  void tell(StreamListener& listener) noexcept;

  /// Tries the host's addresses in turn, each for a fair share of `timeout_ms`; the last one for as long as it likes: the
  /// caller keeps the deadline of the whole. An address written in numbers needs no look-up, and so no thread. Once per stream.
  void connect(const Endpoint& endpoint, std::uint64_t timeout_ms);

  /// Closing will take back from the system what has not left yet, and tell the other side that the connection was reset. On a
  /// unix socket nothing is on its way: there this does nothing.
  void reset_on_close() noexcept;

  /// True when try_write() may be called: connected, not failed, and nothing of write_later() is left.
  [[nodiscard]] bool writable() const noexcept;
  /// One gathered write of at most `parts_max` parts. Returns how many bytes the system took: 0 when it takes none now, or when
  /// writing failed (on_lost() follows, after what can still be read).
  std::size_t try_write(std::span<const Bytes> parts);
  /// For what try_write() left over: copies at most `later_bytes_max` bytes of `part`, hands them over when the system takes
  /// some again, and then calls on_writable(). Returns how many were copied; 0 when the stream has failed.
  std::size_t write_later(Bytes part);
  /// True when the system has taken the whole of the last write_later(), even if on_writable() has not been called. Also
  /// good in on_lost().
  [[nodiscard]] bool later_taken() const noexcept;

  struct Impl;

 private:
  Impl* impl_;  ///< deletes itself when libuv holds nothing of it any more
};

}  // namespace socketio::net
