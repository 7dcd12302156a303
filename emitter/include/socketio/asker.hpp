#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/common/export.hpp>
#include <socketio/emitter/asking.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

namespace emitter {
class AskCore;
}  // namespace emitter

/// Sends requests to a fleet of Socket.IO servers through Redis, from any process, without being a server.
///
///   socketio::Asker fleet("redis://127.0.0.1:6379");
///   auto acks = fleet.emit_with_ack({.rooms = {"kitchen"}}, socketio::asking::Event("order", 42), {.timeout = 2s},
///                                   [](const socketio::Value& answer) { std::cout << answer.json() << '\n'; });
///   std::cout << acks.answers.size() << " of " << acks.clients << " clients answered\n";
///
/// Every request ends exactly once: with all the responses it waits for, or at its deadline with the responses received and the
/// number of those missing. The fleet does not count an asker among its servers: the asker subscribes only to response
/// channels, and only while it exists.
///
/// This form needs no loop: each call waits for its result. Any thread may call; requests run one at a time. Callbacks run on
/// the calling thread, during the call, and must not send requests themselves. After a fork both parent and child may send
/// requests, each over its own connections.
///
/// With Transport::automatic the first request detects the transport of the servers in its namespace from their subscriptions
/// in Redis, and waits for the result, which is kept. A request fails with an error when no server is subscribed, or servers of
/// several transports are.
///
/// A Target without rooms means every socket of the namespace. For a list of rooms that may be empty use
/// target::select_rooms(): a target with `nobody` selects no client; the result is complete, and empty.
///
/// All methods throw Error for an invalid request: reserved_event, bad_arguments, bad_utf8, too_large.
class SOCKETIO_API Asker {
 public:
  /// Does not connect yet. Throws Error(bad_url), Error(unsupported_url), Error(bad_option), Error(bad_utf8).
  explicit Asker(std::string_view url, Fleet fleet = {});
  explicit Asker(redis::Options redis, Fleet fleet = {});
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  /// Emits an event to the clients and collects their acks: the first argument of each.
  asking::Acks emit_with_ack(const Target& target, const asking::Event& event, const asking::Options& options = {},
                             asking::OnAck on_ack = {});
  /// Returns the clients' sockets with rooms, handshake and data.
  /// `on_socket`  called for each socket as it arrives; the result then holds no sockets, so that a fleet need not fit into
  ///              memory.
  asking::Sockets fetch_sockets(const Target& target, const asking::Options& options = {}, asking::OnSocket on_socket = {});
  /// Counts the clients' sockets. Classic servers send ids only, unless rooms are left out (`except`); sharded and streams
  /// servers have no request for ids, and send whole sockets.
  asking::Count count(const Target& target, const asking::Options& options = {});
  /// Returns the names of the rooms of a namespace. Classic: all rooms, including those of single sockets. Sharded with a
  /// dynamic mode: the rooms that have a channel, without a request to the servers; names that look like a server's uid are
  /// left out. Otherwise: the rooms that the sockets are in.
  asking::Rooms all_rooms(std::string_view nsp = "/", const asking::Options& options = {});
  /// Emits an event to the servers and collects the responses of their listeners. A server without a listener that responds
  /// counts as missing.
  asking::ServerAnswers server_side_emit(std::string_view nsp, const asking::Event& event, const asking::Options& options = {},
                                         asking::OnServerAnswer on_answer = {});
  /// Returns the servers that respond, with the number of their sockets in the namespace.
  asking::Servers servers(std::string_view nsp = "/", const asking::Options& options = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Asker on the application's event loop, for use on the loop's thread only. Nothing blocks, and any number of requests may be
/// pending; `done` is called exactly once for each, never before the call has returned.
class SOCKETIO_API AsyncAsker {
 public:
  template <typename Result>
  using Done = std::function<void(Result result)>;

  /// Connecting begins at once. Throws like Asker().
  AsyncAsker(Loop& loop, std::string_view url, Fleet fleet = {});
  AsyncAsker(Loop& loop, redis::Options redis, Fleet fleet = {});
  /// Ends the pending requests with an error, during this call.
  ~AsyncAsker();
  AsyncAsker(const AsyncAsker&) = delete;
  AsyncAsker& operator=(const AsyncAsker&) = delete;

  void emit_with_ack(const Target& target, const asking::Event& event, const asking::Options& options, asking::OnAck on_ack,
                     Done<asking::Acks> done);
  void fetch_sockets(const Target& target, const asking::Options& options, Done<asking::Sockets> done);
  void fetch_sockets(const Target& target, const asking::Options& options, asking::OnSocket on_socket,
                     Done<asking::Sockets> done);
  void count(const Target& target, const asking::Options& options, Done<asking::Count> done);
  void all_rooms(std::string_view nsp, const asking::Options& options, Done<asking::Rooms> done);
  void server_side_emit(std::string_view nsp, const asking::Event& event, const asking::Options& options,
                        asking::OnServerAnswer on_answer, Done<asking::ServerAnswers> done);
  void servers(std::string_view nsp, const asking::Options& options, Done<asking::Servers> done);

 private:
  std::shared_ptr<emitter::AskCore> core_;
};

}  // namespace socketio
