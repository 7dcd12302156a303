#pragma once

// For the library's own folders; not installed.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/stream.hpp>

namespace socketio::net {

class TlsContext;
struct Accepting;

/// Number of open connections on each of several loops. A connection that is being moved to a loop already counts for that
/// loop. Safe from the threads of all these loops.
class OpenCounts {
 public:
  explicit OpenCounts(std::size_t loops) : counts_(loops) {}

  void opened(std::size_t loop) noexcept { ++counts_[loop]; }
  void closed(std::size_t loop) noexcept { --counts_[loop]; }
  [[nodiscard]] std::size_t total() const noexcept;
  /// Index of the loop with the fewest open connections.
  [[nodiscard]] std::size_t emptiest() const noexcept;

 private:
  std::vector<std::atomic<std::size_t>> counts_;
};

/// An accepted connection that is being moved from one loop to another. No loop polls it: received bytes stay in the system's
/// buffer. May be moved to another thread.
class LooseStream {
 public:
  /// Creates an empty object, without a connection.
  LooseStream() noexcept;
  LooseStream(LooseStream&&) noexcept;
  LooseStream& operator=(LooseStream&&) noexcept;
  /// Closes the connection at once.
  ~LooseStream();

  /// Counts the connection for `loop` instead of the loop it was counted for; see ListenerOptions::counts.
  void count_for(std::size_t loop) noexcept;

  struct State;

 private:
  friend class ServerStream;
  friend class Listener;
  friend struct Accepting;
  explicit LooseStream(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

/// Text that several streams share; each sends it from its own `offset` (in bytes) on.
struct SharedText {
  std::shared_ptr<const std::string> text;
  std::size_t offset = 0;
  [[nodiscard]] Bytes rest() const noexcept { return text ? as_bytes(*text).subspan(offset) : Bytes(); }
};

/// An accepted TCP connection. While idle it costs one small object and no buffer.
///
/// Its StreamListener is called from the loop, never from inside a call to the stream, and may destroy the stream.
/// on_connected() is called only with TLS, after the TLS handshake.
class ServerStream {
 public:
  /// Creates an empty object, without a connection.
  ServerStream() noexcept = default;
  ServerStream(ServerStream&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  ServerStream& operator=(ServerStream&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  /// Closes the connection at once.
  ~ServerStream();

  [[nodiscard]] explicit operator bool() const noexcept { return impl_ != nullptr; }

  /// Must be called before read() and want_writable(). `listener` must live until the stream is closed or gets another
  /// listener.
  void set_listener(StreamListener* listener) noexcept;
  /// Switches reading on or off; off at first. While it is off, TCP flow control stops the peer, and the end of the peer's data
  /// is reported only after reading is on again.
  void read(bool on);
  /// Writes any number of parts together. Returns the number of bytes that the system took: fewer than all when it takes no
  /// more now, or when writing failed (on_lost() follows, after the bytes that can still be read).
  std::size_t try_write(std::span<const Bytes> parts);
  /// Requests one call of on_writable(), when the system takes bytes again.
  void want_writable();
  /// Closes gracefully: sends `rest` (copied), then `shared` (not copied), then the end of the stream, and closes the socket
  /// when the peer has closed its side, so that sent bytes arrive even if the peer's unread bytes are still in transit. The
  /// listener is not called any more, and this object is empty afterwards. A peer that makes no progress is closed after
  /// ListenerOptions::linger_ms, and at most one megabyte of its further input is read and discarded. May be called after
  /// on_lost().
  void finish(Bytes rest = {}, SharedText shared = {});

  /// The peer's address without its port: "127.0.0.1", "::1".
  [[nodiscard]] std::string peer_address() const;
  /// True when the peer is a proxy, and peer_address() is that of its client: a PROXY header has named it.
  [[nodiscard]] bool is_proxied() const noexcept;

  /// Detaches the connection from its loop, for Listener::adopt() on another loop. Must not be called from within a call to the
  /// listener, nor after on_lost(). This object is empty afterwards.
  [[nodiscard]] LooseStream release();

  struct Impl;

 private:
  friend class Listener;
  friend struct Accepting;
  explicit ServerStream(Impl* impl) noexcept : impl_(impl) {}

  Impl* impl_ = nullptr;
};

struct ListenerOptions {
  std::size_t connections_max = 16'000;  ///< lowered to fit the process's descriptor limit
  std::uint32_t linger_ms = 5'000;       ///< time without progress after which finish() closes the connection
  std::string refusal;                   ///< sent to connections above the limit before they are closed; not with TLS
  std::shared_ptr<TlsContext> tls;       ///< null: no TLS
  /// Returns true for the peers that begin each connection with a PROXY header (proxy_header.hpp). A connection of theirs
  /// without a valid one is lost. Empty: none does.
  std::function<bool(const std::string& address)> proxied;

  // For several loops with one Listener each, of which only one listens. `connections_max` then limits all loops together.
  std::shared_ptr<OpenCounts> counts;  ///< shared by all listeners; null: there is one loop
  std::size_t loop = 0;                ///< this listener's index in `counts`
  /// Moves a new connection to `loop`, which has the fewest connections. Called only when that is not this listener's loop.
  std::function<void(std::size_t loop, LooseStream stream)> give_away;
};

struct ListenerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< connections closed at once: above connections_max, or no descriptor was left in the process
  std::uint64_t bad_proxy_headers = 0;  ///< of connections that this listener has accepted or adopted
};

/// Accepts TCP connections on one or several addresses.
///
/// It keeps running, without busy-waiting, at the connection limit and when the process has no descriptor left: connections
/// that cannot be served are accepted, closed and counted as refused, and new ones are served as soon as others have closed.
class Listener {
 public:
  /// Calls `accepted` from the loop with each new connection.
  Listener(Loop& loop, ListenerOptions options, std::function<void(ServerStream)> accepted);
  /// Closes the connections that are in finish(). Connections that a ServerStream still owns stay open.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Adds an address to listen on. Returns an empty string, or why it failed ("port 3000 is in use"). `host` is a numeric
  /// address or "localhost". Port 0 selects a free port. "::" accepts IPv4 connections, too, whose peer addresses then read
  /// "::ffff:127.0.0.1"; "0.0.0.0" on the same port is allowed in addition, and IPv4 addresses keep their form if it is
  /// listened on first. After stop(), listen() works again as soon as no connection is left.
  [[nodiscard]] std::string listen(const std::string& host, std::uint16_t port);
  /// Port of the last listen() that succeeded; 0 before the first.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Number of connections whose socket is open, including those in finish().
  [[nodiscard]] std::size_t connection_count() const noexcept;
  /// Connection limit, after it has been lowered to fit the process's descriptor limit.
  [[nodiscard]] std::size_t connections_max() const noexcept;
  [[nodiscard]] const ListenerCounters& counters() const noexcept;
  /// Sets the TLS context of connections accepted from now on; earlier connections do not change.
  void use_tls(std::shared_ptr<TlsContext> tls) noexcept;

  /// Adds a connection that another listener has accepted to this loop. Returns an empty object, and closes the connection,
  /// when the system cannot poll it.
  [[nodiscard]] ServerStream adopt(LooseStream stream);

  /// Stops accepting connections. Calls `empty` once, when no connection is left; never when the listener is destroyed before.
  /// May be called again: every `empty` is called.
  void stop(std::function<void()> empty);
  /// Aborts all connections: their listeners receive on_lost(), and those in finish() are closed.
  void abort_all();

 private:
  std::shared_ptr<Accepting> accepting_;
};

}  // namespace socketio::net
