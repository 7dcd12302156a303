// What official servers answer, step by step: every vector of tests/golden/server-flows.json, through a real server.

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <regex>

#include "live_fixture.hpp"
#include "support/golden.hpp"

namespace socketio_flows_test {

using namespace live;

namespace {

/// The reference takes an empty text for a CONNECT, and "2" for an event without a name. No client sends them: we refuse both,
/// as docs/wire_server.md says under "Validation".
bool is_refused_here(std::string_view flow) { return flow == "event-without-data" || flow == "empty-message-is-connect"; }

std::string bytes_of(const golden::Json& binary) {
  Buffer packed;
  golden::append_packed(packed, binary);
  const auto bytes = Value(packed.bytes()).as<Binary>();
  REQUIRE(bytes.has_value());
  return std::string(as_text(bytes->bytes));
}

std::string message_of(const golden::Json& message) {
  return message.is_string() ? message.get<std::string>() : "binary:" + bytes_of(message);
}

/// Ids and offsets are made by chance and clock.
std::string comparable(const std::string& message) {
  static const std::regex offset(R"#("[0-9A-Za-z_-]{7}(\.[0-9A-Za-z_-]+)?"\]$)#");
  return std::regex_replace(without_ids(message), offset, "\"(offset)\"]");
}

class Flow {
 public:
  explicit Flow(const golden::Json& vector) : name_(vector.at("name").get<std::string>()), fixture_(options()) { build(); }

  void run(const golden::Json& steps) {
    client_.emplace(fixture_, name_ == "generation-3-client" ? "EIO=3&transport=websocket" : "EIO=4&transport=websocket");
    for (const golden::Json& step : steps) {
      const std::string sent = step.at("sent").dump();
      CAPTURE(sent);
      act(step.at("sent"));
      Names received = received_now();
      if (is_refused_here(name_) && &step == &steps.back()) {
        CHECK(received.empty());
        CHECK(client_->until_closed());
        CHECK(fixture_.counters().protocol_violations == 1);
        continue;
      }
      Names expected;
      for (const golden::Json& message : step.at("received")) {
        expected.push_back(comparable(message_of(message)));
      }
      CHECK(received == expected);
      // In the vectors it is a stand-in for the connection that ends, and stays open itself.
      const bool ends = name_.starts_with("engine-closes") && &step == &steps.back();
      if (ends || step.at("closed").get<bool>()) {
        CHECK(client_->until_closed());
      } else {
        CHECK_FALSE(client_->closed());
      }
      compare_events(step.at("events"));
    }
    CHECK(fixture_.counters().handlers_threw == 0);
  }

 private:
  [[nodiscard]] ServerOptions options() const {
    ServerOptions options;
    options.recovery.enabled = name_.starts_with("recovery");
    options.engine.allow_eio3 = name_ == "generation-3-client";
    options.engine.queue_bytes_max = std::size_t{1} << 30;
    if (name_ == "engine-closes-ping-timeout") {
      options.engine.ping_interval = std::chrono::milliseconds(1);
      options.engine.ping_timeout = std::chrono::milliseconds(500);
    }
    return options;
  }

  void build() {
    if (name_ == "dynamic-namespace-regex") {
      static const std::regex digits("^/dyn-\\d+$");
      watch(fixture_.io->of([](std::string_view name, const Value&) { return std::regex_match(std::string(name), digits); }));
      return;
    }
    watch(*fixture_.io);
    if (name_ == "event-to-unjoined-namespace-closes" || name_ == "two-namespaces" ||
        name_ == "server-disconnects-connection" || name_ == "generation-3-client") {
      watch(fixture_.io->of("/x"));
    } else if (name_ == "middleware-error") {
      fixture_.io->use([](Socket, Next next) { next(Refusal("Not authorized", std::map<std::string, int>{{"code", 401}})); });
    } else if (name_ == "middleware-error-no-data") {
      fixture_.io->use([](Socket, Next next) { next(Refusal("nope")); });
    } else if (name_ == "socket-middleware-error-emits-error") {
      fixture_.io->on_connection(
          [](Socket socket) { socket.use([](const Value&, const Arguments&, Next next) { next(Refusal("blocked")); }); });
    }
  }

  void watch(const Namespace& nsp) {
    nsp.on_connection([this](Socket socket) {
      const auto note = [this, nsp = socket.nsp()](const golden::Json& what) {
        golden::Json event{{"nsp", nsp}};
        event.update(what);
        events_.push_back(std::move(event));
      };
      note({{"event", "connection"}, {"auth", golden::to_notation(socket.handshake().auth().packed())}});
      socket.on_any([note](const Value& event, const Arguments& arguments) {
        golden::Json data = golden::Json::array({golden::to_notation(event.packed())});
        for (const Value argument : arguments) {
          data.push_back(golden::to_notation(argument.packed()));
        }
        note({{"event", "packet"}, {"data", data}, {"wants_ack", false}});
      });
      socket.on("e", [this](Arguments arguments, Ack ack) {
        events_.back()["wants_ack"] = ack.wanted();
        Buffer answer;
        pack::array_header(answer, static_cast<std::uint32_t>(arguments.size()));
        answer.append(arguments.packed());
        ack.send_packed(answer.bytes());
      });
      socket.on_disconnecting([note](std::string_view reason) { note({{"event", "disconnecting"}, {"reason", reason}}); });
      socket.on_disconnect([note](std::string_view reason) { note({{"event", "disconnect"}, {"reason", reason}}); });
      socket.on_error([note](std::string_view message) { note({{"event", "error"}, {"message", message}}); });
    });
  }

  void act(const golden::Json& sent) {
    if (sent.is_string()) {
      client_->send(sent.get<std::string>());
    } else if (sent.contains("$bin")) {
      client_->send_binary(bytes_of(sent));
    } else {
      act_as_server(sent.at("server").get<std::string>());
    }
  }

  void act_as_server(const std::string& what) {
    Server& io = *fixture_.io;
    const std::vector<Socket> sockets = io.sockets();
    REQUIRE(sockets.size() == 1);
    const Socket& socket = sockets[0];
    const auto unheard = [](const auto&) {};
    if (what == "socket.disconnect()") {
      socket.disconnect();
    } else if (what == "socket.disconnect(true)") {
      socket.disconnect(true);
    } else if (what == "socket.emit(a, 1)") {
      socket.emit("a", 1);
    } else if (what == "socket.emit(b, callback)") {
      socket.emit_with_ack("b", OnAck(unheard));
    } else if (what == "io.emit(c)") {
      io.emit("c");
    } else if (what == "io.timeout(50).emit(d, callback)") {
      io.timeout(std::chrono::milliseconds(50)).emit_with_ack("d", OnAckAnswers(unheard));
    } else if (what == "io.emit(e, Buffer 0102)") {
      io.emit("e", Binary("\x01\x02"));
    } else if (what == "socket.send(hi)") {
      socket.send("hi");
    } else if (what == "volatile while the transport is not writable") {
      be_volatile(socket);
    } else if (what == "io.emit(a)") {
      io.emit("a", 1);
    } else if (what == "io.volatile.emit(b)") {
      io.volatile_().emit("b");
    } else if (what == "engine close: transport close") {
      client_->close_orderly();
    } else if (what == "engine close: transport error") {
      client_->send_packet("2");
    } else if (what == "engine close: parse error") {
      client_->send_packet("abc");
    } else {
      REQUIRE(what == "engine close: ping timeout");  // happens by itself
      CHECK(client_->until_closed());
    }
  }

  /// A message that no kernel takes at once makes the transport busy.
  void be_volatile(const Socket& socket) {
    socket.emit("large", std::string(32 << 20, 'x'));
    const auto turned = [turns = 0]() mutable { return ++turns > 1; };
    CHECK(fixture_.loop.run_until(turned, std::chrono::seconds(1)));
    fixture_.io->volatile_().emit("lost");
    CHECK_FALSE(socket.volatile_().emit("lost"));
    fixture_.io->emit("kept");
    CHECK(client_->next().starts_with("2[\"large\",\"xxx"));
  }

  Names received_now() {
    Names received;
    for (const std::string& message : client_->take()) {
      if (message != "packet:2") {
        received.push_back(comparable(message));
      }
    }
    return received;
  }

  /// Our messages for what is wrong are the reference's without the details.
  void compare_events(const golden::Json& expected) {
    const golden::Json events = std::exchange(events_, golden::Json::array());
    CAPTURE(events);
    REQUIRE(events.size() == expected.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].contains("message")) {
        CHECK(expected[i].at("event") == "error");
        CHECK(expected[i].at("message").get<std::string>().starts_with(events[i].at("message").get<std::string>()));
      } else {
        CHECK(events[i].dump() == expected[i].dump());
      }
    }
  }

  std::string name_;
  golden::Json events_ = golden::Json::array();
  Fixture fixture_;
  std::optional<Client> client_;
};

}  // namespace

TEST_CASE("Socket.IO flows: what official clients send is answered as official servers do") {
  for (const golden::Json& vector : golden::file("server-flows")) {
    const auto name = vector.at("name").get<std::string>();
    SUBCASE(name.c_str()) {
      Flow flow(vector);
      flow.run(vector.at("steps"));
    }
  }
}

}  // namespace socketio_flows_test
