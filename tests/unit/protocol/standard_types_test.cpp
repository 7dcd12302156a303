#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/value.hpp>

namespace standard_types_test {

using socketio::Buffer;
using socketio::Json;
using socketio::Value;

namespace {

struct Order {
  std::string dish;
  std::list<std::string> notes;
  std::map<std::string, std::deque<int>> tables;
  std::optional<std::pair<int, double>> price;
  std::vector<unsigned char> picture;
  std::unique_ptr<int> guest;
  std::vector<bool> flags;
  char code[4] = {};
  MSGPACK_DEFINE_MAP(dish, notes, tables, price, picture, guest, flags, code)
};

template <typename T>
Buffer packed(const T& value) {
  Buffer out;
  socketio::arguments::pack_one(out, value);
  return out;
}

template <typename T>
std::string json(const T& value) {
  return Value(packed(value).bytes()).json();
}

/// The value, packed, read as its own type, and packed again: as JSON.
template <typename T>
std::string there_and_back(const T& value) {
  const Buffer bytes = packed(value);
  const auto read = Value(bytes.bytes()).as<T>();
  return read ? json(*read) : "does not fit";
}

template <typename T>
std::string read(std::string_view text) {
  const Buffer bytes = packed(Json{text});
  const auto value = Value(bytes.bytes()).as<T>();
  return value ? json(*value) : "does not fit";
}

}  // namespace

TEST_CASE("standard types: each container of the standard library is packed, and read again") {
  CHECK(there_and_back(std::vector<int>{3, 1, 2}) == "[3,1,2]");
  CHECK(there_and_back(std::vector<bool>{true, false}) == "[true,false]");
  CHECK(there_and_back(std::list<std::string>{"a", "b"}) == R"(["a","b"])");
  CHECK(there_and_back(std::deque<double>{0.5, 2}) == "[0.5,2]");
  CHECK(there_and_back(std::forward_list<int>{1, 2, 3}) == "[1,2,3]");
  CHECK(there_and_back(std::array<int, 2>{1, 2}) == "[1,2]");
  CHECK(there_and_back(std::set<int>{3, 1, 2}) == "[1,2,3]");
  CHECK(there_and_back(std::multiset<int>{2, 1, 2}) == "[1,2,2]");
  CHECK(there_and_back(std::unordered_set<int>{7}) == "[7]");
  CHECK(there_and_back(std::unordered_multiset<int>{7, 7}) == "[7,7]");
  CHECK(there_and_back(std::map<std::string, int>{{"a", 1}, {"b", 2}}) == R"({"a":1,"b":2})");
  CHECK(there_and_back(std::unordered_map<std::string, std::vector<int>>{{"a", {1}}}) == R"({"a":[1]})");
  CHECK(json(std::multimap<std::string, int>{{"a", 1}}) == R"({"a":1})");
  CHECK(json(std::unordered_multimap<std::string, int>{{"a", 1}}) == R"({"a":1})");
  CHECK(there_and_back(std::pair(1, std::string("x"))) == R"([1,"x"])");
  CHECK(there_and_back(std::tuple(1, 0.5, std::string("x"))) == R"([1,0.5,"x"])");
}

TEST_CASE("standard types: optionals and pointers are the value or null") {
  CHECK(json(std::vector<std::optional<int>>{{}, 1}) == "[null,1]");
  CHECK(there_and_back(std::vector<std::optional<int>>{{}, 1}) == "[null,1]");
  CHECK(json(std::make_unique<int>(1)) == "1");
  CHECK(there_and_back(std::vector<std::shared_ptr<int>>{nullptr, std::make_shared<int>(2)}) == "[null,2]");
  int number = 3;
  CHECK(json(std::vector{std::ref(number)}) == "[3]");
}

TEST_CASE("standard types: contiguous bytes are binary, and are read from binary or text") {
  constexpr std::string_view buffer = R"({"type":"Buffer","data":[97,98]})";
  std::vector<unsigned char> bytes{97, 98};
  CHECK(there_and_back(bytes) == buffer);
  CHECK(there_and_back(std::vector<char>{'a', 'b'}) == buffer);
  CHECK(there_and_back(std::vector<std::byte>{std::byte{97}, std::byte{98}}) == buffer);
  CHECK(there_and_back(std::array<char, 2>{'a', 'b'}) == buffer);
  CHECK(json(std::span<unsigned char>(bytes)) == buffer);
  CHECK(there_and_back(std::span<const unsigned char>(bytes)) == buffer);
  CHECK(read<std::vector<char>>(R"("ab")") == buffer);
  CHECK(read<std::array<char, 1>>(R"("ab")") == "does not fit");
  CHECK(there_and_back(std::list<unsigned char>{97, 98}) == "[97,98]");
}

TEST_CASE("standard types: what does not fit is not read") {
  CHECK(read<std::vector<int>>("{}") == "does not fit");
  CHECK(read<std::vector<int>>("null") == "does not fit");
  CHECK(read<std::vector<int>>(R"([1,"x"])") == "does not fit");
  CHECK(read<std::list<unsigned char>>("[300]") == "does not fit");
  CHECK(read<std::map<std::string, int>>("[1]") == "does not fit");
  CHECK(read<std::map<std::string, int>>(R"({"a":"x"})") == "does not fit");
  CHECK(read<std::pair<int, int>>("[1]") == "does not fit");
  CHECK(read<std::pair<int, int>>("[1,2,3]") == "does not fit");
  CHECK(read<std::array<int, 1>>("[1,2]") == "does not fit");
  CHECK(read<std::array<int, 2>>("[1]") == "[1,0]");
  CHECK(read<std::tuple<int, int>>("[1,2,3]") == "[1,2]");
  CHECK(read<std::tuple<int, int>>("[1]") == "[1,0]");
}

TEST_CASE("standard types: a struct may have members of all of them") {
  Order order;
  order.dish = "soup";
  order.notes = {"hot"};
  order.tables["left"] = {1, 2};
  order.price = {4, 0.5};
  order.picture = {1};
  order.guest = std::make_unique<int>(5);
  order.flags = {true};
  order.code[0] = 'x';
  const Buffer bytes = packed(order);
  Order read;
  REQUIRE(socketio::value::convert(bytes.bytes(), read));
  CHECK(json(read) == json(order));
  CHECK(json(order) == R"({"dish":"soup","notes":["hot"],"tables":{"left":[1,2]},"price":[4,0.5],)"
                       R"("picture":{"type":"Buffer","data":[1]},"guest":5,"flags":[true],"code":"x"})");
}

}  // namespace standard_types_test
