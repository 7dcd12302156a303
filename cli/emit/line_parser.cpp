#include "line_parser.hpp"

#include <socketio/protocol/utf8.hpp>

#include "common/text.hpp"

namespace socketio::cli {

bool LineParser::refuse(std::string problem) {
  problem_ = std::move(problem);
  return false;
}

bool LineParser::refuse_at(std::string_view line, std::size_t offset_bytes, std::string problem) {
  return refuse(std::move(problem) + " at column " + std::to_string(text::column(line, offset_bytes)));
}

TextLineParser::TextLineParser(const Options& options) {
  operation_.kind = options.op;
  operation_.target = options.target();
  pack::array_header(operation_.data, 2);
  pack::text(operation_.data, options.event.value_or(""));
  event_size_ = operation_.data.size();
}

bool TextLineParser::parse(std::string_view line) {
  ends_early_ = false;
  if (const std::size_t good = utf8::valid_prefix(line); good != line.size()) {
    return refuse_at(line, good, "a byte that is not UTF-8");
  }
  operation_.data.truncate(event_size_);
  pack::text(operation_.data, line);
  return true;
}

}  // namespace socketio::cli
