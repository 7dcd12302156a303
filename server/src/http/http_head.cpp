#include "http_head.hpp"

#include <algorithm>
#include <string_view>

namespace socketio::server {
namespace {

bool good_request_line(std::string_view line) {
  constexpr std::size_t version_size = 9;  // " HTTP/1.1"
  return line.size() > version_size && (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0")) &&
         std::count(line.begin(), line.end(), ' ') == 2 && line.find('\t') == std::string_view::npos;
}

bool good_header_line(std::string_view line) {
  const std::size_t end = line.find_first_of(": \t");
  return end != std::string_view::npos && end != 0 && line[end] == ':';
}

bool forbidden(std::uint8_t byte) { return (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7f; }

}  // namespace

HeadScanner::Status HeadScanner::scan(Bytes bytes) noexcept {
  if (!bytes.empty() && (bytes[0] < 'A' || bytes[0] > 'Z')) {
    return Status::malformed;  // methods begin with a capital letter
  }
  const std::string_view text = as_text(bytes);
  while (position_ < bytes.size()) {
    const std::uint8_t byte = bytes[position_++];
    if (forbidden(byte) || after_cr_ != (byte == '\n')) {
      return Status::malformed;
    }
    after_cr_ = byte == '\r';
    if (byte != '\n') {
      continue;
    }
    const std::string_view line = text.substr(line_, position_ - 2 - line_);
    if (line.empty()) {
      return Status::complete;
    }
    if (!(line_ == 0 ? good_request_line(line) : good_header_line(line))) {
      return Status::malformed;
    }
    line_ = position_;
  }
  return Status::incomplete;
}

}  // namespace socketio::server
