#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <socketio/common/error.hpp>

#include "common/values.hpp"
#include "emit/output_limits.hpp"

namespace output_limits_test {

using namespace socketio;
using namespace socketio::cli;

namespace {

constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;

OwnedOperation event(std::size_t bytes) {
  OwnedOperation operation;
  operation.target.nsp = "/";
  const std::vector<std::string> arguments{std::string(bytes, 'y')};
  values::pack_event(operation.data, "x", arguments, true);
  return operation;
}

OutputLimits limit(std::uint64_t bytes) { return emitter::output_limits_in("pubsub " + std::to_string(bytes) + " 0 0"); }

bool is_refused(const OwnedOperation& operation, const OutputLimits& limits) {
  try {
    MessageSizes(Options()).of(operation, limits);
    return false;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::too_large);
    return true;
  }
}

}  // namespace

TEST_CASE("message sizes: a message counts as Redis' allocator keeps it") {
  CHECK(is_refused(event(30'000'000), limit(32 * megabyte)));  // takes 32 MB
  CHECK_FALSE(is_refused(event(29'000'000), limit(32 * megabyte)));
  CHECK(is_refused(event(700'000), limit(512'000)));
  CHECK_FALSE(is_refused(event(300'000), limit(512'000)));
  CHECK(is_refused(event(60'000), limit(50'000)));
  CHECK_FALSE(is_refused(event(60'000'000), limit(0)));
}

TEST_CASE("message sizes: names of rooms count as arguments do") {
  OwnedOperation to = event(1);
  OwnedOperation except = event(1);
  OwnedOperation join;
  join.kind = Op::join;
  join.target.nsp = "/";
  for (int number = 0; number < 1'000; ++number) {
    const std::string name = std::string(700, 'r') + std::to_string(number);
    to.target.rooms.emplace_back(name);
    except.target.except.emplace_back(name);
    join.rooms.emplace_back(name);
  }
  for (const OwnedOperation* operation : {&to, &except, &join}) {
    CHECK(is_refused(*operation, limit(512'000)));
    CHECK(MessageSizes(Options()).of(*operation, OutputLimits()).subscribers > 700'000);
  }
}

}  // namespace output_limits_test
