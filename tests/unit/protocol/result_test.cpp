#include <socketio/common/result.hpp>

#include <memory>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <socketio/common/error.hpp>

namespace result_test {

using socketio::DecodeError;
using socketio::Errc;
using socketio::Result;

TEST_CASE("result: holds a value, which can be moved out") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  REQUIRE(result.ok());
  CHECK(**result.operator->() == 7);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 7);
}

TEST_CASE("result: holds an error with its place") {
  const Result<int> result(DecodeError{Errc::too_deep, 42});
  REQUIRE_FALSE(result.ok());
  CHECK_FALSE(static_cast<bool>(result));
  CHECK(result.error().code == Errc::too_deep);
  CHECK(result.error().offset_bytes == 42);
}

TEST_CASE("result: of nothing is good unless told otherwise") {
  CHECK(Result<void>().ok());
  CHECK_FALSE(Result<void>(DecodeError{Errc::truncated, 0}).ok());
}

TEST_CASE("result: every code has its own phrase") {
  std::set<std::string> phrases;
  constexpr int count = static_cast<int>(Errc::bad_utf8) + 1;
  for (int code = 0; code < count; ++code) {
    phrases.insert(socketio::describe(static_cast<Errc>(code)));
  }
  CHECK(phrases.size() == count);
  CHECK_FALSE(phrases.contains("unknown error"));
}

TEST_CASE("error: carries a stable code and a sentence") {
  const socketio::Error error(socketio::ErrorCode::reserved_event, "Choose another name.");
  CHECK(error.code() == socketio::ErrorCode::reserved_event);
  CHECK(std::string(error.what()) == "Choose another name.");
}

}  // namespace result_test
