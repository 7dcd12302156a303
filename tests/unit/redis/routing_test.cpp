#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "routing.hpp"
#include "slot_map.hpp"

namespace routing_test {

using namespace socketio::redis;
using Kind = Route::Kind;

namespace {

Route route(std::vector<std::string_view> words) { return route_of(words); }

Reply texts(const std::vector<std::string>& values) {
  Reply reply;
  reply.type = Reply::Type::array;
  for (const std::string& value : values) {
    Reply& element = reply.elements.emplace_back();
    element.type = Reply::Type::text;
    element.text = value;
  }
  return reply;
}

Reply counts(const std::vector<std::pair<std::string, std::int64_t>>& values) {
  Reply reply;
  reply.type = Reply::Type::array;
  for (const auto& [name, count] : values) {
    reply.elements.push_back(texts({name}).elements[0]);
    Reply& number = reply.elements.emplace_back();
    number.type = Reply::Type::integer;
    number.integer = count;
  }
  return reply;
}

}  // namespace

TEST_CASE("routing: a command goes to the slot of its key, wherever that stands") {
  const std::vector<std::vector<std::string_view>> commands{{"XADD", "key", "*", "a", "b"},
                                                            {"xrange", "key", "-", "+"},
                                                            {"EXISTS", "key"},
                                                            {"SET", "key", "v", "PX", "1"},
                                                            {"XREAD", "BLOCK", "5", "COUNT", "1", "STREAMS", "key", "0"},
                                                            {"xread", "streams", "key", "$"},
                                                            {"XINFO", "STREAM", "key"},
                                                            {"EVAL", "return 1", "1", "key"},
                                                            {"SPUBLISH", "key", "x"}};
  for (const auto& words : commands) {
    CAPTURE(words[0]);
    CHECK(route(words).kind == Kind::slot);
    CHECK(route(words).slot == slot_of("key"));
  }
}

TEST_CASE("routing: what has no key goes to any node, or to all") {
  for (const auto& words : std::vector<std::vector<std::string_view>>{{"PING"},
                                                                      {"publish", "channel", "x"},
                                                                      {"TIME"},
                                                                      {"INFO", "server"},
                                                                      {"CONFIG", "GET", "x"},
                                                                      {"ACL", "DRYRUN", "user", "GET", "key"},
                                                                      {"CLIENT", "SETNAME", "x"},
                                                                      {"COMMAND", "INFO", "XADD"},
                                                                      {"EVAL", "return 1", "0"},
                                                                      {"XREAD", "STREAMS"},
                                                                      {"EXEC"},
                                                                      {}}) {
    CHECK(route(words).kind == Kind::any_node);
  }
  CHECK(route({"PUBSUB", "NUMSUB", "a"}).kind == Kind::every_node);
  CHECK(route({"pubsub", "channels"}).kind == Kind::every_node);
  CHECK(route({"PUBSUB", "NUMPAT"}).kind == Kind::every_node);
  CHECK(route({"PUBSUB", "SHARDNUMSUB", "a"}).kind == Kind::primaries);
  CHECK(route({"PUBSUB", "shardchannels"}).kind == Kind::primaries);
  CHECK(route({"CLIENT", "LIST"}).kind == Kind::every_node);
  CHECK(route({"MULTI"}).kind == Kind::transaction);
}

TEST_CASE("routing: answers of several nodes become one") {
  const Reply sums = join_replies({counts({{"a", 1}, {"b", 2}}), counts({{"b", 5}, {"a", 0}}), counts({{"a", 3}, {"b", 0}})});
  REQUIRE(sums.elements.size() == 4);
  CHECK(sums.elements[0].text == "a");
  CHECK(sums.elements[1].integer == 4);
  CHECK(sums.elements[3].integer == 7);

  const Reply names = join_replies({texts({}), texts({"a", "b"}), texts({"b", "c"})});
  REQUIRE(names.elements.size() == 3);
  CHECK(names.elements[2].text == "c");

  Reply one;
  one.type = Reply::Type::integer;
  one.integer = 2;
  CHECK(join_replies({one, one}).integer == 4);

  Reply text;
  text.type = Reply::Type::text;
  text.text = "line\n";
  CHECK(join_replies({text, text}).text == "line\nline\n");
  CHECK(join_replies({}).type == Reply::Type::nil);
}

TEST_CASE("routing: answers that do not fit one another do no harm") {
  Reply one;
  one.type = Reply::Type::integer;
  one.integer = INT64_MAX;
  CHECK_NOTHROW(static_cast<void>(join_replies({one, one, texts({"a"}), counts({{"a", 1}})})));
  CHECK_NOTHROW(
      static_cast<void>(join_replies({counts({{"a", INT64_MAX}}), counts({{"a", INT64_MAX}}), one, texts({"a", "b", "c"})})));
}

}  // namespace routing_test
