#include <socketio/protocol/stream_names.hpp>

#include <array>
#include <charconv>
#include <cstddef>

namespace socketio::stream_names {

std::int32_t hash_of(std::string_view text) noexcept {
  std::uint32_t hash = 0;
  const auto add = [&hash](std::uint32_t unit) { hash = hash * 31 + unit; };
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t code_point = size == 1 ? lead : lead & (0xffU >> (size + 1));
    for (std::size_t next = 1; next < size && at + next < text.size(); ++next) {
      code_point = (code_point << 6) | (static_cast<unsigned char>(text[at + next]) & 0x3fU);
    }
    if (code_point < 0x10000) {
      add(code_point);
    } else {
      add(0xd800 + ((code_point - 0x10000) >> 10));
      add(0xdc00 + ((code_point - 0x10000) & 0x3ff));
    }
    at += size;
  }
  return static_cast<std::int32_t>(hash);
}

void append(Buffer& out, const Fleet& fleet, std::string_view nsp) {
  out.append(fleet.stream_name);
  if (fleet.stream_count > 1) {
    std::array<char, 16> text;
    const auto index = hash_of(nsp) % static_cast<std::int64_t>(fleet.stream_count);
    const auto end = std::to_chars(text.data(), text.data() + text.size(), index).ptr;
    out.push_back('-');
    out.append(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
  }
}

std::vector<std::string> all(const Fleet& fleet) {
  std::vector<std::string> result;
  if (fleet.stream_count <= 1) {
    result.emplace_back(fleet.stream_name);
  }
  for (std::uint32_t index = 0; fleet.stream_count > 1 && index < fleet.stream_count; ++index) {
    result.push_back(fleet.stream_name + "-" + std::to_string(index));
  }
  return result;
}

}  // namespace socketio::stream_names
