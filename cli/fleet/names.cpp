#include "names.hpp"

#include <sys/random.h>

#include <array>

#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio::cli::fleet::names {

std::string new_uid() {
  std::array<std::uint8_t, ids::hex_size / 2> random{};
  [[maybe_unused]] const ssize_t got = ::getrandom(random.data(), random.size(), 0);
  return ids::make_hex(random);
}

std::string escaped(std::string_view text) {
  return name_by([&](Buffer& out) { glob::append_escaped(out, text); });
}

std::string request_channel(std::string_view key, std::string_view nsp) {
  return name_by([&](Buffer& out) { classic_channels::append_request(out, key, nsp); });
}

std::string response_channel(std::string_view key, std::string_view nsp) {
  return name_by([&](Buffer& out) { classic_channels::append_response(out, key, nsp); });
}

std::string main_channel(std::string_view key, std::string_view nsp) {
  return name_by([&](Buffer& out) { classic_channels::append_broadcast(out, key, nsp, {}); });
}

bool is_uid(std::string_view name) noexcept {
  return name.size() == ids::hex_size && std::all_of(name.begin(), name.end(), [](char digit) {
           return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
         });
}

std::optional<std::string_view> last_of(std::string_view channel, std::string_view key, std::string_view nsp) {
  const std::string start = main_channel(key, nsp);
  if (channel.size() <= start.size() || !channel.starts_with(start) || !channel.ends_with('#')) {
    return std::nullopt;
  }
  return channel.substr(start.size(), channel.size() - start.size() - 1);
}

std::string stream(const Fleet& fleet, std::string_view nsp) {
  return name_by([&](Buffer& out) { stream_names::append(out, fleet, nsp); });
}

std::int64_t stream_index(std::string_view nsp, std::uint32_t count) noexcept {
  return stream_names::hash_of(nsp) % static_cast<std::int64_t>(count);
}

}  // namespace socketio::cli::fleet::names
