#include <socketio/emitter/output_limits.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <utility>

namespace socketio::emitter {
namespace {

/// Bytes that Redis buffers for a message besides its channel and payload.
constexpr std::uint64_t message_overhead_bytes = 1024;

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::string_view word = take_word(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

OutputLimits output_limits_in(std::string_view setting) {
  OutputLimits limits;
  while (!setting.empty()) {
    const std::string_view name = take_word(setting);
    const auto hard = take_number(setting);
    const auto soft = take_number(setting);
    const auto seconds = take_number(setting);
    if (!hard || !soft || !seconds) {
      break;
    }
    const OutputLimit limit{*hard, *soft, std::chrono::seconds(*seconds)};
    if (name == "pubsub") {
      limits.subscribers = limit;
    } else if (name == "normal") {
      limits.stream_readers = limit;
    }
  }
  return limits;
}

void ask_output_limits(redis::Client& client, std::function<void(const OutputLimits&)> done) {
  constexpr std::array<std::string_view, 3> words{"CONFIG", "GET", "client-output-buffer-limit"};
  client.command(words, [done = std::move(done)](const redis::CommandResult& result) {
    const auto& elements = result.reply.elements;
    done(result.outcome == redis::Outcome::ok && elements.size() == 2 ? output_limits_in(elements[1].text) : OutputLimits{});
  });
}

/// Rounds up to a block of Redis' allocator, which has four sizes per power of two, because the whole block counts: 30,000,000
/// bytes take 33,554,432, which is the default limit.
std::uint64_t kept_bytes(std::size_t payload_bytes, std::size_t channel_bytes) {
  const std::uint64_t bytes = payload_bytes + 2 * channel_bytes + message_overhead_bytes;
  const std::uint64_t step = std::bit_floor(std::max<std::uint64_t>(bytes - 1, small_message_bytes)) / 4;
  return (bytes + step - 1) / step * step;
}

}  // namespace socketio::emitter
