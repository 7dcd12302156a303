// Packets that break a rule close the connection; those that are merely odd do not.
//
// Source: docs/wire_server.md, "Validation".

#include <doctest/doctest.h>

#include "live_fixture.hpp"

namespace socketio_validation_test {

using namespace live;

namespace {

/// A server with two namespaces that writes down what its sockets hear.
struct Listening {
  explicit Listening(ServerOptions options = {}) : fixture(std::move(options)) {
    for (const Namespace& nsp : {Namespace(*fixture.io), fixture.io->of("/x")}) {
      nsp.on_connection([this](Socket socket) {
        const std::string name = socket.nsp();
        socket.on_any([this, name](const Value& event, const Arguments& arguments) {
          std::string text = name + " " + event.json();
          for (const Value argument : arguments) {
            text += " " + argument.json();
          }
          heard.push_back(text);
        });
        socket.on_error([this, name](std::string_view message) { heard.push_back(name + " error: " + std::string(message)); });
        socket.on_disconnect([this, name](std::string_view reason) { heard.push_back(name + " " + std::string(reason)); });
      });
    }
  }
  Names heard;  // first: sockets are told until the server has gone
  Fixture fixture;
};

}  // namespace

TEST_CASE("validation: a violation is told to every socket of the connection, which is then closed") {
  struct Case {
    std::string message;
    std::string error;
  };
  const std::string deep(600, '[');
  std::string placed_often;
  for (int index = 0; index < 11; ++index) {
    placed_often += ",{\"_placeholder\":true,\"num\":0}";
  }
  for (const Case& example : {
           Case{"7", "unknown packet type"},
           Case{"", "unknown packet type"},
           Case{" ", "unknown packet type"},
           Case{"x[\"e\"]", "unknown packet type"},
           Case{"50-[\"e\"]", "Illegal attachments"},
           Case{"5-1-[\"e\"]", "Illegal attachments"},
           Case{"51.5-[\"e\"]", "Illegal attachments"},
           Case{"5-[\"e\"]", "Illegal attachments"},
           Case{"5[\"e\"]", "Illegal attachments"},
           Case{"51[\"e\"]", "Illegal attachments"},
           Case{"50x1-[\"e\"]", "Illegal attachments"},
           Case{"51e0-[\"e\"]", "Illegal attachments"},
           Case{"511-[\"e\"]", "too many attachments"},
           Case{"51-[\"e\"" + placed_often + "]", "too many attachments"},
           Case{"0/x,{\"a\":" + deep.substr(0, 256) + std::string(256, ']') + "}", "nesting is too deep"},
           Case{"2[\"e\"", "invalid payload"},
           Case{"2 [\"e\"]", "invalid payload"},
           Case{"2[\"e\"]x", "invalid payload"},
           Case{"2", "invalid payload"},
           Case{"212", "invalid payload"},
           Case{"2[]", "invalid payload"},
           Case{"2{}", "invalid payload"},
           Case{"2[null]", "invalid payload"},
           Case{"2[{}]", "invalid payload"},
           Case{"2\"e\"", "invalid payload"},
           Case{"2[\"connect\"]", "invalid payload"},
           Case{"2[\"connect_error\"]", "invalid payload"},
           Case{"2[\"disconnect\"]", "invalid payload"},
           Case{"2[\"disconnecting\"]", "invalid payload"},
           Case{"2[\"newListener\"]", "invalid payload"},
           Case{"2[\"removeListener\"]", "invalid payload"},
           Case{"0/x,[]", "invalid payload"},
           Case{"0/x,\"a\"", "invalid payload"},
           Case{"0/x,null", "invalid payload"},
           Case{"1[]", "invalid payload"},
           Case{"31{}", "invalid payload"},
           Case{"2" + std::string(400, '9') + "[\"e\"]", "invalid packet id"},
           Case{"2[\"e\"," + deep + "]", "nesting is too deep"},
       }) {
    CAPTURE(example.message);
    Listening listening;
    Client client(listening.fixture);
    client.join();
    client.join("/x");
    client.send(example.message);
    CHECK(client.until_closed());
    CHECK(listening.heard ==
          Names{"/ error: " + example.error, "/x error: " + example.error, "/ forced close", "/x forced close"});
    CHECK(listening.fixture.counters().protocol_violations == 1);
    CHECK(listening.fixture.problems == Names{": " + example.error});
    CHECK(listening.fixture.io->connection_count() == 0);
  }
}

TEST_CASE("validation: attachments come right behind their packet, and fit it") {
  struct Case {
    Names messages;
    std::string error;
  };
  const std::string header = "51-[\"e\",{\"_placeholder\":true,\"num\":";
  for (const Case& example : {
           Case{{"binary:x"}, "got binary data when not reconstructing a packet"},
           Case{{header + "0}]", "2[\"e\"]"}, "got plaintext data when reconstructing a packet"},
           Case{{header + "1}]", "binary:x"}, "illegal attachments"},
           Case{{header + "-1}]", "binary:x"}, "illegal attachments"},
           Case{{header + "0.5}]", "binary:x"}, "illegal attachments"},
           Case{{header + "\"0\"}]", "binary:x"}, "illegal attachments"},
           Case{{"51-[\"e\",{\"_placeholder\":true}]", "binary:x"}, "illegal attachments"},
       }) {
    CAPTURE(example.messages.front());
    Listening listening;
    Client client(listening.fixture);
    client.join();
    for (const std::string& message : example.messages) {
      message.starts_with("binary:") ? client.send_binary(message.substr(7)) : client.send(message);
    }
    CHECK(client.until_closed());
    CHECK(listening.heard == Names{"/ error: " + example.error, "/ forced close"});
  }
}

TEST_CASE("validation: attachments have a limit of bytes together") {
  ServerOptions options;
  options.attachment_bytes_max = 10;
  Listening listening(options);
  Client client(listening.fixture);
  client.join();
  client.send("52-[\"e\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
  client.send_binary("123456");
  client.send_binary("123456");
  CHECK(client.until_closed());
  CHECK(listening.heard == Names{"/ error: attachments are too large", "/ forced close"});
}

TEST_CASE("validation: what is odd but allowed passes") {
  struct Case {
    Names messages;
    Names heard;
  };
  const std::string buffer = R"({"type":"Buffer","data":[120]})";
  for (const Case& example : {
           Case{{"2[\"error\"]"}, {"/ \"error\""}},
           Case{{"2[\"connection\"]"}, {"/ \"connection\""}},
           Case{{"2[7,\"a\"]"}, {"/ 7 \"a\""}},
           Case{{"2[\"\"]"}, {"/ \"\""}},
           Case{{"2000[\"e\"]"}, {"/ \"e\""}},
           Case{{"2/x,[\"e\"]"}, {"/x \"e\""}},
           Case{{"312"}, {}},
           Case{{"3[]"}, {}},
           Case{{"30[1]"}, {}},
           Case{{"2[\"e\",{\"_placeholder\":true,\"num\":0}]"}, {"/ \"e\" {\"_placeholder\":true,\"num\":0}"}},
           Case{{"2[\"e\",{\"constructor\":2}]"}, {"/ \"e\" {\"constructor\":2}"}},
           Case{{"51-[\"e\"]", "binary:x"}, {"/ \"e\""}},
           Case{{"51-[\"e\",{\"_placeholder\":1,\"num\":0}]", "binary:x"}, {"/ \"e\" {\"_placeholder\":1,\"num\":0}"}},
           Case{{"51-[\"e\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]", "binary:x"},
                {"/ \"e\" " + buffer + " " + buffer}},
           Case{{"52-[\"e\",{\"_placeholder\":true,\"num\":1}]", "binary:y", "binary:x"}, {"/ \"e\" " + buffer}},
       }) {
    CAPTURE(example.messages.front());
    Listening listening;
    Client client(listening.fixture);
    client.join();
    client.join("/x");
    for (const std::string& message : example.messages) {
      message.starts_with("binary:") ? client.send_binary(message.substr(7)) : client.send(message);
    }
    CHECK(client.take().empty());
    CHECK_FALSE(client.closed());
    CHECK(listening.heard == example.heard);
  }
}

TEST_CASE("validation: a packet in the wrong state closes the connection, and no error is told") {
  for (const std::string message : {"0", "4{\"message\":\"x\"}", "2/y,[\"e\"]", "3/y,0[]", "1/y,", "4/y,{}"}) {
    CAPTURE(message);
    Listening listening;
    Client client(listening.fixture);
    client.join();
    client.send(message);
    CHECK(client.until_closed());
    CHECK(listening.heard == Names{"/ forced close"});
    CHECK(listening.fixture.counters().wrong_state == 1);
  }
}

TEST_CASE("validation: over polling, packets behind a violation in the same body are not heard") {
  Listening listening;
  Poller poller(listening.fixture);
  poller.post("40");
  CHECK(without_ids(poller.get()) == "40{\"sid\":\"(id)\"}");
  CHECK(poller.post("42[\"a\"]\x1e"
                    "42[\x1e"
                    "42[\"b\"]") == "ok");
  CHECK(listening.heard == Names{"/ \"a\"", "/ error: invalid payload", "/ forced close"});
}

}  // namespace socketio_validation_test
