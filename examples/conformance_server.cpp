// A server for protocol suites and mixed fleets that can use every feature. Environment variables configure it; the namespace
// /control accepts operations.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/classic.hpp>
#include <socketio/adapter/redis_bus.hpp>
#include <socketio/adapter/sharded.hpp>
#include <socketio/adapter/streams.hpp>
#include <socketio/server.hpp>

using namespace socketio;

namespace {

std::string setting(const char* name, const char* fallback) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::uint32_t number_setting(const char* name, const char* fallback) {
  return static_cast<std::uint32_t>(std::stoul(setting(name, fallback)));
}

std::chrono::milliseconds duration_setting(const char* name, const char* fallback) {
  return std::chrono::milliseconds(number_setting(name, fallback));
}

/// Packed values, to be sent unchanged.
std::string packed(Bytes bytes) { return std::string(as_text(bytes)); }

template <typename... Items>
std::string packed_array(const Items&... items) {
  Buffer out;
  pack::array_header(out, sizeof...(items));
  (arguments::pack_one(out, items), ...);
  return packed(out.bytes());
}

/// A packed array of already packed values.
std::string array_of(const std::vector<std::string>& values) {
  Buffer out;
  pack::array_header(out, static_cast<std::uint32_t>(values.size()));
  for (const std::string& value : values) {
    out.append(std::string_view(value));
  }
  return packed(out.bytes());
}

/// A packed object of already packed values.
std::string object_of(const std::vector<std::pair<std::string_view, std::string>>& members) {
  Buffer out;
  pack::map_header(out, static_cast<std::uint32_t>(members.size()));
  for (const auto& [name, value] : members) {
    pack::text(out, name);
    out.append(std::string_view(value));
  }
  return packed(out.bytes());
}

template <typename T>
std::string packed_one(const T& value) {
  Buffer out;
  arguments::pack_one(out, value);
  return packed(out.bytes());
}

const std::string nothing = packed_one(nullptr);

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Room> rooms_of(const Value& list) {
  std::vector<Room> rooms;
  for (const Value room : Arguments::of_array(list.packed())) {
    if (const auto number = room.as<double>()) {
      rooms.push_back(Room::number(*number));
    } else {
      rooms.emplace_back(room.as<std::string>().value_or(""));
    }
  }
  return rooms;
}

/// The arguments of an event as a packed array.
std::string array_of(const Arguments& arguments) {
  Buffer out;
  pack::array_header(out, static_cast<std::uint32_t>(arguments.size()));
  out.append(arguments.packed());
  return packed(out.bytes());
}

Bytes bytes_of(const std::string& text) { return as_bytes(text); }

/// Sends the result of an operation; must be called once.
using Answer = std::function<void(const std::string& packed_result)>;

class ConformanceServer {
 public:
  explicit ConformanceServer(Loop& loop)
      : name_(setting("NODE_NAME", "node")), loop_(loop), bus_(make_bus(loop)), io_(loop, options(bus_)) {
    serve("/");
    serve("/custom");
    io_.of("/control").on_connection([this](Socket socket) {
      socket.on("op", [this](Value operation, Ack ack) { perform(operation, ack); });
    });
    io_.serve_engine("/engine.io/", [](EngineSocket socket) {
      socket.on_message([socket](Bytes data, bool binary) { binary ? socket.send_binary(data) : socket.send(as_text(data)); });
    });
  }

  /// Calls `ready` once the server receives all messages of its fleet; at once for a server without a fleet.
  void when_ready(std::function<void()> ready) {
    if (bus_ == nullptr || bus_->is_ready()) {
      ready();
      return;
    }
    bus_->on_state([this, ready = std::move(ready)](bool is_ready, std::string_view why) {
      if (is_ready) {
        bus_->on_state({});
        ready();
      } else if (!why.empty()) {
        std::cerr << why << '\n';
      }
    });
  }

  Status listen() {
    const auto port = static_cast<std::uint16_t>(number_setting("PORT", "3000"));
    Status listening = io_.listen("127.0.0.1", port);
    if (listening) {
      static_cast<void>(io_.listen("::1", port));  // only if the machine has IPv6
    }
    return listening;
  }

  /// Closes the server. Does not call `ready` of when_ready() any more: a closing server must not begin to listen.
  void close(std::function<void()> done) {
    if (bus_ != nullptr) {
      bus_->on_state({});
    }
    io_.close(std::chrono::seconds(1), std::move(done));
  }

 private:
  static std::shared_ptr<RedisBus> make_bus(Loop& loop) {
    const bool alone = setting("ADAPTER", "none") == "none";
    return alone ? nullptr : std::make_shared<RedisBus>(loop, setting("REDIS_URL", "redis://127.0.0.1:6379"));
  }

  static SubscriptionMode mode_named(const std::string& name) {
    if (name == "dynamic") {
      return SubscriptionMode::dynamic;
    }
    if (name == "dynamic-private") {
      return SubscriptionMode::dynamic_private;
    }
    if (name == "static") {
      return SubscriptionMode::only_static;
    }
    throw std::runtime_error("SHARDED_MODE=" + name + ": there is no such mode. Use static, dynamic or dynamic-private.");
  }

  static adapter::AdapterFactory adapter_for(const std::shared_ptr<RedisBus>& bus) {
    const std::string name = setting("ADAPTER", "none");
    if (name == "classic") {
      ClassicOptions options;
      options.key = setting("ADAPTER_KEY", "socket.io");
      options.requests_timeout = duration_setting("REQUESTS_TIMEOUT", "5000");
      options.publish_on_specific_response_channel = setting("SPECIFIC_RESPONSE_CHANNEL", "0") == "1";
      return classic_adapter(bus, options);
    }
    if (name == "sharded") {
      ShardedOptions options;
      options.key = setting("ADAPTER_KEY", "socket.io");
      options.sharded_mode = mode_named(setting("SHARDED_MODE", "dynamic"));
      return sharded_adapter(bus, options);
    }
    if (name == "streams") {
      StreamsOptions options;
      options.stream_name = setting("ADAPTER_KEY", "socket.io");
      return streams_adapter(bus, options);
    }
    if (name == "none") {
      return {};
    }
    throw std::runtime_error("ADAPTER=" + name + ": there is no adapter of that name. Use none, classic, sharded or streams.");
  }

  static ServerOptions options(const std::shared_ptr<RedisBus>& bus) {
    ServerOptions options;
    options.threads = number_setting("THREADS", "1");
    options.adapter = adapter_for(bus);
    options.engine.ping_interval = duration_setting("PING_INTERVAL", "25000");
    options.engine.ping_timeout = duration_setting("PING_TIMEOUT", "20000");
    options.engine.max_http_buffer_size = number_setting("MAX_PAYLOAD", "1000000");
    options.engine.allow_eio3 = setting("ALLOW_EIO3", "0") == "1";
    options.connect_timeout = duration_setting("CONNECT_TIMEOUT", "45000");
    options.recovery.enabled = setting("CSR", "0") == "1";
    options.parser = setting("PARSER", "default") == "msgpack" ? Parser::msgpack : Parser::standard;
    return options;
  }

  void serve(const std::string& nsp) {
    const Namespace served = io_.of(nsp);
    served.use([](Socket socket, Next next) {
      if (socket.handshake().auth().member("deny").as<bool>().value_or(false)) {
        next(Refusal("denied", std::map<std::string, std::string>{{"code", "E_DENIED"}}));
      } else {
        next();
      }
    });
    served.on_connection([this](Socket socket) { greet(socket); });
    for (const std::string event : {"sse", "sse-ack", "sse-silent"}) {
      served.on_server_side(event, [this, nsp, event](Arguments arguments, Ack ack) {
        log_.push_back(object_of({{"nsp", packed_one(nsp)}, {"event", packed_one(event)}, {"args", array_of(arguments)}}));
        if (event == "sse-ack") {
          ack.send_packed(
              bytes_of(array_of(std::vector{object_of({{"node", packed_one(name_)}, {"args", array_of(arguments)}})})));
        }
      });
    }
  }

  void greet(const Socket& socket) {
    socket.emit_packed(bytes_of(array_of({packed_one("auth"), packed(socket.handshake().auth().packed())})));
    socket.on("message", [socket](Arguments arguments) {
      Buffer event;
      pack::array_header(event, static_cast<std::uint32_t>(arguments.size() + 1));
      pack::text(event, "message-back");
      event.append(arguments.packed());
      socket.emit_packed(event.bytes());
    });
    socket.on("message-with-ack", [](Arguments arguments, Ack ack) { ack.send_packed(bytes_of(array_of(arguments))); });
    socket.on("join", [socket](Value rooms, Ack ack) {
      socket.join(rooms_of(rooms), [socket, ack](bool) { ack(sorted(socket.rooms())); });
    });
    socket.on("leave", [socket](Value rooms, Ack ack) {
      socket.leave(rooms_of(rooms));
      ack(sorted(socket.rooms()));
    });
    socket.on("whoami", [this, socket](Ack ack) {
      ack(std::map<std::string, std::string>{{"id", socket.id()}, {"node", name_}});
    });
    socket.on("broadcast", [socket](Arguments arguments) { socket.broadcast().emit_packed(bytes_of(array_of(arguments))); });
  }

  // ---- operations ----------------------------------------------------------------------------------------------------------

  void perform(const Value& operation, const Ack& ack) {
    const Answer answer = [ack](const std::string& result) {
      ack.send_packed(bytes_of(array_of(std::vector{object_of({{"ok", packed_one(true)}, {"result", result}})})));
    };
    const auto refuse = [&ack](const std::string& message) {
      ack.send_packed(bytes_of(array_of(std::vector{object_of({{"ok", packed_one(false)}, {"error", packed_one(message)}})})));
    };
    try {
      const std::string name = operation.member("op").as<std::string>().value_or("");
      const auto known = operations().find(name);
      if (known == operations().end()) {
        refuse("unknown operation: " + name);
      } else {
        (this->*known->second)(operation, answer);
      }
    } catch (const std::exception& error) {
      refuse(error.what());
    }
  }

  using Operation = void (ConformanceServer::*)(const Value&, const Answer&);
  static const std::map<std::string, Operation>& operations() {
    using Self = ConformanceServer;
    static const std::map<std::string, Operation> all{
        {"emit", &Self::emit},
        {"emitWithAck", &Self::emit_with_ack},
        {"socketEmit", &Self::socket_emit},
        {"socketEmitWithAck", &Self::socket_emit_with_ack},
        {"socketsJoin", &Self::sockets_join},
        {"socketsLeave", &Self::sockets_leave},
        {"disconnectSockets", &Self::disconnect_sockets},
        {"fetchSockets", &Self::fetch_sockets},
        {"serverSideEmit", &Self::server_side_emit},
        {"serverSideEmitWithAck", &Self::server_side_emit_with_ack},
        {"allRooms", &Self::all_rooms},
        {"serverCount", &Self::server_count},
        {"join", &Self::join},
        {"leave", &Self::leave},
        {"setData", &Self::set_data},
        {"localSockets", &Self::local_sockets},
        {"sseLog", &Self::sse_log},
    };
    return all;
  }

  Namespace namespace_of(const Value& operation) { return io_.of(operation.member("nsp").as<std::string>().value_or("/")); }

  Socket socket_of(const Value& operation) {
    const std::string id = operation.member("socket").as<std::string>().value_or("");
    const auto socket = namespace_of(operation).find_socket(id);
    if (!socket) {
      throw std::runtime_error("no such socket on this server: " + id);
    }
    return *socket;
  }

  BroadcastOperator selection_of(const Value& operation) {
    BroadcastOperator selected =
        operation.member("socket").is_nothing() ? namespace_of(operation) : socket_of(operation).broadcast();
    if (const auto rooms = rooms_of(operation.member("to")); !rooms.empty()) {  // in this protocol no rooms mean everybody
      selected = selected.to(rooms);
    }
    selected = selected.except(rooms_of(operation.member("except")));
    if (operation.member("local").as<bool>().value_or(false)) {
      selected = selected.local();
    }
    if (operation.member("volatile").as<bool>().value_or(false)) {
      selected = selected.volatile_();
    }
    if (const auto compress = operation.member("compress").as<bool>()) {
      selected = selected.compress(*compress);
    }
    if (const auto timeout_ms = operation.member("timeout").as<std::int64_t>()) {
      selected = selected.timeout(std::chrono::milliseconds(*timeout_ms));
    }
    return selected;
  }

  static std::string outcome(std::string_view error, const std::vector<std::string>& responses) {
    return object_of({{"error", error.empty() ? nothing : packed_one(error)}, {"responses", array_of(responses)}});
  }

  void emit(const Value& operation, const Answer& answer) {
    selection_of(operation).emit_packed(operation.member("args").packed());
    answer(nothing);
  }

  /// With `missing: true` the result also has the number of missing responses.
  static bool wants_missing(const Value& operation) { return operation.member("missing").as<bool>().value_or(false); }

  void emit_with_ack(const Value& operation, const Answer& answer) {
    const bool with_missing = wants_missing(operation);
    selection_of(operation).emit_with_ack_packed(
        operation.member("args").packed(), [answer, with_missing](const AckAnswers& answers) {
          std::vector<std::string> responses;
          for (std::size_t index = 0; index < answers.size(); ++index) {
            const Value first = answers[index][0];
            responses.push_back(first.packed().empty() ? nothing : packed(first.packed()));
          }
          const std::string_view error = answers.complete() ? "" : text_of(AckStatus::timed_out);
          if (with_missing) {
            answer(object_of({{"error", packed_one(error)},
                              {"responses", array_of(responses)},
                              {"clientsMissing", packed_one(answers.clients_missing())},
                              {"serversMissing", packed_one(answers.servers_missing())}}));
          } else {
            answer(outcome(error, responses));
          }
        });
  }

  /// Runs `act` with the socket that the operation names, on the socket's thread, and responds.
  void with_socket(const Value& operation, const Answer& answer, std::function<void(const Socket&)> act) {
    const Socket socket = socket_of(operation);
    socket.post([socket, answer, act = std::move(act)] {
      act(socket);
      answer(nothing);
    });
  }

  void socket_emit(const Value& operation, const Answer& answer) {
    with_socket(operation, answer, [args = packed(operation.member("args").packed())](const Socket& socket) {
      socket.emit_packed(bytes_of(args));
    });
  }

  void socket_emit_with_ack(const Value& operation, const Answer& answer) {
    const Socket socket = socket_of(operation);
    SocketEmitter emitter = socket;
    if (const auto timeout_ms = operation.member("timeout").as<std::int64_t>()) {
      emitter = emitter.timeout(std::chrono::milliseconds(*timeout_ms));
    }
    const auto answered = [answer](const AckResult& result) {
      std::vector<std::string> responses;
      if (result.ok()) {
        const Value first = result.answer[0];
        responses.push_back(first.packed().empty() ? nothing : packed(first.packed()));
      }
      answer(outcome(text_of(result.status), responses));
    };
    socket.post([emitter, answered, args = packed(operation.member("args").packed())] {
      emitter.emit_with_ack_packed(bytes_of(args), answered);
    });
  }

  void sockets_join(const Value& operation, const Answer& answer) {
    selection_of(operation).sockets_join(rooms_of(operation.member("rooms")));
    answer(nothing);
  }

  void sockets_leave(const Value& operation, const Answer& answer) {
    selection_of(operation).sockets_leave(rooms_of(operation.member("rooms")));
    answer(nothing);
  }

  void disconnect_sockets(const Value& operation, const Answer& answer) {
    selection_of(operation).disconnect_sockets(operation.member("close").as<bool>().value_or(false));
    answer(nothing);
  }

  void fetch_sockets(const Value& operation, const Answer& answer) {
    selection_of(operation).fetch_sockets([answer, with_missing = wants_missing(operation)](const FetchedSocketList& fetched) {
      std::map<std::string, std::string> by_id;
      for (const RemoteSocket& socket : fetched) {
        Buffer handshake;
        socket.handshake().pack(handshake);
        by_id[socket.id()] = object_of({{"id", packed_one(socket.id())},
                                        {"rooms", packed_one(sorted(socket.rooms()))},
                                        {"data", packed(socket.data().packed())},
                                        {"handshake", packed(handshake.bytes())}});
      }
      std::vector<std::string> list;
      for (const auto& [id, socket] : by_id) {
        list.push_back(socket);
      }
      if (with_missing) {
        answer(object_of({{"sockets", array_of(list)}, {"serversMissing", packed_one(fetched.servers_missing)}}));
      } else {
        answer(array_of(list));
      }
    });
  }

  void server_side_emit(const Value& operation, const Answer& answer) {
    namespace_of(operation).server_side_emit_packed(operation.member("args").packed());
    answer(nothing);
  }

  void server_side_emit_with_ack(const Value& operation, const Answer& answer) {
    namespace_of(operation).server_side_emit_with_ack_packed(
        operation.member("args").packed(), [answer](const ServerSideAnswers& answers) {
          std::vector<std::string> responses;
          for (std::size_t index = 0; index < answers.size(); ++index) {
            responses.push_back(packed(answers[index].packed()));
          }
          const std::string error = answers.complete()
                                        ? ""
                                        : "timeout reached: only " + std::to_string(answers.size()) +
                                              " responses received out of " + std::to_string(answers.servers_asked());
          answer(outcome(error, responses));
        });
  }

  void all_rooms(const Value& operation, const Answer& answer) {
    namespace_of(operation).all_rooms([answer](const std::vector<std::string>& rooms) { answer(packed_one(sorted(rooms))); });
  }

  void server_count(const Value& operation, const Answer& answer) {
    namespace_of(operation).server_count([answer](std::size_t count) { answer(packed_one(count)); });
  }

  void join(const Value& operation, const Answer& answer) {
    with_socket(operation, answer, [rooms = rooms_of(operation.member("rooms"))](const Socket& socket) { socket.join(rooms); });
  }

  void leave(const Value& operation, const Answer& answer) {
    with_socket(operation, answer,
                [rooms = rooms_of(operation.member("rooms"))](const Socket& socket) { socket.leave(rooms); });
  }

  void set_data(const Value& operation, const Answer& answer) {
    with_socket(operation, answer, [data = packed(operation.member("data").packed())](const Socket& socket) {
      socket.set_data_packed(bytes_of(data));
    });
  }

  void local_sockets(const Value& operation, const Answer& answer) {
    namespace_of(operation).local().fetch_sockets([answer](const FetchedSocketList& fetched) {
      std::map<std::string, std::string> by_id;
      for (const RemoteSocket& socket : fetched) {
        by_id[socket.id()] = object_of({{"id", packed_one(socket.id())}, {"rooms", packed_one(sorted(socket.rooms()))}});
      }
      std::vector<std::string> list;
      for (const auto& [id, socket] : by_id) {
        list.push_back(socket);
      }
      answer(array_of(list));
    });
  }

  /// Responds with the log of server-side events, which are received on the thread of the loop.
  void sse_log(const Value&, const Answer& answer) {
    loop_.post([this, answer] { answer(array_of(std::exchange(log_, {}))); });
  }

  std::string name_;
  Loop& loop_;
  std::shared_ptr<RedisBus> bus_;  ///< null for a server without a fleet
  Server io_;
  std::vector<std::string> log_;  ///< packed
};

}  // namespace

int main() {
  try {
    Loop loop;
    ConformanceServer server(loop);
    int status = 0;
    server.when_ready([&] {
      if (const Status listening = server.listen(); !listening) {
        std::cerr << listening.reason() << '\n';
        status = 1;
        loop.stop();
      }
    });
    loop.on_signal(SIGTERM, [&] { server.close([&loop] { loop.stop(); }); });
    loop.run();
    return status;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
