#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/pack.hpp>

namespace socketio {

/// Appends to a buffer with one check for room instead of one per item: the encoders of the hot path compute the size of a
/// message before they write it. The destructor commits the bytes.
class Run {
 public:
  /// Maximum size of the header of a text or list, and of a packed number.
  static constexpr std::size_t header_size_max = 5;
  static constexpr std::size_t number_size_max = 9;

  /// `size_max` is an upper bound of everything that is written through this object.
  Run(Buffer& out, std::size_t size_max) : out_(out), at_(out.reserve(size_max)) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { commit(); }

  void byte(std::uint8_t value) noexcept { *at_++ = value; }
  /// Takes a few move instructions if the size is a constant.
  void bytes(std::string_view value) noexcept {
    if (!value.empty()) {
      std::memcpy(at_, value.data(), value.size());
      at_ += value.size();
    }
  }
  void bytes(Bytes value) noexcept { bytes(as_text(value)); }
  void text(std::string_view value) {
    if (value.size() <= 31) {
      byte(static_cast<std::uint8_t>(0xa0 | value.size()));
      bytes(value);
    } else if (value.size() <= 0xff) {
      byte(0xd9);
      byte(static_cast<std::uint8_t>(value.size()));
      bytes(value);
    } else {
      slow([&] { pack::text(out_, value); });
    }
  }
  /// `count` is at most 15.
  void map_header(std::size_t count) noexcept { byte(static_cast<std::uint8_t>(0x80 | count)); }
  void array_header(std::size_t count) {
    if (count <= 15) {
      byte(static_cast<std::uint8_t>(0x90 | count));
    } else {
      slow([&] { pack::array_header(out_, static_cast<std::uint32_t>(count)); });
    }
  }
  void unsigned_integer(std::uint64_t value) {
    slow([&] { pack::unsigned_integer(out_, value); });
  }
  void number(double value) {
    slow([&] { pack::number(out_, value); });
  }

 private:
  void commit() noexcept { out_.commit(static_cast<std::size_t>(at_ - (out_.data() + out_.size()))); }
  /// Appends rare forms through the buffer; it has room, so its bytes do not move.
  template <typename Append>
  void slow(Append append) {
    commit();
    append();
    at_ = out_.data() + out_.size();
  }

  Buffer& out_;
  std::uint8_t* at_;
};

}  // namespace socketio
