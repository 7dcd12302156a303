#include <socketio/server/frame.hpp>

#include <cassert>
#include <cstring>

#include <socketio/protocol/engineio_revision3.hpp>

#include "websocket_deflate.hpp"

namespace socketio::server {
namespace {

using websocket_frame::Opcode;

std::size_t frame_size(std::size_t payload_size) noexcept { return websocket_frame::header_size(payload_size) + payload_size; }

}  // namespace

Frame::Frame(const Frame& other)
    : websocket_(other.websocket_),
      websocket_size_(other.websocket_size_),
      first_(other.first_),
      more_(other.more_),
      part_count_(other.part_count_),
      type_(other.type_),
      first_is_text_(other.first_is_text_),
      compress_(other.compress_) {}

void Frame::allocate(std::size_t size) { websocket_ = std::make_shared_for_overwrite<std::uint8_t[]>(size); }

/// Appends one WebSocket frame. Returns the position of its payload, without the prefix.
Frame::Extent Frame::put(Opcode opcode, std::string_view prefix, Bytes payload) noexcept {
  const std::size_t size = prefix.size() + payload.size();
  std::uint8_t* at = websocket_.get() + websocket_size_;
  websocket_frame::write_header(at, opcode, size);
  at += websocket_frame::header_size(size);
  if (!prefix.empty()) {
    std::memcpy(at, prefix.data(), prefix.size());
    at += prefix.size();
  }
  if (!payload.empty()) {
    std::memcpy(at, payload.data(), payload.size());
  }
  websocket_size_ += frame_size(size);
  return {websocket_size_ - payload.size(), payload.size()};
}

Bytes Frame::part(std::size_t index) const noexcept {
  assert(index < part_count_);
  const Extent extent = index == 0 ? first_ : more_[index - 1];
  return websocket().subspan(extent.offset, extent.size);
}

engineio_packet::Packet Frame::packet(std::size_t index) const noexcept {
  return {index == 0 ? type_ : engineio_packet::Type::message, part_is_binary(index), part(index)};
}

Bytes Frame::websocket_revision3(bool base64) const {
  if (!has_binary() || part_count_ == 0) {
    return websocket();
  }
  Buffer& frames = revision3_[base64 ? 1 : 0];
  if (frames.empty()) {
    Buffer encoded;
    for (std::size_t i = 0; i < part_count_; ++i) {
      const bool as_binary = part_is_binary(i) && !base64;
      encoded.clear();
      as_binary ? engineio_revision3::encode_binary_frame(encoded, part(i)) : engineio_revision3::encode(encoded, packet(i));
      websocket_frame::encode(frames, as_binary ? Opcode::binary : Opcode::text, encoded.bytes());
    }
  }
  return frames.bytes();
}

Bytes Frame::websocket_deflated(std::size_t threshold) const {
  if (!compress_ || websocket_size_ < threshold) {
    return websocket();
  }
  if (deflated_.empty()) {
    Buffer compressed;
    for (std::size_t i = 0; i < part_count_; ++i) {
      // A text part includes the type before it.
      const Bytes payload = part_is_binary(i) ? part(i) : websocket().subspan(first_.offset - 1, first_.size + 1);
      compressed.clear();
      const bool shorter = payload.size() >= threshold && websocket_deflate::compress(compressed, payload);
      websocket_frame::encode(deflated_, part_is_binary(i) ? Opcode::binary : Opcode::text,
                              shorter ? compressed.bytes() : payload, shorter);
    }
  }
  return deflated_.bytes();
}

Bytes Frame::polling() const {
  if (polling_.empty()) {
    for (std::size_t i = 0; i < part_count_; ++i) {
      if (i != 0) {
        polling_.push_back(engineio_packet::separator);
      }
      engineio_packet::encode(polling_, packet(i));
    }
  }
  return polling_.bytes();
}

FrameRef FrameRef::for_other_loop() const { return frame_ == nullptr ? FrameRef() : FrameRef(new Frame(*frame_)); }

FrameRef FrameRef::text(std::string_view text, std::span<const Bytes> attachments, bool compress) {
  FrameRef frame(new Frame);
  Frame& made = *frame.frame_;
  std::size_t size = frame_size(1 + text.size());
  for (const Bytes attachment : attachments) {
    size += frame_size(attachment.size());
  }
  made.allocate(size);
  made.first_ = made.put(Opcode::text, "4", as_bytes(text));
  made.more_.reserve(attachments.size());
  for (const Bytes attachment : attachments) {
    made.more_.push_back(made.put(Opcode::binary, {}, attachment));
  }
  made.part_count_ = static_cast<std::uint32_t>(1 + attachments.size());
  made.compress_ = compress;
  return frame;
}

FrameRef FrameRef::binary(Bytes bytes, bool compress) {
  FrameRef frame(new Frame);
  Frame& made = *frame.frame_;
  made.allocate(frame_size(bytes.size()));
  made.first_ = made.put(Opcode::binary, {}, bytes);
  made.part_count_ = 1;
  made.first_is_text_ = false;
  made.compress_ = compress;
  return frame;
}

FrameRef FrameRef::packet(std::string_view encoded) {
  assert(!encoded.empty() && encoded.front() >= '0' && encoded.front() <= '6');
  FrameRef frame(new Frame);
  Frame& made = *frame.frame_;
  made.allocate(frame_size(encoded.size()));
  made.first_ = made.put(Opcode::text, encoded.substr(0, 1), as_bytes(encoded.substr(1)));
  made.part_count_ = 1;
  made.type_ = static_cast<engineio_packet::Type>(encoded.front() - '0');
  made.compress_ = false;
  return frame;
}

FrameRef FrameRef::websocket_control(Opcode opcode, Bytes payload) {
  FrameRef frame(new Frame);
  Frame& made = *frame.frame_;
  made.allocate(frame_size(payload.size()));
  made.first_ = made.put(opcode, {}, payload);
  made.compress_ = false;
  return frame;
}

FrameRef FrameRef::websocket_close(websocket_frame::CloseCode code) {
  Buffer frame;
  websocket_frame::encode_close(frame, code);
  const std::size_t header = websocket_frame::header_size(0);
  return websocket_control(Opcode::close, frame.bytes_from(header));
}

}  // namespace socketio::server
