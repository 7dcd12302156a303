#pragma once

// For the library's own folders; not installed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>

namespace socketio::net {

class TlsContext;

/// The address a stream connects to: a host (name or address) and port, or a unix socket.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;            ///< when not empty, host and port are ignored
  std::shared_ptr<TlsContext> tls;  ///< null: no TLS
  std::string server_name;          ///< name that the certificate must be issued for; empty: `host`
};

/// Reason why a stream closed or could not connect.
struct StreamError {
  enum class Kind : std::uint8_t {
    unknown_host,    ///< the name has no address
    refused,         ///< no process listens there
    no_such_socket,  ///< no file at the unix path
    not_permitted,   ///< the system denies access
    timed_out,       ///< no response to the connection request
    unreachable,     ///< any other failure before the connection was established
    ended,           ///< the peer closed the connection
    failed,          ///< any other failure of an established connection
    tls_failed,      ///< the peer does not speak TLS, or its certificate is not accepted
  };
  Kind kind = Kind::failed;
  std::string text;  ///< the system's message, such as "connection reset by peer"
};

/// Receives the events of a stream. Always called from the loop, never from inside a call to the stream. May destroy the
/// stream.
class StreamListener {
 public:
  virtual ~StreamListener();
  virtual void on_connected() = 0;
  /// `bytes` are borrowed until return: their buffer is reused for the next read.
  virtual void on_bytes(Bytes bytes) = 0;
  /// The system has taken all bytes given to write_later(), or takes bytes again after ServerStream::want_writable().
  virtual void on_writable() = 0;
  /// The connection is lost. Called once, as the last call, after all received bytes have been passed to on_bytes().
  virtual void on_lost(const StreamError& error) = 0;
};

/// A client connection to one endpoint: TCP or a unix socket, with TLS if the endpoint has it. With TLS, on_connected() is
/// called after the TLS handshake.
///
/// It reports exactly how many bytes the system has taken, so that its user knows which bytes certainly were not sent. With
/// TLS, encrypted bytes count as taken.
class Stream {
 public:
  /// Maximum number of bytes that one write_later() takes.
  static constexpr std::size_t later_bytes_max = 64 * 1024;
  /// Maximum number of parts of one try_write().
  static constexpr std::size_t parts_max = 64;

  /// `listener` outlives the stream.
  Stream(Loop& loop, StreamListener& listener);
  /// Closes at once. Bytes that write_later() still holds are not sent; bytes that the system has taken are still sent, unless
  /// reset_on_close() was called.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Replaces the listener. The new one outlives the stream.
  void tell(StreamListener& listener) noexcept;

  /// Connects to the host's addresses one after the other, each with an equal share of the `timeout` that remains. The last
  /// address has no timeout here: the caller enforces the overall deadline. A numeric address needs no name look-up, and so no
  /// thread. May be called once per stream.
  void connect(const Endpoint& endpoint, std::chrono::milliseconds timeout);

  /// Makes closing discard the bytes that the system has taken but not yet sent, and send a TCP reset to the peer. Has no
  /// effect on a unix socket, where no bytes are in transit.
  void reset_on_close() noexcept;

  /// True when try_write() may be called: connected, not failed, and no bytes of write_later() are left.
  [[nodiscard]] bool writable() const noexcept;
  /// Writes at most `parts_max` parts together. Returns the number of bytes that the system took: 0 when it takes none now, or
  /// when writing failed (on_lost() follows, after the bytes that can still be read).
  std::size_t try_write(std::span<const Bytes> parts);
  /// Copies at most `later_bytes_max` bytes of `part`, which try_write() did not take, writes them when the system takes bytes
  /// again, and then calls on_writable(). Returns the number of bytes copied; 0 when the stream has failed.
  std::size_t write_later(Bytes part);
  /// True when the system has taken all bytes of the last write_later(), even if on_writable() has not been called yet. Also
  /// valid in on_lost().
  [[nodiscard]] bool later_taken() const noexcept;

  struct Impl;

 private:
  Impl* impl_;  ///< deletes itself when libuv does not reference it any more
};

}  // namespace socketio::net
