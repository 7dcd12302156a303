#pragma once

// Requests as Redis reads them:
//
//   *3\r\n $7\r\nPUBLISH\r\n $<size>\r\n<channel>\r\n $<size>\r\n<payload>\r\n         (without the blanks)
//
// hiredis has a formatter, too; it goes through printf directives or copies everything into memory of its own first.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>

namespace socketio::redis {

/// How many bytes write_command() will write.
[[nodiscard]] std::size_t command_size(std::span<const std::string_view> words) noexcept;
/// Writes a whole command to `to`, where command_size() bytes have room, and returns the address behind it.
std::uint8_t* write_command(std::uint8_t* to, std::span<const std::string_view> words) noexcept;

/// Writes PUBLISH or SPUBLISH commands. Most go to the channel of the one before, so everything up to the payload's size is
/// kept.
class PublishWriter {
 public:
  explicit PublishWriter(std::string_view command) noexcept : command_(command) {}

  /// Prepares for one publish and returns its size.
  ///
  /// Cost       a comparison of the channel; when it is another one, its prefix is made anew.
  [[nodiscard]] std::size_t begin(std::string_view channel, std::size_t payload_size);
  /// Writes what begin() was told of to `to`, where as many bytes have room.
  void write(std::uint8_t* to, Bytes payload) const noexcept;

 private:
  std::string_view command_;
  std::string channel_;
  std::string prefix_;  ///< everything up to the payload's size
  char size_line_[24];  ///< the payload's size, and the end of that line
  std::size_t size_line_size_ = 0;
};

}  // namespace socketio::redis
