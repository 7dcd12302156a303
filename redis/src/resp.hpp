#pragma once

// Commands in the protocol of Redis (RESP):
//
//   *3\r\n $7\r\nPUBLISH\r\n $<size>\r\n<channel>\r\n $<size>\r\n<payload>\r\n         (without the blanks)
//
// hiredis' own formatter interprets printf directives, or first copies everything into its own memory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

namespace socketio::redis {

/// Number of bytes that write_command() writes.
[[nodiscard]] std::size_t command_size(std::span<const std::string_view> words) noexcept;
/// Writes a whole command to `to`, which has room for command_size() bytes, and returns the address after it.
std::uint8_t* write_command(std::uint8_t* to, std::span<const std::string_view> words) noexcept;
void append_command(Buffer& output, std::span<const std::string_view> words);

/// Writes PUBLISH or SPUBLISH commands. Most go to the same channel as the one before, so everything before the payload's size
/// is kept.
class PublishWriter {
 public:
  explicit PublishWriter(std::string_view command) noexcept : command_(command) {}

  /// Prepares one publish and returns its size.
  ///
  /// Cost       a comparison of the channel; another channel needs a new prefix.
  [[nodiscard]] std::size_t begin(std::string_view channel, std::size_t payload_size);
  /// Writes the command prepared by begin() to `to`, which has room for it.
  void write(std::uint8_t* to, Bytes payload) const noexcept;

 private:
  std::string_view command_;
  std::string channel_;
  std::string prefix_;  ///< everything before the payload's size
  char size_line_[24];  ///< the payload's size, and the end of that line
  std::size_t size_line_size_ = 0;
};

}  // namespace socketio::redis
