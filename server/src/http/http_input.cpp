#include "http_input.hpp"

#include <algorithm>

namespace socketio::server {
namespace {

/// Limit up to which the rest of an unwanted body is read and skipped, to keep the connection; with more, the connection is
/// closed.
constexpr std::uint64_t skipped_body_bytes_max = 64 * 1024;

}  // namespace

void RequestInput::begin(Bytes received) {
  if (kept_.empty()) {
    unparsed_ = received;
  } else {
    kept_.append(received);
    unparsed_ = kept_.bytes();
  }
}

void RequestInput::keep() {
  if (kept_.empty()) {
    kept_.append(unparsed_);
  } else {
    kept_.discard_front(kept_.size() - unparsed_.size());
  }
  unparsed_ = {};
  if (kept_.empty()) {
    kept_.clear_and_shrink(0);
  }
}

RequestInput::Head RequestInput::scan(std::size_t bytes_max) {
  if (scanner_.size() == 0) {
    const auto begin =
        std::find_if(unparsed_.begin(), unparsed_.end(), [](std::uint8_t byte) { return byte != '\r' && byte != '\n'; });
    unparsed_ = unparsed_.subspan(static_cast<std::size_t>(begin - unparsed_.begin()));
  }
  switch (scanner_.scan(unparsed_.first(std::min(unparsed_.size(), bytes_max)))) {
    case HeadScanner::Status::complete: return Head::complete;
    case HeadScanner::Status::malformed: return Head::malformed;
    case HeadScanner::Status::incomplete: break;
  }
  if (unparsed_.size() < bytes_max) {
    return Head::incomplete;
  }
  return scanner_.in_request_line() ? Head::line_too_long : Head::too_large;
}

RequestParser::Head RequestInput::parse(std::size_t headers_max, HttpRequest& request) {
  before_head_ = unparsed_;
  const Bytes head = unparsed_.first(scanner_.size());
  unparsed_ = unparsed_.subspan(head.size());
  scanner_.restart();
  return parser_.parse_head(head, headers_max, request);
}

RequestParser::Body RequestInput::take_body(bool wanted) {
  const std::uint64_t bytes_max = wanted ? body_bytes_max_ : parser_.body_bytes() + skipped_body_bytes_max;
  std::size_t used = 0;
  const auto status = parser_.parse_body(unparsed_, bytes_max, wanted ? &body_ : nullptr, used);
  unparsed_ = unparsed_.subspan(used);
  return status;
}

bool RequestInput::may_skip_body() const noexcept {
  return !parser_.chunked() && parser_.content_length() - parser_.body_bytes() <= skipped_body_bytes_max;
}

}  // namespace socketio::server
