#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reply_reader.hpp"

namespace reply_reader_test {

using namespace socketio;
using namespace socketio::redis;
using Item = ReplyReader::Item;

namespace {

struct Message {
  SubscriptionKind kind;
  std::string subscription;
  std::string channel;
  std::string payload;
  bool operator==(const Message&) const = default;
};

struct Sink final : MessageSink {
  std::vector<Message> messages;
  void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) override {
    messages.push_back({kind, std::string(subscription), std::string(channel), std::string(as_text(payload))});
  }
};

std::string show(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::nil: return "nil";
    case Reply::Type::integer: return std::to_string(reply.integer);
    case Reply::Type::text: return "'" + reply.text + "'";
    case Reply::Type::status: return "+" + reply.text;
    case Reply::Type::error: return "-" + reply.text;
    case Reply::Type::array: break;
  }
  std::string text = "[";
  for (const Reply& element : reply.elements) {
    text += show(element) + " ";
  }
  return text + "]";
}

/// Reads all of `input`, fed in pieces of `piece` bytes, and says what came out.
std::string read(std::string_view input, std::size_t piece, bool messages = false, std::size_t limit = 1'000'000,
                 Sink* sink = nullptr) {
  Sink own;
  ReplyReader reader(limit, sink != nullptr ? *sink : own);
  if (messages) {
    reader.expect_messages();
  }
  std::string seen;
  while (!input.empty()) {
    const std::string_view part = input.substr(0, piece);
    input.remove_prefix(part.size());
    reader.feed(as_bytes(part));
    for (Item item = reader.next(); item != Item::none; item = reader.next()) {
      switch (item) {
        case Item::integer: seen += ":" + std::to_string(reader.integer()) + " "; break;
        case Item::reply: seen += show(reader.reply()) + " "; break;
        case Item::message: seen += "message "; break;
        case Item::subscribed: seen += "subscribed:" + reader.name() + " "; break;
        case Item::unsubscribed: seen += "unsubscribed:" + reader.name() + " "; break;
        case Item::pong: seen += "pong "; break;
        case Item::broken: return seen + "broken";
        case Item::none: break;
      }
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("replies: every kind is read, in pieces of any size") {
  const std::string input =
      ":1\r\n:-42\r\n+OK\r\n-ERR no\r\n$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
      "*3\r\n:1\r\n*2\r\n$1\r\na\r\n+b\r\n$-1\r\n:9223372036854775807\r\n";
  const std::string expected = ":1 :-42 +OK -ERR no 'hello' '' nil nil [] [1 ['a' +b ] nil ] :9223372036854775807 ";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    CAPTURE(piece);
    CHECK(read(input, piece) == expected);
  }
}

TEST_CASE("replies: messages and confirmations are read, in pieces of any size") {
  const std::string input =
      "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:2\r\n"
      "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3\r\n1\r\n\r\n*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$0\r\n\r\n"
      "*2\r\n$4\r\npong\r\n$0\r\n\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n-ERR x\r\n";
  const std::vector<Message> messages = {{SubscriptionKind::channel, "a", "a", "1\r\n"},
                                         {SubscriptionKind::pattern, "a*", "ab", ""}};
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    CAPTURE(piece);
    Sink sink;
    CHECK(read(input, piece, true, 1'000'000, &sink) ==
          "subscribed:a subscribed:a* message message pong unsubscribed:a -ERR x ");
    CHECK(sink.messages == messages);
  }
}

TEST_CASE("replies: a large message arrives whole through small pieces") {
  const std::string payload(300'000, 'x');
  const std::string channel(3'000, 'c');
  Sink sink;
  const std::string input = "*3\r\n$7\r\nmessage\r\n$3000\r\n" + channel + "\r\n$300000\r\n" + payload + "\r\n";
  CHECK(read(input, 1'000, true, 1'000'000, &sink) == "message ");
  REQUIRE(sink.messages.size() == 1);
  CHECK(sink.messages[0].channel == channel);
  CHECK(sink.messages[0].payload == payload);
}

TEST_CASE("replies: what is not the protocol breaks the reader") {
  for (const std::string_view input :
       {"x\r\n", "HTTP/1.1 400 Bad Request\r\n", "$-2\r\n", "*-2\r\n", "\r\n", "\x16\x03\x01\x02"}) {
    CAPTURE(input);
    CHECK(read(input, 100) == "broken");
  }
  for (const std::string_view input :
       {"*2\r\n$7\r\nmessage\r\n$1\r\na\r\n", "*4\r\n$7\r\nmessage\r\n", "*3\r\n$8\r\npmessage\r\n", "*3\r\n$3\r\nfoo\r\n",
        "*3\r\n:1\r\n", "*3\r\n$7\r\nmessage\r\n$-1\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n:1\r\n", "*3\r\n*1\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n$1\r\n"
        "1\r\n",
        "*1000000\r\n", "*0\r\n"}) {
    CAPTURE(input);
    CHECK(read(input, 100, true) == "broken");
  }
}

TEST_CASE("replies: what is only claimed costs nothing, and what comes is limited") {
  CHECK(read("$536870911\r\nabc", 100) == "");
  CHECK(read("*2147483647\r\n:1\r\n", 100) == "");
  CHECK(read("$2000\r\n" + std::string(2'000, 'x') + "\r\n", 100, false, 1'000) == "broken");
  CHECK(read("*1000\r\n" + std::string(4'000, '\n').replace(0, 12, ":1\r\n:1\r\n:1\r\n"), 100, false, 1'000) == "broken");
  std::string many = "*100000\r\n";
  for (int index = 0; index < 100; ++index) {
    many += ":1\r\n";
  }
  CHECK(read(many, 100, false, 1'000) == "broken");
  for (const int depth : {9, 5'000}) {
    std::string deep;
    for (int index = 0; index < depth; ++index) {
      deep += "*1\r\n";
    }
    CAPTURE(depth);
    CHECK(read(deep, 100) == "broken");
  }
}

TEST_CASE("replies: a line or a length that never ends is given up early") {
  CHECK(read("+" + std::string(200'000, 'x'), 10'000) == "broken");
  CHECK(read("$" + std::string(200, '1'), 10) == "broken");
  CHECK(read("*1\r\n$" + std::string(200, '0'), 10) == "broken");
  CHECK(read("+12" + std::string(300, 'x'), 10) == "");  // a status may begin with digits
}

TEST_CASE("replies: chance bytes never do more than break the reader") {
  std::mt19937 random(4'711);
  const std::string alphabet = "*$:+-0123456789\r\n\r\n\r\nabmessagepsubscribe\xff,#_(%~>=|";
  const std::vector<std::string> good = {":1\r\n",
                                         "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n",
                                         "$3\r\nabc\r\n",
                                         "*2\r\n:1\r\n$1\r\nx\r\n",
                                         "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
                                         "-ERR x\r\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string input;
    for (std::size_t part = random() % 6; part != 0; --part) {
      input += good[random() % good.size()];
    }
    for (std::size_t change = random() % 8; change != 0; --change) {
      const std::size_t at = random() % (input.size() + 1);
      if (random() % 2 == 0 || input.empty()) {
        input.insert(at, 1, alphabet[random() % alphabet.size()]);
      } else {
        input[at % input.size()] = alphabet[random() % alphabet.size()];
      }
    }
    const bool messages = random() % 2 == 0;
    CAPTURE(input);
    // The property: the same bytes mean the same, however they are cut.
    CHECK(read(input, 1, messages) == read(input, input.size() + 1, messages));
  }
}

}  // namespace reply_reader_test
