#include <socketio/protocol/engineio_revision3.hpp>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/utf8.hpp>

#include "engineio_text.hpp"

namespace socketio::engineio_revision3 {
namespace {

constexpr std::uint8_t message_type = 4;
constexpr std::uint8_t end_of_length = 0xff;

void append_text_frame(Buffer& out, const Packet& packet) {
  const std::size_t size = packet.binary ? 2 + (packet.data.size() + 2) / 3 * 4 : 1 + utf8::utf16_length(packet.text());
  js_number::append(out, std::uint64_t{size});
  out.push_back(':');
  engineio_revision3::encode(out, packet);
}

void append_binary_frame(Buffer& out, const Packet& packet) {
  out.push_back(packet.binary ? 1 : 0);
  const std::size_t digits = out.size();
  js_number::append(out, std::uint64_t{1 + packet.data.size()});
  for (std::size_t i = digits; i < out.size(); ++i) {
    out.data()[i] = static_cast<std::uint8_t>(out.data()[i] - '0');
  }
  out.push_back(end_of_length);
  packet.binary ? encode_binary_frame(out, packet.data) : engineio_revision3::encode(out, packet);
}

/// Sets `size` to the number of bytes of the first `units` UTF-16 units of valid UTF-8. Returns false when the text has fewer
/// units, or a character extends over the end; `size` is then the position where it stopped.
bool bytes_of_units(std::string_view text, std::size_t units, std::size_t& size) noexcept {
  size = 0;
  while (units > 0 && size < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[size]);
    const std::size_t wide = lead >= 0xf0 ? 2 : 1;
    if (units < wide) {
      return false;
    }
    units -= wide;
    size += lead < 0x80 ? 1U : lead < 0xe0 ? 2U : lead < 0xf0 ? 3U : 4U;
  }
  return units == 0;
}

}  // namespace

void encode(Buffer& out, const Packet& packet) {
  if (packet.binary) {
    out.append(std::string_view("b4"));
    base64::encode(out, packet.data);
  } else {
    engineio_text::encode(out, packet);
  }
}

void encode_binary_frame(Buffer& out, Bytes message) {
  out.push_back(message_type);
  out.append(message);
}

Result<Packet> decode(std::string_view text, Buffer& scratch) {
  if (!text.starts_with('b')) {
    return engineio_text::decode(text);
  }
  if (text.size() < 2) {
    return DecodeError{Errc::truncated, 1};
  }
  if (text[1] != '0' + message_type) {
    return DecodeError{Errc::bad_value, 1};
  }
  return engineio_text::decode_binary(text, 2, scratch);
}

Result<Packet> decode_binary_frame(Bytes frame) {
  if (frame.empty()) {
    return DecodeError{Errc::truncated, 0};
  }
  if (frame.front() != message_type) {
    return DecodeError{Errc::bad_value, 0};
  }
  return Packet{Type::message, true, frame.subspan(1)};
}

void encode_payload(Buffer& out, std::span<const Packet> packets, PayloadForm form) {
  for (const Packet& packet : packets) {
    form == PayloadForm::text ? append_text_frame(out, packet) : append_binary_frame(out, packet);
  }
}

bool PayloadReader::fail(Errc code, std::size_t offset_bytes) noexcept {
  failed_ = true;
  error_ = {code, offset_bytes};
  return false;
}

/// Reads a length: decimal digits, of which `zero` is the first, and the byte `end` after them.
bool PayloadReader::length(std::size_t& units, std::uint8_t zero, std::uint8_t end) {
  units = 0;
  const std::size_t first = position_;
  for (; position_ < body_.size(); ++position_) {
    const std::uint8_t byte = body_[position_];
    if (byte == end && position_ != first) {
      ++position_;
      return true;
    }
    if (byte < zero || byte > zero + 9) {
      return fail(Errc::bad_syntax, position_);
    }
    if (units > body_.size()) {  // before it can overflow
      return fail(Errc::truncated, first);
    }
    units = units * 10 + (byte - zero);
  }
  return fail(Errc::truncated, position_);
}

bool PayloadReader::next_text(Frame& frame) {
  std::size_t units = 0;
  if (!length(units, '0', ':')) {
    return false;
  }
  std::size_t size = 0;
  if (!bytes_of_units(as_text(body_.subspan(position_)), units, size)) {
    return fail(size == body_.size() - position_ ? Errc::truncated : Errc::bad_syntax, position_ + size);
  }
  frame = {body_.subspan(position_, size), false};
  return true;
}

bool PayloadReader::next_binary(Frame& frame) {
  const std::uint8_t kind = body_[position_];
  if (kind > 1) {
    return fail(Errc::bad_syntax, position_);
  }
  ++position_;
  std::size_t size = 0;
  if (!length(size, 0, end_of_length)) {
    return false;
  }
  if (size > body_.size() - position_) {
    return fail(Errc::truncated, body_.size());
  }
  frame = {body_.subspan(position_, size), kind == 1};
  return true;
}

bool PayloadReader::next(Packet& packet) {
  if (!started_) {
    started_ = true;
    if (body_.empty()) {
      return fail(Errc::truncated, 0);
    }
    const std::size_t good = form_ == PayloadForm::text ? utf8::valid_prefix(as_text(body_)) : body_.size();
    if (good != body_.size()) {
      return fail(Errc::bad_utf8, good);
    }
  }
  while (!failed_ && position_ < body_.size()) {
    Frame frame;
    if (!(form_ == PayloadForm::text ? next_text(frame) : next_binary(frame))) {
      return false;
    }
    const std::size_t start = position_;
    position_ += frame.bytes.size();
    if (frame.bytes.empty()) {
      continue;
    }
    const auto result = frame.binary ? decode_binary_frame(frame.bytes) : decode(as_text(frame.bytes), scratch_);
    if (!result.ok()) {
      return fail(result.error().code, start + result.error().offset_bytes);
    }
    packet = result.value();
    return true;
  }
  return false;
}

}  // namespace socketio::engineio_revision3
