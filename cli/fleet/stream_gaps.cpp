#include "stream_gaps.hpp"

#include <algorithm>
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

void StreamGaps::begin(StreamPosition position, const std::optional<StreamInfo>& info, std::size_t read_max) {
  position_ = position;
  read_max_ = std::max<std::size_t>(read_max, 1);
  if (info) {
    base_ = info->newest;
    base_number_ = info->added;
    was_there_ = position != StreamPosition{} && position <= info->newest && (!info->oldest || position >= *info->oldest);
  }
  if (position_ == base_) {
    number_ = base_number_;
  }
}

bool StreamGaps::take(std::vector<StreamPosition> entries) {
  before_ = position_;
  for (const StreamPosition& entry : entries) {
    if (number_) {
      ++*number_;
    } else if (base_number_ && entry >= base_) {
      number_ = *base_number_ + (entry == base_ ? 0 : 1);
    }
  }
  position_ = entries.back();
  last_ = std::move(entries);
  before_was_there_ = std::exchange(was_there_, true);
  return (before_was_there_ || (number_ && *number_ >= last_.size())) && last_.size() >= read_max_;
}

std::optional<StreamGaps::Gap> StreamGaps::look(const StreamInfo& info) {
  if (last_.empty() || (info.oldest && *info.oldest <= before_)) {
    return std::nullopt;
  }
  if (!info.added || !number_ || *number_ < last_.size()) {
    return before_was_there_ ? std::optional(Gap{}) : std::nullopt;
  }
  const StreamPosition oldest = info.oldest.value_or(StreamPosition{info.newest.first, info.newest.second + 1});
  const auto gone = static_cast<std::uint64_t>(std::lower_bound(last_.begin(), last_.end(), oldest) - last_.begin());
  const std::uint64_t removed = *info.added - std::min(*info.added, info.length);
  const std::uint64_t known = *number_ - last_.size() + gone;  // read, and trimmed since
  if (removed <= known) {
    return std::nullopt;
  }
  *number_ += removed - known;
  return Gap{removed - known};
}

}  // namespace socketio::cli::fleet
