#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/common/export.hpp>
#include <socketio/emitter/asking.hpp>
#include <socketio/emitter/transport.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

namespace emitter {
class AskCore;
}  // namespace emitter

/// Asks a fleet of Socket.IO servers through Redis, from any process, without being a server.
///
///   socketio::Asker fleet("redis://127.0.0.1:6379");
///   auto acks = fleet.emit_with_ack({.rooms = {"kitchen"}}, socketio::asking::Event("order", 42), {.timeout = 2s},
///                                   [](const socketio::Value& answer) { std::cout << answer.json() << '\n'; });
///   std::cout << acks.answers.size() << " of " << acks.clients << " clients answered\n";
///
/// Every question ends exactly once: with all that was wanted, or at its deadline with what has come and how many are missing.
/// The fleet does not count an asker among its servers: it subscribes only to channels on which answers arrive, and only while
/// it exists.
///
/// This form needs no loop: each call waits for its result. Any thread may call; one question at a time. Callbacks run on the
/// calling thread, during the call, and must not ask in turn. After a fork both sides may ask, each over connections of its
/// own.
///
/// With Transport::automatic Redis is asked who listens in the namespace of the first question, which waits for the answer;
/// what was found is kept. A question ends with an error when nobody listens, or servers by several transports.
///
/// A Target without rooms means every socket of the namespace. For a list of rooms that may be empty use
/// target::select_rooms(): a target with `nobody` asks no client; the result is complete, and empty.
///
/// All throw Error for what cannot be asked as it is: reserved_event, bad_arguments, bad_utf8, too_large.
class SOCKETIO_API Asker {
 public:
  /// Does not connect yet. Throws Error(bad_url), Error(unsupported_url), Error(bad_option), Error(bad_utf8).
  explicit Asker(std::string_view url, FleetSettings fleet = {});
  explicit Asker(redis::Options redis, FleetSettings fleet = {});
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  /// Emits an event to the clients and gathers what they answer, of each its first argument.
  asking::Acks emit_with_ack(const Target& target, const asking::Event& event, const asking::Options& options = {},
                             asking::OnAck on_ack = {});
  /// The clients' sockets with rooms, handshake and data.
  /// `on_socket`  hears of them as they come; the result has none then, so that a fleet need not fit into memory.
  asking::Sockets fetch_sockets(const Target& target, const asking::Options& options = {}, asking::OnSocket on_socket = {});
  /// How many there are. Classic servers are asked for ids only, unless rooms are left out (`except`); the other families have
  /// no such question, and send everything.
  asking::Count count(const Target& target, const asking::Options& options = {});
  /// The names of the rooms of a namespace. Classic: all, those of single sockets among them. Sharded with a dynamic mode:
  /// those that have a channel, without asking any server; names that look like a server's uid are left out. Else: those that
  /// the sockets are in.
  asking::Rooms all_rooms(std::string_view nsp = "/", const asking::Options& options = {});
  /// Emits an event to the servers and gathers what their listeners answer. A server without a listener that answers is
  /// missing.
  asking::ServerAnswers server_side_emit(std::string_view nsp, const asking::Event& event, const asking::Options& options = {},
                                         asking::OnServerAnswer on_answer = {});
  /// The servers that answer, with the number of their sockets in the namespace.
  asking::Servers servers(std::string_view nsp = "/", const asking::Options& options = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same on the application's event loop, for use on the loop's thread only. Nothing blocks, any number of questions may be
/// under way; `done` is called exactly once for each, never before the call has returned.
class SOCKETIO_API AsyncAsker {
 public:
  template <typename Result>
  using Done = std::function<void(Result result)>;

  /// Connecting begins at once. Throws like Asker().
  AsyncAsker(Loop& loop, std::string_view url, FleetSettings fleet = {});
  AsyncAsker(Loop& loop, redis::Options redis, FleetSettings fleet = {});
  /// Ends what is under way, during this call, with an error.
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
