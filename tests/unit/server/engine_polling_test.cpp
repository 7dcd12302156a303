// Long polling: what GET and POST do, and what ends a session.

#include <doctest/doctest.h>

#include <chrono>

#include "engine_fixture.hpp"

namespace engine_polling_test {

using namespace fixture;

namespace {

constexpr std::string_view separator = "\x1e";

std::string joined(std::initializer_list<std::string_view> packets) {
  std::string body;
  for (const std::string_view packet : packets) {
    body.append(body.empty() ? std::string_view() : separator).append(packet);
  }
  return body;
}

}  // namespace

TEST_CASE("engine polling: a GET waits until there is something to send, and gets all of it") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto get = engine.get(session);
  engine.turn();
  CHECK_FALSE(get->answered());
  engine.last().session->send(text("one"));
  CHECK_FALSE(get->answered());  // more may come in this turn
  const std::string bytes = "\x01\x02\x03\x04";
  const Bytes attachment = as_bytes(bytes);
  engine.last().session->send(FrameRef::text("two", {&attachment, 1}));
  engine.last().session->send(FrameRef::binary(attachment));
  engine.turn();
  CHECK(get->status() == 200);
  CHECK(get->body() == joined({"4one", "4two", "bAQIDBA==", "bAQIDBA=="}));
  CHECK(get->answer().header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(get->answer().header("cache-control") == "no-store");
}

TEST_CASE("engine polling: messages without a GET wait for the next one") {
  Engine engine;
  engine.on_session = [](Session& session) { session.send(text("early")); };
  const std::string session = engine.open_polling();
  engine.last().session->send(text("later"));
  engine.turn();
  const auto get = engine.get(session);
  engine.turn();
  CHECK(get->body() == joined({"4early", "4later"}));
  const auto next = engine.get(session);
  engine.turn();
  CHECK_FALSE(next->answered());
}

TEST_CASE("engine polling: a POST is handled packet by packet, and then answered") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto post = engine.send(fake::request("POST", session));
  CHECK_FALSE(post->answered());
  engine.last().handler = [&post](const std::string&) { CHECK_FALSE(post->answered()); };
  post->give_body(joined({"4one", "bAQI=", "4"}));
  CHECK(engine.last().messages == Frames{"one", "binary:\x01\x02", ""});
  CHECK(post->status() == 200);
  CHECK(post->body() == "ok");
  CHECK(post->answer().header("Content-Type") == "text/html");
  CHECK(engine.server.counters().messages_in == 3);
}

TEST_CASE("engine polling: a second GET ends the session, and the first one hears of it") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto first = engine.get(session);
  const auto second = engine.get(session);
  CHECK(second->status() == 400);
  CHECK(second->body().empty());
  CHECK(first->body() == "1");
  CHECK(engine.last().closed == CloseReason::transport_error);
  CHECK(engine.get(session)->body() == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("engine polling: a second POST while one is read ends the session") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto get = engine.get(session);
  const auto first = engine.send(fake::request("POST", session));
  const auto second = engine.send(fake::request("POST", session));
  CHECK(second->status() == 400);
  CHECK(get->body() == "1");
  CHECK(engine.last().closed == CloseReason::transport_error);
  first->give_body("4late");
  CHECK(first->status() == 400);
  CHECK(engine.last().messages.empty());
}

TEST_CASE("engine polling: a POST of octets ends the session") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto post = engine.send(fake::request("POST", session, {{"content-type", "application/octet-stream"}}));
  CHECK(post->status() == 400);
  CHECK(engine.last().closed == CloseReason::transport_error);
}

TEST_CASE("engine polling: a body over the limit is refused and counted, and ends the session; at the limit it passes") {
  EngineOptions options = patient();
  options.max_http_buffer_size = 10;
  Engine engine(options);
  const std::string session = engine.open_polling();
  CHECK(engine.post(session, "4012345678")->status() == 200);
  CHECK(engine.last().messages == Frames{"012345678"});
  const auto large = engine.post(session, "40123456789");
  CHECK(large->status() == 413);
  CHECK(large->body().empty());
  CHECK(engine.last().closed == CloseReason::transport_error);
  CHECK(engine.server.counters().messages_too_large == 1);
  CHECK(engine.post(session, "4")->status() == 400);
}

TEST_CASE("engine polling: what cannot be read ends the session, after what could be read") {
  struct Case {
    std::string body;
    Frames messages;
  };
  for (const Case& example : {Case{"abc", {}}, Case{"", {}}, Case{joined({"4one", ""}), {"one"}},
                              Case{joined({"4one", "7", "4two"}), {"one"}}, Case{"bAQI*", {}}}) {
    CAPTURE(example.body);
    Engine engine;
    const std::string session = engine.open_polling();
    const auto get = engine.get(session);
    const auto post = engine.post(session, example.body);
    CHECK(post->status() == 200);
    CHECK(post->body() == "ok");
    CHECK(engine.last().messages == example.messages);
    CHECK(engine.last().closed == CloseReason::parse_error);
    CHECK(get->body() == "1");
    CHECK(engine.server.counters().parse_errors == 1);
  }
}

TEST_CASE("engine polling: a client that closes gets a noop, and what it says afterwards is not heard") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto get = engine.get(session);
  const auto post = engine.post(session, joined({"4one", "1", "4two"}));
  CHECK(post->body() == "ok");
  CHECK(get->body() == "6");
  CHECK(engine.last().messages == Frames{"one"});
  CHECK(engine.last().closed == CloseReason::transport_close);
}

TEST_CASE("engine polling: packets that mean nothing here are ignored, and a ping is an error") {
  Engine engine;
  const std::string session = engine.open_polling();
  CHECK(engine.post(session, joined({"0", "5", "6", "4x"}))->body() == "ok");
  CHECK(engine.last().messages == Frames{"x"});
  CHECK_FALSE(engine.last().closed);
  CHECK(engine.post(session, joined({"2", "4y"}))->body() == "ok");
  CHECK(engine.last().closed == CloseReason::transport_error);
  CHECK(engine.last().messages == Frames{"x"});
}

TEST_CASE("engine polling: other methods get a 500, and the session stays") {
  Engine engine;
  const std::string session = engine.open_polling();
  for (const char* method : {"PUT", "DELETE", "HEAD", "OPTIONS"}) {
    CAPTURE(method);
    CHECK(engine.send(fake::request(method, session))->status() == 500);
  }
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine polling: a client that gives up a GET or a POST has had its session") {
  for (const bool posting : {false, true}) {
    CAPTURE(posting);
    Engine engine;
    const std::string session = engine.open_polling();
    const auto exchange = engine.send(fake::request(posting ? "POST" : "GET", session));
    posting ? exchange->give_up_body() : exchange->abandon();
    CHECK(engine.last().closed == CloseReason::transport_error);
    CHECK_FALSE(exchange->answered());
    engine.turn();
  }
}

TEST_CASE("engine polling: the server gives the messages with one GET, and closes with the next") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    Engine engine;
    const std::string session = engine.open_polling();
    auto get = waits ? engine.get(session) : nullptr;
    engine.last().session->send(text("bye"));
    engine.last().session->close(CloseReason::forced_close);
    CHECK(engine.last().closed == CloseReason::forced_close);
    CHECK(engine.server.session_count() == 0);
    CHECK((waits ? get : engine.get(session))->body() == "4bye");
    engine.turn();
    CHECK(engine.post(session, "4not heard")->body() == "ok");
    CHECK(engine.get(session)->body() == joined({"6", "1"}));
    CHECK(engine.last().messages.empty());
    CHECK(engine.get(session)->body() == R"({"code":1,"message":"Session ID unknown"})");
  }
}

TEST_CASE("engine polling: a server that has nothing to send closes with the GET that waits, or else with the next") {
  for (const bool waits : {false, true}) {
    CAPTURE(waits);
    Engine engine;
    const std::string session = engine.open_polling();
    auto get = waits ? engine.get(session) : nullptr;
    engine.last().session->close(CloseReason::forced_close);
    CHECK((waits ? get : engine.get(session))->body() == (waits ? "1" : joined({"6", "1"})));
    CHECK(engine.get(session)->status() == 400);
  }
}

TEST_CASE("engine polling: a server that shuts down waits for those who come for their messages, and takes nobody else") {
  Engine engine;
  const std::string waiting = engine.open_polling();
  const auto get = engine.get(waiting);
  const std::string absent = engine.open_polling();
  engine.heard[0]->session->send(text("bye"));
  engine.heard[1]->session->send(text("bye"));
  engine.server.close_all();
  CHECK(engine.heard[0]->closed == CloseReason::server_shutting_down);
  CHECK(engine.heard[1]->closed == CloseReason::server_shutting_down);
  int drained = 0;
  engine.server.when_drained([&drained] { ++drained; });
  CHECK_FALSE(engine.server.is_drained());
  CHECK(get->body() == "4bye");
  CHECK(engine.get(waiting)->body() == joined({"6", "1"}));
  CHECK(engine.get(absent)->body() == "4bye");
  CHECK(engine.get("/socket.io/?EIO=4&transport=polling")->status() == 503);
  engine.turn();
  CHECK(drained == 0);
  CHECK(engine.get(absent)->body() == joined({"6", "1"}));
  CHECK(engine.server.is_drained());
  CHECK(engine.get(absent)->status() == 503);
  engine.turn();
  CHECK(drained == 1);
}

TEST_CASE("engine polling: a server that shuts down can stop waiting for those who do not come") {
  Engine engine;
  engine.open_polling();
  engine.last().session->send(text("bye"));
  engine.server.close_all();
  int drained = 0;
  engine.server.when_drained([&drained] { ++drained; });
  engine.turn();
  CHECK(drained == 0);
  engine.server.stop_draining();
  engine.turn();
  CHECK(drained == 1);
}

TEST_CASE("engine polling: a volatile message is dropped unless a GET waits") {
  Engine engine;
  const std::string session = engine.open_polling();
  CHECK_FALSE(engine.last().session->send(text("dropped"), true));
  const auto get = engine.get(session);
  CHECK(engine.last().session->send(text("one"), true));
  CHECK_FALSE(engine.last().session->send(text("behind another of this turn"), true));
  CHECK(engine.last().session->send(text("two")));
  engine.turn();
  CHECK(get->body() == joined({"4one", "4two"}));
  CHECK_FALSE(engine.last().session->send(text("dropped, too"), true));
  CHECK(engine.server.counters().volatile_dropped == 3);
  CHECK(engine.server.counters().messages_out == 2);
}

TEST_CASE("engine polling: a client that does not poll is closed when its queue is long and time is up, not inside send()") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  options.queue_timeout = std::chrono::milliseconds(20);
  Engine engine(options);
  engine.open_polling();
  Session& session = *engine.last().session;
  const std::string large(900, 'x');
  CHECK(session.send(text(large)));
  CHECK(session.send(text(large)));
  engine.turn();
  CHECK_FALSE(engine.last().closed);
  CHECK(engine.until([&] { return engine.last().closed.has_value(); }));
  CHECK(engine.last().closed == CloseReason::queue_full);
  CHECK(text_of(CloseReason::queue_full) == "transport error");
  CHECK(engine.server.counters().queue_full == 1);
  CHECK(engine.server.session_count() == 0);
}

TEST_CASE(
    "engine polling: a client that does not poll is closed at four times the limit whatever the time, not inside send()") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  Engine engine(options);
  engine.open_polling();
  Session& session = *engine.last().session;
  CHECK(session.send(text(std::string(5'000, 'x'))));
  CHECK_FALSE(session.send(text("small")));
  CHECK_FALSE(session.send(text("small")));
  CHECK_FALSE(engine.last().closed);
  engine.turn();
  CHECK(engine.last().closed == CloseReason::queue_full);
}

TEST_CASE("engine polling: a client that polls gets a burst of ten times its queue") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  Engine engine(options);
  const std::string session = engine.open_polling();
  std::size_t got = 0;
  for (int i = 0; i < 30; ++i) {
    const auto get = engine.get(session);
    REQUIRE(engine.last().session != nullptr);
    CHECK(engine.last().session->send(text(std::string(300, 'x'))));
    CHECK(engine.last().session->send(text(std::string(900, 'x'))));
    got += get->answered() ? get->body().size() : 0;
    engine.turn();
    got = get->answered() && got == 0 ? get->body().size() : got;
  }
  CHECK_FALSE(engine.last().closed);
  CHECK(got != 0);
}

TEST_CASE("engine polling: an answer that the client does not take counts, and the next GET waits for it") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  options.queue_timeout = std::chrono::milliseconds(20);
  for (const bool takes : {false, true}) {
    CAPTURE(takes);
    Engine engine(options);
    const std::string session = engine.open_polling();
    const auto first = engine.get(session);
    first->unsent = 3'000;
    engine.last().session->send(text(std::string(3'000, 'x')));
    engine.turn();
    REQUIRE(first->answered());
    const auto second = engine.get(session);
    engine.last().session->send(text("two"));
    engine.turn();
    CHECK_FALSE(second->answered());
    CHECK_FALSE(engine.last().session->send(text("not ready"), true));
    if (takes) {
      first->take_all();
      engine.turn();
      CHECK(second->body() == "4two");
      CHECK_FALSE(engine.last().closed);
    } else {
      CHECK(engine.until([&] { return engine.last().closed.has_value(); }));
      CHECK(engine.last().closed == CloseReason::queue_full);
      CHECK(second->body() == "1");
    }
  }
}

TEST_CASE("engine polling: closing in order waits for an answer that the client does not take yet") {
  Engine engine;
  const std::string session = engine.open_polling();
  const auto first = engine.get(session);
  first->unsent = 10;
  engine.last().session->send(text("one"));
  engine.turn();
  const auto second = engine.get(session);
  engine.last().session->send(text("two"));
  engine.last().session->close(CloseReason::forced_close);
  CHECK_FALSE(second->answered());
  first->take_all();
  CHECK(second->body() == "4two");
  CHECK(engine.get(session)->body() == joined({"6", "1"}));
}

TEST_CASE("engine polling: a message that is larger than the queue alone is sent") {
  EngineOptions options = patient();
  options.queue_bytes_max = 1'000;
  Engine engine(options);
  const auto get = engine.get(engine.open_polling());
  CHECK(engine.last().session->send(text(std::string(5'000, 'x'))));
  engine.turn();
  CHECK(get->body().size() == 5'001);
}

TEST_CASE("engine polling: a session may be closed from its own message, and by a listener of another") {
  Engine engine;
  const std::string first = engine.open_polling();
  const std::string second = engine.open_polling();
  engine.heard[0]->handler = [&engine](const std::string& message) {
    if (message == "close") {
      engine.heard[0]->session->close(CloseReason::forced_close);
      engine.heard[1]->session->close(CloseReason::forced_close);
    }
  };
  CHECK(engine.post(first, joined({"4a", "4close", "4b"}))->body() == "ok");
  CHECK(engine.heard[0]->messages == Frames{"a", "close"});
  CHECK(engine.heard[0]->closed == CloseReason::forced_close);
  CHECK(engine.heard[1]->closed == CloseReason::forced_close);
  CHECK(engine.get(first)->body() == joined({"6", "1"}));
  CHECK(engine.get(second)->body() == joined({"6", "1"}));
}

TEST_CASE("engine polling: requests that outlive their server do no harm") {
  auto engine = std::make_unique<Engine>();
  const std::string session = engine->open_polling();
  const auto get = engine->get(session);
  const auto post = engine->send(fake::request("POST", session));
  engine.reset();
  post->give_body("4late");
  CHECK(post->status() == 400);
  get->abandon();
  CHECK_FALSE(get->answered());
}

TEST_CASE("engine polling: JSONP wraps answers into a script and reads forms") {
  Engine engine;
  const auto first = engine.get("/socket.io/?EIO=4&transport=polling&j=4x2");
  CHECK(first->body().starts_with("___eio[42](\"0{\\\"sid\\\":"));
  CHECK(first->body().ends_with("}\");"));
  const std::string session = "/socket.io/?EIO=4&transport=polling&j=3&sid=" + std::string(engine.last().session->id());
  const auto post = engine.post(session, "d=4a%5Cnb%5C%5Cn%26" + std::string("%1e") + "4x");
  CHECK(post->body() == "ok");
  CHECK(engine.last().messages == Frames{"a\nb\\n&", "x"});
  engine.last().session->send(text("a\xe2\x80\xa8\"\xe2\x82\xac"));
  const auto get = engine.get(session);
  engine.turn();
  CHECK(get->body() == "___eio[3](\"4a\\u2028\\\"\xe2\x82\xac\");");
  CHECK(get->answer().header("Content-Type") == "text/javascript; charset=UTF-8");
}

TEST_CASE("engine polling: large bodies are compressed if that is on and the client takes it") {
  EngineOptions options = patient();
  options.http_compression = true;
  Engine engine(options);
  const std::string session = engine.open_polling();
  const auto answer = [&](const std::string& accepted, std::size_t size, bool compress) {
    engine.last().session->send(FrameRef::text(std::string(size, 'x'), {}, compress));
    const auto get = engine.send(fake::request("GET", session, {{"accept-encoding", accepted}}));
    engine.turn();
    return get->answer();
  };
  const auto packed = answer("deflate, gzip;q=0.5, br", 5'000, true);
  CHECK(packed.header("Content-Encoding") == "gzip");
  CHECK(packed.body.size() < 100);
  CHECK(packed.body.starts_with("\x1f\x8b"));
  CHECK(answer("deflate", 5'000, true).header("Content-Encoding") == "deflate");
  CHECK(answer("gzip;q=0, deflate", 5'000, true).header("Content-Encoding") == "deflate");
  CHECK(answer("br", 5'000, true).body.size() == 5'001);
  CHECK(answer("", 5'000, true).body.size() == 5'001);
  CHECK(answer("gzip", 1'022, true).header("Content-Encoding").empty());
  CHECK(answer("gzip", 5'000, false).header("Content-Encoding").empty());
}

}  // namespace engine_polling_test
