#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/counter.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/log.hpp>
#include <socketio/common/random.hpp>
#include <socketio/server/engine_options.hpp>
#include <socketio/server/http_options.hpp>

namespace socketio {

/// Encoding of packets; clients must use the same parser.
enum class Parser : std::uint8_t {
  standard,  ///< JSON with attachments: the default of all clients
  msgpack,   ///< `socket.io-msgpack-parser`
};

/// An error in the application or at a client that the server has handled. Views are valid during the call.
struct Problem {
  enum class Kind : std::uint8_t {
    arguments_do_not_fit,  ///< an event came with arguments that a handler does not take; it was not called
    handler_threw,         ///< an exception of a handler, a middleware or another callback was caught
    protocol_violation,    ///< a client broke a rule; its connection was closed
  };
  Kind kind;
  std::string_view nsp;
  std::string_view socket_id;  ///< empty where no socket is concerned
  std::string_view event;      ///< name of the event, or of the callback
  std::string_view message;
  /// arguments_do_not_fit: index of the argument, from 0; what the handler takes there ("a string"), and what arrived ("the
  /// number 5", or empty when the argument is missing). `message` has the same in a sentence, where arguments count from 1.
  /// Empty for a handler that the application made as an EventHandler.
  std::optional<std::size_t> argument = {};
  std::string_view expected = {};
  std::string_view got = {};
};

struct ServerOptions {
  /// Number of threads of the server: the one that runs its loop, and others that it starts. 1 to threads_max. With more than
  /// one, handlers of sockets run on several threads at the same time: see docs/serving.md, "Threads".
  std::size_t threads = 1;
  static constexpr std::size_t threads_max = 64;
  /// With several threads: limit for the bytes queued for one thread's loop. A thread that posts more to the first loop waits;
  /// a broadcast of the first loop that does not fit into another loop's queue is dropped there, and counted.
  std::size_t thread_queue_bytes_max = 64U << 20;
  EngineOptions engine;
  HttpOptions http;
  Parser parser = Parser::standard;
  std::chrono::milliseconds connect_timeout{45'000};  ///< for a client to join its first namespace
  adapter::RecoveryOptions recovery;          ///< connection-state recovery
  bool recovery_skips_middlewares = true;
  /// Creates each namespace's adapter; empty: a single server, with an in-memory adapter.
  adapter::AdapterFactory adapter;

  /// Removes a namespace that a predicate created when its last socket disconnects.
  bool cleanup_empty_child_namespaces = false;
  std::size_t dynamic_namespaces_max = 10'000;      ///< further ones are refused
  std::size_t namespaces_per_connection_max = 100;  ///< further CONNECTs are refused
  std::size_t rooms_per_socket_max = 100'000;
  std::size_t pending_acks_per_socket_max = 10'000;
  std::size_t attachments_max = limits::attachments_max;  ///< of one packet
  std::size_t attachment_bytes_max = limits::attachment_bytes_max;
  std::size_t depth_max = limits::depth_max;  ///< nesting of data from clients

  std::string client_folder;  ///< with the official browser bundle: served below `engine.path` ("/socket.io/socket.io.js")
  std::string static_folder;  ///< a page and its files: served for all other paths

  std::function<void(const Problem&)> on_problem;  ///< with several threads called on any of them, but never on two at once
  Log log;                                         ///< with several threads called on any of them, but never on two at once
  Random* random = nullptr;                        ///< outlives the server; null: the system's
};

struct ServerCounters {
  EngineCounters engine;
  HttpCounters http;
  RouteCounters routes;
  Counter sockets_connected;
  Counter sockets_disconnected;
  Counter connects_refused;     ///< CONNECT_ERROR: unknown namespace, middleware, limit
  Counter connect_timeouts;     ///< closed because they joined no namespace
  Counter protocol_violations;  ///< packets that broke a rule; the connection was closed
  Counter wrong_state;          ///< packets for a namespace not joined, and the like; the connection was closed, too
  Counter events_received;
  Counter events_unhandled;  ///< events without a handler
  Counter events_refused;  ///< by a middleware of the socket
  Counter arguments_did_not_fit;
  Counter handlers_threw;
  Counter acks_unknown;  ///< acks from clients that match no pending one
  Counter acks_timed_out;
  Counter acks_refused;  ///< not asked, because of pending_acks_per_socket_max
  Counter unsendable;    ///< events that could not be encoded
  Counter sessions_recovered;
  Counter joins_refused;        ///< above rooms_per_socket_max, where no caller could get the error
  Counter dropped_busy_thread;  ///< broadcasts not delivered to the clients of one thread, because of thread_queue_bytes_max
};

}  // namespace socketio
