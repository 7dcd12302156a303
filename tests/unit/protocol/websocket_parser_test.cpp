#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/websocket_frame.hpp>

namespace websocket_parser_test {

using namespace socketio;
using namespace std::string_literals;
using namespace websocket_frame;

namespace {

struct Received {
  Opcode opcode;
  std::string payload;
  CloseCode code = CloseCode::none;
  bool compressed = false;

  friend bool operator==(const Received&, const Received&) = default;
};

struct Outcome {
  std::vector<Received> messages;
  CloseCode failure = CloseCode::none;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string frame(Opcode opcode, std::string_view payload, bool final = true, bool compressed = false) {
  Buffer out;
  encode_masked(out, {opcode, final, compressed, {0x37, 0xfa, 0x21, 0x3d}}, as_bytes(payload));
  return std::string(out.text());
}

/// Feeds pieces whose sizes `next_size` chooses.
template <typename NextSize>
Outcome parsed(std::string bytes, const ParserOptions& options, NextSize next_size) {
  Parser parser(options);
  Outcome outcome;
  for (std::size_t position = 0; position < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(next_size(), bytes.size() - position);
    std::vector<std::uint8_t> piece(bytes.begin() + static_cast<std::ptrdiff_t>(position),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(position + size));
    std::span<std::uint8_t> input(piece);
    Message message;
    Status status;
    while ((status = parser.next(input, message)) == Status::message) {
      outcome.messages.push_back({message.opcode, std::string(message.text()), message.code, message.compressed});
    }
    CHECK(input.empty());
    CHECK((status == Status::failed) == (parser.close_code() != CloseCode::none));
    position += size;
  }
  outcome.failure = parser.close_code();
  return outcome;
}

/// The outcome, which is the same whether the bytes come at once, one by one, or in random pieces.
Outcome parsed(const std::string& bytes, const ParserOptions& options = {}) {
  const Outcome outcome = parsed(bytes, options, [] { return std::string::npos; });
  CHECK(parsed(bytes, options, [] { return std::size_t{1}; }) == outcome);
  std::minstd_rand random(7);
  for (int i = 0; i < 20; ++i) {
    CHECK(parsed(bytes, options, [&] { return random() % 12; }) == outcome);
  }
  return outcome;
}

CloseCode failure(const std::string& bytes, const ParserOptions& options = {}) { return parsed(bytes, options).failure; }

/// The close frame of a client with this payload.
CloseCode failure_of_close(std::string_view payload) { return failure(frame(Opcode::close, payload)); }

std::string close_payload(unsigned code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason);
}

}  // namespace

TEST_CASE("websocket_parser: messages of all sizes come out as they went in") {
  std::string payload;
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 125U, 126U, 127U, 1000U, 65535U, 65536U, 70001U}) {
    CAPTURE(size);
    while (payload.size() < size) {
      payload.push_back(static_cast<char>('a' + payload.size() % 26));
    }
    payload.resize(size);
    const std::string bytes = frame(Opcode::binary, payload) + frame(Opcode::text, payload);
    const Outcome whole = parsed(bytes, {}, [] { return std::string::npos; });
    CHECK(whole == Outcome{{{Opcode::binary, payload}, {Opcode::text, payload}}});
    CHECK(parsed(bytes, {}, [] { return std::size_t{1}; }) == whole);
    CHECK(parsed(bytes, {}, [] { return std::size_t{1000}; }) == whole);
  }
}

TEST_CASE("websocket_parser: a message that is wholly in the input is not copied") {
  std::string bytes = frame(Opcode::text, "Hello") + frame(Opcode::text, "again");
  std::span<std::uint8_t> input(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  const std::uint8_t* const begin = input.data();
  Parser parser;
  Message message;

  REQUIRE(parser.next(input, message) == Status::message);
  CHECK(message.text() == "Hello");
  CHECK(message.payload.data() == begin + 6);
  CHECK(input.size() == 11);
  REQUIRE(parser.next(input, message) == Status::message);
  CHECK(message.text() == "again");
  CHECK(message.payload.data() == begin + 17);
}

TEST_CASE("websocket_parser: fragments are put together, with control frames between them") {
  const std::string bytes = frame(Opcode::text, "Hel", false) + frame(Opcode::ping, "are you there?") +
                            frame(Opcode::continuation, "", false) + frame(Opcode::pong, "") +
                            frame(Opcode::continuation, "lo") + frame(Opcode::binary, "x", false) +
                            frame(Opcode::continuation, "y");
  CHECK(parsed(bytes) ==
        Outcome{{{Opcode::ping, "are you there?"}, {Opcode::pong, ""}, {Opcode::text, "Hello"}, {Opcode::binary, "xy"}}});
}

TEST_CASE("websocket_parser: every prefix of a stream waits for more") {
  const std::string bytes = frame(Opcode::text, "h\xc3\xa9", false) + frame(Opcode::ping, "p") +
                            frame(Opcode::continuation, std::string(130, 'x')) + frame(Opcode::close, close_payload(1000));
  const Outcome whole = parsed(bytes);
  CHECK(whole.messages.size() == 3);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Outcome outcome = parsed(bytes.substr(0, size), {}, [] { return std::string::npos; });
    CHECK(outcome.failure == CloseCode::none);
    CHECK(outcome.messages.size() < whole.messages.size());
  }
}

TEST_CASE("websocket_parser: a frame without mask is a protocol error") {
  Buffer out;
  encode(out, Opcode::text, as_bytes("x"));
  CHECK(failure(std::string(out.text())) == CloseCode::protocol_error);
  CHECK(failure("\x88\x00"s) == CloseCode::protocol_error);
}

TEST_CASE("websocket_parser: reserved bits and opcodes are protocol errors") {
  for (const int bit : {0x10, 0x20, 0x40}) {
    for (const Opcode opcode : {Opcode::text, Opcode::binary, Opcode::ping, Opcode::close}) {
      std::string bytes = frame(opcode, "");
      bytes[0] = static_cast<char>(bytes[0] | bit);
      CHECK(failure(bytes) == CloseCode::protocol_error);
    }
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    CHECK(failure(frame(static_cast<Opcode>(opcode), "")) == CloseCode::protocol_error);
  }
}

TEST_CASE("websocket_parser: control frames are short and in one piece") {
  for (const Opcode opcode : {Opcode::ping, Opcode::pong, Opcode::close}) {
    CHECK(failure(frame(opcode, "", false)) == CloseCode::protocol_error);
    CHECK(failure(frame(opcode, std::string(126, 'x'))) == CloseCode::protocol_error);
    CHECK(failure(frame(opcode, std::string(70000, 'x')).substr(0, 14)) == CloseCode::protocol_error);
  }
  CHECK(parsed(frame(Opcode::ping, std::string(125, 'x'))).messages.size() == 1);
}

TEST_CASE("websocket_parser: fragments out of order are protocol errors") {
  CHECK(failure(frame(Opcode::continuation, "x")) == CloseCode::protocol_error);
  CHECK(failure(frame(Opcode::text, "x") + frame(Opcode::continuation, "y")) == CloseCode::protocol_error);
  CHECK(failure(frame(Opcode::text, "x", false) + frame(Opcode::text, "y")) == CloseCode::protocol_error);
  CHECK(failure(frame(Opcode::text, "", false) + frame(Opcode::binary, "y", false)) == CloseCode::protocol_error);
}

TEST_CASE("websocket_parser: messages above the limit are refused by their header") {
  ParserOptions options;
  options.message_bytes_max = 10;
  CHECK(failure(frame(Opcode::text, "0123456789"), options) == CloseCode::none);
  CHECK(failure(frame(Opcode::text, "0123456789a").substr(0, 6), options) == CloseCode::too_large);
  CHECK(failure(frame(Opcode::text, "012345", false) + frame(Opcode::continuation, "6789"), options) == CloseCode::none);
  CHECK(failure(frame(Opcode::text, "012345", false) + frame(Opcode::continuation, "67890").substr(0, 6), options) ==
        CloseCode::too_large);
  // A control frame has its own limit.
  CHECK(failure(frame(Opcode::text, "0123456789", false) + frame(Opcode::ping, "0123456789a"), options) == CloseCode::none);
}

TEST_CASE("websocket_parser: lengths that no message has") {
  CHECK(failure("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff....") == CloseCode::too_large);
  CHECK(failure("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01....x"s) == CloseCode::protocol_error);
  CHECK(failure("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff....") == CloseCode::protocol_error);
}

TEST_CASE("websocket_parser: memory follows what has arrived, not what is claimed") {
  ParserOptions options;
  options.message_bytes_max = std::size_t{1} << 62;
  CHECK(parsed("\x82\xff\x30\x00\x00\x00\x00\x00\x00\x00....some bytes"s, options) == Outcome{});
}

TEST_CASE("websocket_parser: text is UTF-8, also across fragments") {
  const std::string text = "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80 \xe0\xa0\x80 \xf4\x8f\xbf\xbf";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    const std::string bytes = frame(Opcode::text, text.substr(0, cut), false) + frame(Opcode::continuation, text.substr(cut));
    CHECK(parsed(bytes) == Outcome{{{Opcode::text, text}}});
  }
}

TEST_CASE("websocket_parser: text that is not UTF-8 is refused, in one piece or in fragments") {
  for (const std::string_view bad : {"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                     "\x80", "\xe0\x80\xaf", "\xf5\x80\x80\x80"}) {
    CAPTURE(bad);
    const std::string text = "abc" + std::string(bad);
    CHECK(failure(frame(Opcode::text, text)) == CloseCode::bad_utf8);
    CHECK(failure(frame(Opcode::text, text, false) + frame(Opcode::continuation, "")) == CloseCode::bad_utf8);
    CHECK(failure(frame(Opcode::text, text, false) + frame(Opcode::continuation, "xyz")) == CloseCode::bad_utf8);
    CHECK(failure(frame(Opcode::binary, text)) == CloseCode::none);
  }
}

TEST_CASE("websocket_parser: fragments of text fail at the first byte that cannot be completed") {
  CHECK(failure(frame(Opcode::text, "abc\xff", false)) == CloseCode::bad_utf8);
  CHECK(failure(frame(Opcode::text, "abc\xed\xa0", false)) == CloseCode::bad_utf8);
  CHECK(failure(frame(Opcode::text, "abc\xed", false)) == CloseCode::none);
  CHECK(failure(frame(Opcode::text, "abc\xf4\x8f\xbf", false)) == CloseCode::none);
  CHECK(failure(frame(Opcode::text, "abc\xf4\x90", false)) == CloseCode::bad_utf8);
}

TEST_CASE("websocket_parser: close frames have nothing, a code, or a code and a reason") {
  CHECK(parsed(frame(Opcode::close, "")) == Outcome{{{Opcode::close, ""}}});
  CHECK(parsed(frame(Opcode::close, close_payload(1000))) == Outcome{{{Opcode::close, "", CloseCode::normal}}});
  CHECK(parsed(frame(Opcode::close, close_payload(1001, "gone \xe2\x82\xac"))) ==
        Outcome{{{Opcode::close, "gone \xe2\x82\xac", CloseCode::going_away}}});
}

TEST_CASE("websocket_parser: close codes that must not be sent are protocol errors") {
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U}) {
    CAPTURE(code);
    CHECK(failure_of_close(close_payload(code)) == CloseCode::none);
  }
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
    CAPTURE(code);
    CHECK(failure_of_close(close_payload(code)) == CloseCode::protocol_error);
  }
  CHECK(failure_of_close("x") == CloseCode::protocol_error);
  CHECK(failure_of_close(close_payload(1000, "\xff")) == CloseCode::bad_utf8);
}

TEST_CASE("websocket_parser: what follows a close frame is ignored") {
  CHECK(parsed(frame(Opcode::close, "") + frame(Opcode::text, "x") + "junk") == Outcome{{{Opcode::close, ""}}});
}

TEST_CASE("websocket_parser: what follows an error is ignored") {
  CHECK(parsed(frame(Opcode::text, "good") + frame(Opcode::text, "\xff") + frame(Opcode::text, "x")) ==
        Outcome{{{Opcode::text, "good"}}, CloseCode::bad_utf8});
}

TEST_CASE("websocket_parser: compressed messages need an agreement, and are told by their first fragment") {
  ParserOptions options;
  options.compression = true;
  CHECK(parsed(frame(Opcode::text, "\xff", true, true), options) == Outcome{{{Opcode::text, "\xff", CloseCode::none, true}}});
  CHECK(parsed(frame(Opcode::text, "\xff", false, true) + frame(Opcode::ping, "") + frame(Opcode::continuation, "\xfe") +
                   frame(Opcode::text, "plain"),
               options) ==
        Outcome{{{Opcode::ping, ""}, {Opcode::text, "\xff\xfe", CloseCode::none, true}, {Opcode::text, "plain"}}});
  CHECK(failure(frame(Opcode::text, "x", false, true) + frame(Opcode::continuation, "y", true, true), options) ==
        CloseCode::protocol_error);
  CHECK(failure(frame(Opcode::ping, "", true, true), options) == CloseCode::protocol_error);
  CHECK(failure(frame(Opcode::text, "", true, true)) == CloseCode::protocol_error);
}

}  // namespace websocket_parser_test
