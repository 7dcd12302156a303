#include "position.hpp"

#include <algorithm>
#include <iterator>

namespace socketio::cli::line_ranges {

void add(std::vector<LineRange>& ranges, std::uint64_t line) {
  const auto is_before = [line](const LineRange& range) { return range.first <= line; };
  const auto next = std::find_if(ranges.rbegin(), ranges.rend(), is_before).base();
  if (next != ranges.begin() && std::prev(next)->last + 1 >= line) {
    LineRange& before = *std::prev(next);
    before.last = std::max(before.last, line);
    if (next != ranges.end() && next->first == before.last + 1) {
      before.last = next->last;
      ranges.erase(next);
    }
  } else if (next != ranges.end() && next->first == line + 1) {
    next->first = line;
  } else {
    ranges.insert(next, {line, line});
  }
}

void remove(std::vector<LineRange>& ranges, std::uint64_t line) {
  const auto place = std::find_if(ranges.begin(), ranges.end(), [line](const LineRange& range) { return line <= range.last; });
  if (place == ranges.end() || line < place->first) {
    return;
  }
  const LineRange range = *place;
  auto next = ranges.erase(place);
  if (line < range.last) {
    next = ranges.insert(next, {line + 1, range.last});
  }
  if (line > range.first) {
    ranges.insert(next, {range.first, line - 1});
  }
}

bool contain(const std::vector<LineRange>& ranges, std::uint64_t line) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [line](const LineRange& range) { return line >= range.first && line <= range.last; });
}

std::string text(const std::vector<LineRange>& ranges) {
  constexpr std::size_t shown_max = 8;
  const bool is_one = ranges.size() == 1 && ranges[0].first == ranges[0].last;
  std::string text = is_one ? "line " : "lines ";
  const std::size_t shown = std::min(ranges.size(), shown_max);
  for (std::size_t index = 0; index < shown; ++index) {
    const LineRange& range = ranges[index];
    text += index == 0 ? "" : index + 1 == shown && shown == ranges.size() ? " and " : ", ";
    text += std::to_string(range.first) + (range.first == range.last ? "" : " to " + std::to_string(range.last));
  }
  return text + (shown == ranges.size() ? "" : " and others up to " + std::to_string(ranges.back().last));
}

}  // namespace socketio::cli::line_ranges
