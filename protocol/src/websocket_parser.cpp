#include <algorithm>
#include <cstring>

#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/websocket_frame.hpp>

#include "websocket_bits.hpp"
#include "websocket_mask.hpp"

namespace socketio::websocket_frame {
namespace {

constexpr std::uint8_t reserved_bits = 0x30;
constexpr std::size_t kept_bytes_max = 0;  // for an assembly buffer between messages: most connections are idle

/// Size of a client's header, from its second byte. For a frame without mask it is two, which are enough to refuse the frame.
std::size_t masked_header_size(std::uint8_t second) noexcept {
  if ((second & masked_bit) == 0) {
    return 2;
  }
  const unsigned length = second & 0x7f;
  return 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + std::tuple_size_v<Mask>;
}

bool is_opcode(std::uint8_t value) noexcept { return value <= 2 || (value >= 8 && value <= 10); }

/// True for codes that may be sent: the registered ones, and those for libraries and applications.
bool may_be_sent(unsigned code) noexcept {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code <= 4999);
}

/// True if `tail` can still become one character. It is at most three bytes, and no whole character is at its front. Of the
/// second bytes that a lead byte may have, 80 or bf is always one.
bool can_be_completed(std::string_view tail) noexcept {
  for (const char more : {'\x80', '\xbf'}) {
    char text[6] = {more, more, more, more, more, more};
    std::copy(tail.begin(), tail.end(), text);
    if (utf8::valid_prefix({text, tail.size() + 3}) > 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

Status Parser::next(std::span<std::uint8_t>& input, Message& message) {
  if (lent_) {
    release();
  }
  while (failure_ == CloseCode::none && !closed_) {
    const bool in_frame = in_frame_ || take_header(input);
    if (in_frame && (!input.empty() || frame_left_ == 0)) {
      if (take_payload(input, message)) {
        return Status::message;
      }
    } else if (failure_ == CloseCode::none) {
      return Status::more;  // all input was read
    }
  }
  input = input.last(0);
  return closed_ ? Status::more : Status::failed;
}

/// Reads a header. Returns false when it is incomplete or invalid.
bool Parser::take_header(std::span<std::uint8_t>& input) {
  if (header_size_ == 0 && input.size() >= 2) {  // the usual case: the whole header is in the input
    const std::size_t size = masked_header_size(input[1]);
    if (size <= input.size()) {
      const std::uint8_t* const header = input.data();
      input = input.subspan(size);
      return begin_frame(header);
    }
  }
  while (!input.empty()) {
    header_[header_size_++] = input.front();
    input = input.subspan(1);
    if (header_size_ >= 2 && header_size_ == masked_header_size(header_[1])) {
      header_size_ = 0;
      return begin_frame(header_.data());
    }
  }
  return false;
}

bool Parser::begin_frame(const std::uint8_t* header) {
  const std::uint8_t first = header[0];
  const unsigned short_length = header[1] & 0x7f;
  if ((first & reserved_bits) != 0 || !is_opcode(first & 0x0f) || (header[1] & masked_bit) == 0) {
    return fail(CloseCode::protocol_error);
  }
  opcode_ = static_cast<Opcode>(first & 0x0f);
  final_ = (first & final_bit) != 0;
  frame_size_ = short_length;
  const std::uint8_t* at = header + 2;
  if (short_length >= 126) {
    frame_size_ = 0;
    for (int i = short_length == 126 ? 2 : 8; i > 0; --i) {
      frame_size_ = frame_size_ << 8 | *at++;
    }
  }
  std::copy(at, at + mask_.size(), mask_.begin());
  frame_left_ = frame_size_;
  in_frame_ = true;
  const bool compressed = (first & compressed_bit) != 0;
  if (in_control_frame()) {
    return (final_ && !compressed && short_length <= control_bytes_max) || fail(CloseCode::protocol_error);
  }
  return begin_data_frame(compressed);
}

bool Parser::begin_data_frame(bool compressed) {
  const bool first = opcode_ != Opcode::continuation;
  if (first == in_message_ || (compressed && !(first && options_.compression)) || frame_size_ >> 63 != 0) {
    return fail(CloseCode::protocol_error);
  }
  if (frame_size_ > options_.message_bytes_max - message_size_) {
    return fail(CloseCode::too_large);
  }
  if (first) {
    message_opcode_ = opcode_;
    compressed_ = compressed;
  }
  return true;
}

/// Reads payload. Returns true when that completed a message.
bool Parser::take_payload(std::span<std::uint8_t>& input, Message& message) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, input.size()));
  const std::span<std::uint8_t> part = input.first(size);
  input = input.subspan(size);
  const bool whole = size == frame_size_;
  if (whole && final_ && (in_control_frame() || !in_message_)) {
    apply_mask(part.data(), part.data(), size, mask_, 0);
    in_frame_ = false;
    return finish_frame(part, message);
  }
  if (!append_payload(part) || frame_left_ > 0) {
    return false;
  }
  in_frame_ = false;
  if (!final_) {
    in_message_ = true;
    return false;
  }
  lent_ = true;
  return finish_frame(in_control_frame() ? assembly_.bytes_from(message_size_) : assembly_.bytes(), message);
}

bool Parser::append_payload(std::span<std::uint8_t> part) {
  apply_mask(assembly_.reserve(part.size()), part.data(), part.size(), mask_, frame_size_ - frame_left_);
  assembly_.commit(part.size());
  frame_left_ -= part.size();
  if (in_control_frame()) {
    return true;
  }
  message_size_ += part.size();
  return message_opcode_ != Opcode::text || compressed_ || check_text();
}

/// Checks the bytes that were added since the last call. The last character may still be incomplete.
bool Parser::check_text() {
  checked_size_ += utf8::valid_prefix(assembly_.text().substr(checked_size_));
  const std::string_view tail = assembly_.text().substr(checked_size_);
  return tail.empty() || (tail.size() < 4 && can_be_completed(tail)) || fail(CloseCode::bad_utf8);
}

/// Completes a control frame, or a whole message, with this payload.
bool Parser::finish_frame(Bytes payload, Message& message) {
  if (opcode_ == Opcode::close) {
    return finish_close(payload, message);
  }
  if (in_control_frame()) {
    message = {opcode_, false, payload, CloseCode::none};
    return true;
  }
  const bool text = message_opcode_ == Opcode::text && !compressed_;
  if (text && (lent_ ? checked_size_ != payload.size() : !utf8::valid(as_text(payload)))) {
    return fail(CloseCode::bad_utf8);
  }
  in_message_ = false;
  message = {message_opcode_, compressed_, payload, CloseCode::none};
  return true;
}

bool Parser::finish_close(Bytes payload, Message& message) {
  message = {Opcode::close, false, {}, CloseCode::none};
  if (payload.size() == 1) {
    return fail(CloseCode::protocol_error);
  }
  if (payload.size() >= 2) {
    const unsigned code = static_cast<unsigned>(payload[0]) << 8 | payload[1];
    if (!may_be_sent(code)) {
      return fail(CloseCode::protocol_error);
    }
    message.code = static_cast<CloseCode>(code);
    message.payload = payload.subspan(2);
    if (!utf8::valid(message.text())) {
      return fail(CloseCode::bad_utf8);
    }
  }
  closed_ = true;
  return true;
}

/// Frees the bytes of the last message. If that was a control frame inside a fragmented message, the fragments stay.
void Parser::release() {
  lent_ = false;
  if (in_message_) {
    assembly_.truncate(message_size_);
    return;
  }
  assembly_.clear_and_shrink(kept_bytes_max);
  message_size_ = 0;
  checked_size_ = 0;
}

bool Parser::fail(CloseCode code) noexcept {
  failure_ = code;
  in_frame_ = false;
  return false;
}

}  // namespace socketio::websocket_frame
