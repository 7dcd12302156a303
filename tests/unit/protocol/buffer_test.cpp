#include <socketio/common/buffer.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace buffer_test {

using socketio::Buffer;

TEST_CASE("buffer: what is appended in pieces reads as one run") {
  Buffer buffer;
  buffer.push_back('a');
  buffer.append(std::string_view("bcd"));
  buffer.write("ef", 2);
  std::uint8_t* const room = buffer.reserve(2);
  room[0] = 'g';
  buffer.commit(1);
  CHECK(buffer.text() == "abcdefg");
  CHECK(buffer.bytes_from(5).size() == 2);
}

TEST_CASE("buffer: appending nothing is fine, also from nowhere") {
  Buffer buffer;
  buffer.append(nullptr, 0);
  buffer.append(std::string_view());
  CHECK(buffer.empty());
}

TEST_CASE("buffer: growing keeps the content") {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    buffer.push_back(static_cast<std::uint8_t>(i));
    expected += static_cast<char>(i);
  }
  CHECK(buffer.text() == expected);
  CHECK(buffer.capacity() >= 5000);
}

TEST_CASE("buffer: clearing keeps the memory, shrinking gives it back") {
  Buffer buffer;
  buffer.append(std::string(1000, 'x'));
  const std::size_t capacity = buffer.capacity();
  buffer.clear();
  CHECK(buffer.capacity() == capacity);
  buffer.clear_and_shrink(capacity);
  CHECK(buffer.capacity() == capacity);
  buffer.clear_and_shrink(capacity - 1);
  CHECK(buffer.capacity() == 0);
  buffer.append(std::string_view("again"));
  CHECK(buffer.text() == "again");
}

TEST_CASE("buffer: a gap moves up what stood there") {
  Buffer buffer;
  buffer.append(std::string_view("abcdef"));
  buffer.insert_gap(2, 3);
  REQUIRE(buffer.size() == 9);
  CHECK(buffer.text().substr(0, 2) == "ab");
  CHECK(buffer.text().substr(5) == "cdef");
}

TEST_CASE("buffer: the front is dropped and the end is cut") {
  Buffer buffer;
  buffer.append(std::string_view("abcdef"));
  buffer.discard_front(2);
  buffer.truncate(3);
  CHECK(buffer.text() == "cde");
  buffer.discard_front(3);
  CHECK(buffer.empty());
}

TEST_CASE("buffer: moving takes the content along") {
  Buffer from;
  from.append(std::string_view("content"));
  Buffer constructed(std::move(from));
  CHECK(constructed.text() == "content");
  Buffer assigned;
  assigned = std::move(constructed);
  CHECK(assigned.text() == "content");
}

TEST_CASE("buffer: an impossible size throws instead of wrapping around") {
  Buffer buffer;
  buffer.push_back('a');
  CHECK_THROWS_AS(static_cast<void>(buffer.reserve(static_cast<std::size_t>(-1))), std::bad_alloc);
  CHECK(buffer.text() == "a");
}

}  // namespace buffer_test
