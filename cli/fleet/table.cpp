#include "table.hpp"

#include "common/text.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr std::size_t gap = 2;

}  // namespace

std::string Table::text() const {
  if (rows_.empty()) {
    return {};
  }
  std::vector<std::size_t> widths;
  for (std::size_t index = 0; index < columns_.size(); ++index) {
    std::size_t width = text::width(columns_[index].title);
    for (const auto& row : rows_) {
      width = std::max(width, text::width(row[index]));
    }
    widths.push_back(width);
  }
  std::string result;
  const auto append_row = [&](const auto& cell_of) {
    std::size_t owed = 0;  // blanks, written only before the next cell, so that no line ends with one
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      const std::string_view cell = cell_of(index);
      const std::size_t blanks = widths[index] - text::width(cell);
      const bool right = columns_[index].align == Align::right;
      owed += right ? blanks : 0;
      if (!cell.empty()) {
        result.append(std::exchange(owed, 0), ' ');
        result += cell;
      }
      owed += (right ? 0 : blanks) + gap;
    }
    result += '\n';
  };
  append_row([this](std::size_t index) { return columns_[index].title; });
  for (const auto& row : rows_) {
    append_row([&row](std::size_t index) { return std::string_view(row[index]); });
  }
  return result;
}

}  // namespace socketio::cli::fleet
