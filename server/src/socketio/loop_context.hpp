#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/options.hpp>

#include "backlog.hpp"
#include "packet_writer.hpp"
#include "server_context.hpp"

namespace socketio::server {

/// Calls a function of the application. When it throws, calls `threw` with the text of the exception, and returns false.
template <typename Call, typename Threw>
bool call_guarded(Call call, Threw threw) {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    threw(error.what());
  } catch (...) {
    threw("something that is no std::exception");
  }
  return false;
}

/// State that all connections and sockets on one of the server's loops share. For that loop's thread, unless stated otherwise.
///
/// The first loop of a server is the application's, and runs the adapters. The others have a thread each, and post to the first
/// one, which outlives them.
class LoopContext {
 public:
  /// `loop_index`  0 for the application's loop.
  LoopContext(ServerContext& of_server, std::shared_ptr<Loop> on, std::size_t loop_index);
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;

  /// The context of the calling thread's loop, if the server has started that thread; null otherwise. From any thread.
  [[nodiscard]] static LoopContext* current() noexcept;
  [[nodiscard]] bool is_first() const noexcept { return index == 0; }

  /// Calls a function of the application. False when it threw; that is counted and reported.
  template <typename Call>
  bool guard(std::string_view nsp, std::string_view what, std::string_view socket_id, Call call) {
    return call_guarded(call, [&](std::string_view message) { threw(nsp, what, socket_id, message); });
  }
  /// Counts and reports an exception of the application.
  void threw(std::string_view nsp, std::string_view what, std::string_view socket_id, std::string_view message);

  ServerContext& server;
  const std::shared_ptr<Loop> shared_loop;  ///< for users that may outlive this
  Loop& loop;
  const std::size_t index;
  const std::shared_ptr<Backlog> backlog;  ///< of the operations that other loops have posted to this one; shared with those
  ServerCounters counters;                 ///< except those of HTTP and Engine.IO
  PacketWriter writer;
  const socketio_packet::Limits packet_limits;
  Buffer scratch;                   ///< for packets that are being received
  std::size_t emits_under_way = 0;  ///< of this loop's sockets, not yet handled by the first loop

 protected:
  ~LoopContext() = default;
  /// Makes this the context of the calling thread.
  void make_current() noexcept;
};

}  // namespace socketio::server
