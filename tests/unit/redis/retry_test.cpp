#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

#include "retry.hpp"
#include "state_machine_fixture.hpp"

namespace retry_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

Options some_options() {
  Options options;
  options.backoff_min = std::chrono::milliseconds(100);
  options.backoff_max = std::chrono::milliseconds(1'000);
  options.resume_wait_max = std::chrono::milliseconds(500);
  return options;
}

}  // namespace

TEST_CASE("retry: delays double up to the maximum, and start again after a success") {
  const Options options = some_options();
  SameBytes random;
  Retry retry(options);

  for (const std::uint64_t expected : {100U, 200U, 400U, 800U, 1'000U, 1'000U}) {
    retry.on_lost(0, false);
    CHECK(retry.next_delay_ms(random) == expected);
  }
  retry.start_again();
  CHECK(retry.next_delay_ms(random) == 100);
}

TEST_CASE("retry: a delay is shortened randomly, at most by a half") {
  SameBytes random;
  for (unsigned value = 0; value < 256; ++value) {
    random.value = static_cast<std::uint8_t>(value);
    const std::uint64_t delay_ms = backoff_ms(100, 1'000, 2, random);
    CHECK(delay_ms >= 200);
    CHECK(delay_ms <= 400);
  }
}

TEST_CASE("retry: a large number of failures does not overflow the delay") {
  SameBytes random;
  CHECK(backoff_ms(100, 1'000, 4'000'000'000U, random) == 1'000);
}

TEST_CASE("retry: the loss of a connection that was ready for long is followed by an attempt at once") {
  const Options options = some_options();
  SameBytes random;
  Retry retry(options);
  retry.on_ready(0);
  CHECK_FALSE(retry.is_away());

  retry.on_lost(1'001, true);

  CHECK(retry.is_away());
  CHECK(retry.next_delay_ms(random) == 0);
  CHECK(retry.next_delay_ms(random) == 100);
}

TEST_CASE("retry: the loss of a connection that was ready for a short time counts as a failure") {
  const Options options = some_options();
  SameBytes random;
  Retry retry(options);
  CHECK(retry.next_delay_ms(random) == 100);
  retry.on_ready(0);

  retry.on_lost(1'000, true);

  CHECK(retry.next_delay_ms(random) == 200);
}

TEST_CASE("retry: publishes wait twice as long as the connection was away, up to the maximum") {
  const Options options = some_options();
  Retry retry(options);
  CHECK(retry.on_logged_in(10) == 0);
  CHECK_FALSE(retry.is_resuming(10));

  retry.on_ready(10);
  retry.on_lost(100, true);
  CHECK(retry.on_logged_in(150) == 100);
  CHECK(retry.is_resuming(249));
  CHECK_FALSE(retry.is_resuming(250));

  retry.on_ready(150);
  retry.on_lost(1'000, true);
  retry.on_lost(9'000, false);
  CHECK(retry.on_logged_in(9'500) == 500);
}

TEST_CASE("retry: a loss while publishes still wait does not shorten their wait") {
  const Options options = some_options();
  Retry retry(options);
  retry.on_ready(10);
  retry.on_lost(100, true);
  CHECK(retry.on_logged_in(200) == 200);
  retry.on_ready(200);

  retry.on_lost(210, true);

  CHECK(retry.on_logged_in(220) == 240);  // away since 100
}

TEST_CASE("retry: with resume_when the wait is the maximum, since that function ends it") {
  Options options = some_options();
  options.resume_when = [](std::uint64_t) { return false; };
  CHECK(resume_wait_ms(options, 1) == 500);
}

}  // namespace retry_test
