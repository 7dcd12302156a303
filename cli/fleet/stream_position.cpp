#include "stream_position.hpp"

#include <charconv>
#include <limits>

namespace socketio::cli::fleet {
namespace {

std::optional<std::uint64_t> digits(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<StreamPosition> parse_position(std::string_view text) noexcept {
  const std::size_t dash = text.find('-');
  const auto ms = digits(text.substr(0, dash));
  const auto place = dash == std::string_view::npos ? std::optional<std::uint64_t>(0) : digits(text.substr(dash + 1));
  return ms && place ? std::optional(StreamPosition{*ms, *place}) : std::nullopt;
}

std::string text_of(const StreamPosition& position) {
  return std::to_string(position.first) + "-" + std::to_string(position.second);
}

StreamPosition just_before(const StreamPosition& position) noexcept {
  if (position.second != 0) {
    return {position.first, position.second - 1};
  }
  return position.first == 0 ? position : StreamPosition{position.first - 1, std::numeric_limits<std::uint64_t>::max()};
}

}  // namespace socketio::cli::fleet
