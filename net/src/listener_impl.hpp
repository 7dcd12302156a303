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

/// The other side of a connection, without its port.
struct PeerAddress {
  explicit PeerAddress(const sockaddr_storage& address) noexcept;
  [[nodiscard]] std::string text() const;

  std::array<std::uint8_t, 16> bytes{};
  bool ipv6 = false;
};

/// All that a connection is when no loop has it.
struct LooseStream::State {
  State(int socket, const PeerAddress& from) noexcept : peer(from), descriptor(socket) {}
  State(State&& other) noexcept;
  State& operator=(State&&) = delete;
  ~State();

  PeerAddress peer;
  int descriptor;  ///< -1 once somebody else has it
  int failure = 0;
  bool end_pending = false;
  std::unique_ptr<TlsSession> tls;
  std::shared_ptr<OpenCounts> counts;  ///< in which it is counted; none where there is one loop
  std::size_t loop = 0;                ///< as whose
};

/// The socket of a ServerStream. We read and write it ourselves: libuv only watches it, which needs no request and no copy of
/// what the system does not take at once, and tells when it takes more.
///
/// It outlives its ServerStream until libuv has let go of it, and longer while it is being finished.
struct ServerStream::Impl : ListNode<ServerStream::Impl> {
  Impl(std::shared_ptr<Accepting> accepting, LooseStream::State state);

  /// False, and the socket is closed, when the system cannot watch it.
  bool open();
  LooseStream release();
  void polled(int status, int events);
  void receive();
  void take(Bytes bytes);
  void take_encrypted(Bytes bytes);
  void report(StreamError::Kind kind, int error);
  std::size_t send(std::span<const Bytes> parts);
  std::size_t send_plain(std::span<const Bytes> parts);
  std::size_t send_encrypted(std::span<const Bytes> parts);
  /// Sends what TLS has encrypted; true when nothing of it is left.
  bool flush_encrypted();
  void writable();
  void finish(Bytes rest, SharedText text);
  [[nodiscard]] bool has_tail() const noexcept { return !tail.empty() || shared_tail; }
  std::size_t send_tail();
  void continue_finishing();
  void discard_input();
  /// A peer that goes on sending is not read without end.
  [[nodiscard]] bool discarded_enough() const noexcept { return discarded_bytes >= discarded_bytes_max; }
  void abort();
  void watch();
  void close() noexcept;
  /// Has libuv let go of it, and delete this.
  void let_go() noexcept;

  uv_poll_t poll;
  const std::shared_ptr<Accepting> shared;
  StreamListener* listener = nullptr;
  std::unique_ptr<TlsSession> tls;
  Buffer tail;                              ///< of a finishing stream: what is still to be sent
  std::unique_ptr<SharedText> shared_tail;  ///< and what comes after that; none where nothing does
  std::uint64_t give_up_ms = 0;             ///< of a finishing stream
  const PeerAddress peer;
  static constexpr std::uint32_t discarded_bytes_max = 1 << 20;

  int descriptor;
  int failure = 0;                    ///< errno of a write, or of the socket
  std::uint32_t discarded_bytes = 0;  ///< of a finishing stream
  std::uint8_t watched = 0;           ///< what libuv watches for
  bool reading = false;
  bool writing = false;  ///< on_writable() is wanted
  bool input_ended = false;
  bool end_pending = false;  ///< the other side's end came while reading was off
  bool lost = false;         ///< on_lost() was called
  bool finishing = false;
  bool output_ended = false;
  bool closed = false;
};

/// What a listener shares with its streams, which may outlive it.
struct Accepting : std::enable_shared_from_this<Accepting> {
  /// One listening socket, until libuv has let go of it.
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
  /// False when there is no more to accept now.
  bool refuse_with_reserve(int descriptor);
  void welcome(int socket, const sockaddr_storage& address);
  /// None when the system cannot watch it.
  ServerStream take_on(LooseStream::State state);
  [[nodiscard]] bool is_full() const noexcept;
  void rest();
  void stop(std::function<void()> told);
  void close_doors() noexcept;
  void abort_all();
  void give_up_overdue();
  void restart_linger(ServerStream::Impl& stream);
  void stream_closed() noexcept;
  /// There is one connection less, where they are counted for several loops.
  void uncount() noexcept;
  void detach() noexcept;

  Core& core;
  ListenerOptions options;
  ListenerCounters counters;
  std::function<void(ServerStream)> accepted;
  std::vector<std::function<void()>> empty;  ///< who waits for the last connection's end
  std::size_t count = 0;
  std::uint16_t port = 0;
  int reserve = -1;  ///< a descriptor to give up when there is no other: one connection can then be accepted, and closed
  bool stopped = false;
  bool detached = false;  ///< the listener is gone
  std::vector<Door*> doors;
  List<ServerStream::Impl> streams;
  List<ServerStream::Impl> finishing;  ///< by give_up_ms
  std::optional<Timer> linger_timer;
  std::optional<Timer> rest_timer;
  std::optional<TurnEnd> tell_empty;
};

}  // namespace socketio::net
