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

/// How many connections are open on each of several loops; those on their way to one are its already. For all their threads.
class OpenCounts {
 public:
  explicit OpenCounts(std::size_t loops) : counts_(loops) {}

  void opened(std::size_t loop) noexcept { ++counts_[loop]; }
  void closed(std::size_t loop) noexcept { --counts_[loop]; }
  [[nodiscard]] std::size_t total() const noexcept;
  /// The loop with the fewest.
  [[nodiscard]] std::size_t emptiest() const noexcept;

 private:
  std::vector<std::atomic<std::size_t>> counts_;
};

/// A connection between two loops: nobody watches it, what arrives waits in the system. May be given to another thread.
class LooseStream {
 public:
  /// None.
  LooseStream() noexcept;
  LooseStream(LooseStream&&) noexcept;
  LooseStream& operator=(LooseStream&&) noexcept;
  /// Closes at once.
  ~LooseStream();

  /// Counts it for another loop; see ListenerOptions::counts.
  void count_for(std::size_t loop) noexcept;

  struct State;

 private:
  friend class ServerStream;
  friend class Listener;
  friend struct Accepting;
  explicit LooseStream(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

/// Text that several streams send, from `offset` on.
struct SharedText {
  std::shared_ptr<const std::string> text;
  std::size_t offset = 0;
  [[nodiscard]] Bytes rest() const noexcept { return text ? as_bytes(*text).subspan(offset) : Bytes(); }
};

/// An accepted TCP connection. What it costs while nothing happens is one small object and no buffer.
///
/// Its listener is called as a Stream's is (from the loop, never from inside a call to the stream), and may destroy it.
/// on_connected() comes only with TLS, after its handshake.
class ServerStream {
 public:
  /// None.
  ServerStream() noexcept = default;
  ServerStream(ServerStream&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  ServerStream& operator=(ServerStream&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  /// Closes at once.
  ~ServerStream();

  [[nodiscard]] explicit operator bool() const noexcept { return impl_ != nullptr; }

  /// Must be set before reading or waiting begins, and outlive the stream or its successor.
  void set_listener(StreamListener* listener) noexcept;
  /// Off at first. While it is off, the system holds the other side back; its end is heard when reading goes on.
  void read(bool on);
  /// One gathered write of any number of parts. Returns how many bytes were taken: fewer than all when the system takes no more
  /// now, or when writing failed (on_lost() follows, after what can still be read).
  std::size_t try_write(std::span<const Bytes> parts);
  /// Calls on_writable() once, when the system takes bytes again.
  void want_writable();
  /// Sends `rest` (copied), then `shared` (not copied), then the end, and waits for the other side's end before the socket is
  /// closed, so that what was sent arrives even if unread bytes are on their way here. Nobody hears of it any more, and this
  /// object is none afterwards. A peer that makes no progress is given up after ListenerOptions::linger_ms, and no more than a
  /// megabyte of what it still sends is read. May follow on_lost().
  void finish(Bytes rest = {}, SharedText shared = {});

  /// The other side's address without its port: "127.0.0.1", "::1".
  [[nodiscard]] std::string peer_address() const;

  /// Leaves the loop, for another one's Listener::adopt(). Not from within a call to the listener, and not after on_lost().
  /// This object is none afterwards.
  [[nodiscard]] LooseStream release();

  struct Impl;

 private:
  friend class Listener;
  friend struct Accepting;
  explicit ServerStream(Impl* impl) noexcept : impl_(impl) {}

  Impl* impl_ = nullptr;
};

struct ListenerOptions {
  std::size_t connections_max = 16'000;  ///< lowered below the process's limit of descriptors
  std::uint32_t linger_ms = 5'000;       ///< for finish(): without progress
  std::string refusal;                   ///< sent to connections above the limit, before they are closed
  std::shared_ptr<TlsContext> tls;       ///< none: bytes as they are

  // For several loops, each with a listener, of which one listens. `connections_max` is then for all.
  std::shared_ptr<OpenCounts> counts;  ///< shared by all; none: there is one loop
  std::size_t loop = 0;                ///< this listener's place in it
  /// Takes a new connection to the emptiest loop, when that is not this one.
  std::function<void(std::size_t loop, LooseStream stream)> give_away;
};

struct ListenerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< closed at once: above connections_max, or the process had no descriptor left
};

/// Accepts TCP connections on one address or several.
///
/// Neither the limit nor a process without descriptors stops it or makes it spin: what cannot be served is accepted, closed and
/// counted, and it goes on as soon as others have ended.
class Listener {
 public:
  /// `accepted` gets each new connection, from the loop.
  Listener(Loop& loop, ListenerOptions options, std::function<void(ServerStream)> accepted);
  /// Connections that are being finished are closed; those with an owner stay his.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Returns why it failed ("port 3000 is in use"), or empty text. `host` is an address in numbers, or "localhost". Port 0
  /// finds a free one. "::" serves IPv4, too, whose addresses then read "::ffff:127.0.0.1"; "0.0.0.0" beside it is allowed, and
  /// keeps them as they are when it comes first. After stop() it goes on as soon as no connection is left.
  [[nodiscard]] std::string listen(const std::string& host, std::uint16_t port);
  /// Of the last listen() that succeeded; 0 before.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Connections whose socket is open, finishing ones among them.
  [[nodiscard]] std::size_t connection_count() const noexcept;
  /// What the limit came to.
  [[nodiscard]] std::size_t connections_max() const noexcept;
  [[nodiscard]] const ListenerCounters& counters() const noexcept;
  /// From now on connections speak TLS; those accepted before stay what they are.
  void use_tls(std::shared_ptr<TlsContext> tls) noexcept;

  /// Takes on a connection that another listener has accepted. None, and it is closed, when the system cannot watch it.
  [[nodiscard]] ServerStream adopt(LooseStream stream);

  /// Takes no new connections. `empty` is called once, when none is left; not when the listener is destroyed before. May be
  /// called again: each is told.
  void stop(std::function<void()> empty);
  /// Ends all connections: owners hear on_lost().
  void abort_all();

 private:
  std::shared_ptr<Accepting> accepting_;
};

}  // namespace socketio::net
