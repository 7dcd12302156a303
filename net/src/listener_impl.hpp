#pragma once

#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/net/intrusive_list.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/net/turn_end.hpp>

#include "core.hpp"

namespace socketio::net {

/// IP address of a connection's peer, without the port.
struct PeerAddress {
  explicit PeerAddress(const sockaddr_storage& address) noexcept;
  [[nodiscard]] std::string text() const;

  std::array<std::uint8_t, 16> bytes{};
  bool ipv6 = false;
  bool proxied = false;  ///< a PROXY header has named it
};

/// State of a connection while no loop owns it.
struct LooseStream::State {
  State(int socket, const PeerAddress& from) noexcept : peer(from), descriptor(socket) {}
  State(State&& other) noexcept;
  State& operator=(State&&) = delete;
  ~State();

  PeerAddress peer;
  int descriptor;  ///< -1 once it has been moved elsewhere
  int failure = 0;
  bool end_pending = false;
  std::unique_ptr<TlsSession> tls;
  std::unique_ptr<Buffer> proxy_header;  ///< what has arrived of a PROXY header; null when none is awaited
  std::shared_ptr<OpenCounts> counts;  ///< counters that include this connection; null with only one loop
  std::size_t loop = 0;                ///< index in `counts` of the loop it is counted for
};

/// The socket of a ServerStream. This class reads and writes the socket itself, and libuv only polls it: that needs no write
/// request and no copy of bytes that the system does not take at once, and libuv reports when the system takes more.
///
/// It outlives its ServerStream until libuv has closed the handle, and during finish().
struct ServerStream::Impl : ListNode<ServerStream::Impl> {
  Impl(std::shared_ptr<Accepting> accepting, LooseStream::State state);

  /// Returns false, and closes the socket, when libuv cannot poll it.
  bool open();
  LooseStream release();
  void polled(int status, int events);
  void receive();
  /// Passes received bytes on: to the PROXY header, to TLS, or to the listener.
  void pass_on(Bytes bytes);
  void take_proxy_header(Bytes bytes);
  void take(Bytes bytes);
  void take_encrypted(Bytes bytes);
  void report(StreamError::Kind kind, int error);
  std::size_t send(std::span<const Bytes> parts);
  std::size_t send_plain(std::span<const Bytes> parts);
  std::size_t send_encrypted(std::span<const Bytes> parts);
  /// Sends the encrypted bytes in `tls`. Returns true when none are left and sending has not failed.
  bool flush_encrypted();
  void writable();
  void finish(Bytes rest, SharedText text);
  [[nodiscard]] bool has_tail() const noexcept { return !tail.empty() || shared_tail; }
  std::size_t send_tail();
  void continue_finishing();
  void discard_input();
  /// True after `discarded_bytes_max` bytes: a peer that keeps sending is not read forever.
  [[nodiscard]] bool discarded_enough() const noexcept { return discarded_bytes >= discarded_bytes_max; }
  void abort();
  void watch();
  void close() noexcept;
  /// Closes the libuv handle, whose callback deletes this object. Does not close the socket.
  void let_go() noexcept;

  uv_poll_t poll;
  const std::shared_ptr<Accepting> shared;
  StreamListener* listener = nullptr;
  std::unique_ptr<TlsSession> tls;
  std::unique_ptr<Buffer> proxy_header;     ///< what has arrived of a PROXY header; null when none is awaited
  Buffer tail;                              ///< during finish(): bytes still to be sent
  std::unique_ptr<SharedText> shared_tail;  ///< during finish(): text to send after `tail`; null if there is none
  std::uint64_t give_up_ms = 0;             ///< during finish(): time at which the connection is closed
  PeerAddress peer;
  static constexpr std::uint32_t discarded_bytes_max = 1 << 20;

  int descriptor;
  int failure = 0;                    ///< errno of a write, or of the socket
  std::uint32_t discarded_bytes = 0;  ///< during finish(): input read and discarded
  std::uint8_t watched = 0;           ///< events that libuv polls for
  bool reading = false;
  bool writing = false;  ///< on_writable() is requested
  bool input_ended = false;
  bool end_pending = false;  ///< the peer closed its side while reading was off
  bool lost = false;         ///< on_lost() was called
  bool finishing = false;
  bool output_ended = false;
  bool closed = false;
};

/// State that a listener shares with its streams, which may outlive it.
struct Accepting : std::enable_shared_from_this<Accepting> {
  /// One listening socket; lives until libuv has closed its handle.
  struct Door {
    uv_poll_t poll;
    std::shared_ptr<Accepting> accepting;
    int descriptor;
    std::uint16_t port;
    enum class Serves : std::uint8_t { ipv4, ipv6, both } serves;
  };

  Accepting(Loop& loop, ListenerOptions options, std::function<void(ServerStream)> accepted);
  ~Accepting();

  std::string listen(const std::string& host, std::uint16_t number);
  [[nodiscard]] bool has_door(std::uint16_t number, Door::Serves serves) const noexcept;
  void watch(Door& door);
  void accept_some(Door& door);
  /// Frees the reserve descriptor to accept and close one connection. Returns false when there is no more to accept now.
  bool refuse_with_reserve(int descriptor);
  void welcome(int socket, const sockaddr_storage& address);
  /// Returns an empty object when libuv cannot poll the socket.
  ServerStream take_on(LooseStream::State state);
  [[nodiscard]] bool is_full() const noexcept;
  void rest();
  void stop(std::function<void()> told);
  void close_doors() noexcept;
  void abort_all();
  void give_up_overdue();
  void restart_linger(ServerStream::Impl& stream);
  void stream_closed() noexcept;
  /// Counts one connection less for this loop, if there are several loops.
  void uncount() noexcept;
  void detach() noexcept;

  Core& core;
  ListenerOptions options;
  ListenerCounters counters;
  std::function<void(ServerStream)> accepted;
  std::vector<std::function<void()>> empty;  ///< callbacks of stop(), called when the last connection closes
  std::size_t count = 0;
  std::uint16_t port = 0;
  int reserve = -1;  ///< descriptor freed when no other is left, so that one connection can be accepted and closed
  bool stopped = false;
  bool detached = false;  ///< the Listener is destroyed
  std::vector<Door*> doors;
  List<ServerStream::Impl> streams;
  List<ServerStream::Impl> finishing;  ///< ordered by give_up_ms
  std::optional<Timer> linger_timer;
  std::optional<Timer> rest_timer;
  std::optional<TurnEnd> tell_empty;
};

}  // namespace socketio::net
