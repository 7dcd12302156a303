#include "resp.hpp"

#include <charconv>
#include <cstring>

namespace socketio::redis {
namespace {

std::size_t digit_count(std::size_t number) noexcept {
  std::size_t count = 1;
  for (; number >= 10; number /= 10) {
    ++count;
  }
  return count;
}

std::uint8_t* write_line(std::uint8_t* to, char kind, std::size_t number) noexcept {
  *to++ = static_cast<std::uint8_t>(kind);
  auto* const digits = reinterpret_cast<char*>(to);
  to = reinterpret_cast<std::uint8_t*>(std::to_chars(digits, digits + 20, number).ptr);
  *to++ = '\r';
  *to++ = '\n';
  return to;
}

std::uint8_t* write_text(std::uint8_t* to, std::string_view text) noexcept {
  if (!text.empty()) {
    std::memcpy(to, text.data(), text.size());
  }
  return to + text.size();
}

}  // namespace

std::size_t command_size(std::span<const std::string_view> words) noexcept {
  constexpr std::size_t line_extra = 3;  // the kind, and the line's end
  std::size_t size = digit_count(words.size()) + line_extra;
  for (const std::string_view word : words) {
    size += digit_count(word.size()) + line_extra + word.size() + 2;
  }
  return size;
}

std::uint8_t* write_command(std::uint8_t* to, std::span<const std::string_view> words) noexcept {
  to = write_line(to, '*', words.size());
  for (const std::string_view word : words) {
    to = write_line(to, '$', word.size());
    to = write_text(to, word);
    to = write_text(to, "\r\n");
  }
  return to;
}

void append_command(Buffer& output, std::span<const std::string_view> words) {
  const std::size_t size = command_size(words);
  write_command(output.reserve(size), words);
  output.commit(size);
}

std::size_t PublishWriter::begin(std::string_view channel, std::size_t payload_size) {
  if (prefix_.empty() || channel != channel_) [[unlikely]] {
    channel_ = channel;
    prefix_ = "*3\r\n$" + std::to_string(command_.size()) + "\r\n";
    prefix_ += command_;
    prefix_ += "\r\n$" + std::to_string(channel.size()) + "\r\n";
    prefix_ += channel;
    prefix_ += "\r\n$";
  }
  char* const end = std::to_chars(size_line_, size_line_ + sizeof(size_line_) - 2, payload_size).ptr;
  end[0] = '\r';
  end[1] = '\n';
  size_line_size_ = static_cast<std::size_t>(end + 2 - size_line_);
  return prefix_.size() + size_line_size_ + payload_size + 2;
}

void PublishWriter::write(std::uint8_t* to, Bytes payload) const noexcept {
  to = write_text(to, prefix_);
  to = write_text(to, {size_line_, size_line_size_});
  to = write_text(to, as_text(payload));
  to[0] = '\r';
  to[1] = '\n';
}

}  // namespace socketio::redis
