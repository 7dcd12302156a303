#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::cli::fleet {

/// A table for people, with columns as wide as their content. Untrusted text must have passed through text::excerpt().
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Adds a row with one cell per column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// The titles and the rows, each with a line feed; nothing when there are no rows.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace socketio::cli::fleet
