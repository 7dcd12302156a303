#pragma once

// For the server's own layers; not installed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/protocol/websocket_frame.hpp>

namespace socketio::server {

/// One message to clients, encoded once and shared by all its receivers on one loop: a Socket.IO packet (its text and its
/// attachments), or a bare Engine.IO message. Never changes once built; each representation but websocket() is made when the
/// first receiver needs it, and then kept.
///
/// Reference counted with a plain count: it stays on its loop. Another loop gets a frame of its own, which shares the bytes of
/// websocket(): see FrameRef::for_other_loop().
class Frame {
 public:
  Frame& operator=(const Frame&) = delete;

  /// The WebSocket frames of the text and of each attachment, in order, ready to be written to an Engine.IO 4 client.
  [[nodiscard]] Bytes websocket() const noexcept { return {websocket_.get(), websocket_size_}; }
  /// The WebSocket frames for Engine.IO 3, where binary frames begin with the type, or are base64 text for clients that accept
  /// no binary.
  [[nodiscard]] Bytes websocket_revision3(bool base64 = false) const;
  /// The WebSocket frames for clients that accept permessage-deflate: parts of at least `threshold` bytes are compressed, if
  /// compress() allows it and they become shorter. One threshold per frame.
  [[nodiscard]] Bytes websocket_deflated(std::size_t threshold) const;
  /// The packets of a long-polling body, joined by 0x1e.
  [[nodiscard]] Bytes polling() const;

  /// The parts themselves, for callers that join or compress them differently: part 0 is the text unless it is binary.
  [[nodiscard]] std::size_t part_count() const noexcept { return part_count_; }
  [[nodiscard]] Bytes part(std::size_t index) const noexcept;
  [[nodiscard]] bool part_is_binary(std::size_t index) const noexcept { return index != 0 || !first_is_text_; }
  /// A part as an Engine.IO packet, which borrows from this frame.
  [[nodiscard]] engineio_packet::Packet packet(std::size_t index) const noexcept;
  [[nodiscard]] bool has_binary() const noexcept { return part_count_ > 1 || !first_is_text_; }

  /// True when the message may be compressed.
  [[nodiscard]] bool compress() const noexcept { return compress_; }
  /// Bytes that the frame counts in a connection's queue: its own, and the memory around them, which is most of a small
  /// message.
  [[nodiscard]] std::size_t cost_bytes() const noexcept {
    return websocket_size_ + sizeof(Frame) + more_.size() * sizeof(Extent) + allocations_bytes;
  }

 private:
  friend class FrameRef;
  struct Extent {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  static constexpr std::size_t allocations_bytes = 48;  ///< overhead of the allocator and shared_ptr

  Frame() noexcept = default;
  /// Shares the immutable bytes of `other`, and has none of its other representations yet.
  Frame(const Frame& other);
  void allocate(std::size_t size);
  Extent put(websocket_frame::Opcode opcode, std::string_view prefix, Bytes payload) noexcept;

  std::shared_ptr<std::uint8_t[]> websocket_;  // written once, with all parts in it
  std::size_t websocket_size_ = 0;
  Extent first_;              // position of part 0
  std::vector<Extent> more_;  // positions of the other parts
  mutable Buffer polling_;
  mutable Buffer deflated_;
  mutable std::array<Buffer, 2> revision3_;  // plain, base64
  mutable std::uint32_t references_ = 0;
  std::uint32_t part_count_ = 0;
  engineio_packet::Type type_ = engineio_packet::Type::message;
  bool first_is_text_ = true;
  bool compress_ = true;
};

/// Keeps a frame alive. Copying costs an increment.
class FrameRef {
 public:
  FrameRef() noexcept = default;
  /// A text message, then binary ones: a Socket.IO packet with its attachments.
  static FrameRef text(std::string_view text, std::span<const Bytes> attachments = {}, bool compress = true);
  /// One binary message.
  static FrameRef binary(Bytes bytes, bool compress = true);
  /// An Engine.IO packet that is no message: ping, pong, noop, open... `encoded` is its text form.
  static FrameRef packet(std::string_view encoded);
  /// A control frame of WebSocket itself. It has no parts, and no other form.
  static FrameRef websocket_control(websocket_frame::Opcode opcode, Bytes payload);
  static FrameRef websocket_close(websocket_frame::CloseCode code);

  FrameRef(const FrameRef& other) noexcept : frame_(other.frame_) { retain(); }
  FrameRef(FrameRef&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FrameRef& operator=(FrameRef other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~FrameRef() { release(); }

  /// Makes a frame of the same message for the sockets of another loop; only that loop's thread may use it once it has it.
  [[nodiscard]] FrameRef for_other_loop() const;

  [[nodiscard]] explicit operator bool() const noexcept { return frame_ != nullptr; }
  const Frame* operator->() const noexcept { return frame_; }
  const Frame& operator*() const noexcept { return *frame_; }

 private:
  explicit FrameRef(Frame* frame) noexcept : frame_(frame) { retain(); }
  void retain() noexcept {
    if (frame_ != nullptr) {
      ++frame_->references_;
    }
  }
  void release() noexcept {
    if (frame_ != nullptr && --frame_->references_ == 0) {
      delete frame_;
    }
  }

  Frame* frame_ = nullptr;
};

}  // namespace socketio::server
