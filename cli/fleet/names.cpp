#include "names.hpp"

#include <algorithm>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio::cli::fleet::names {

std::string escaped(std::string_view text) {
  Buffer result;
  glob::append_escaped(result, text);
  return std::string(result.text());
}

std::string request_channel(std::string_view key, std::string_view nsp) {
  Buffer name;
  classic_channels::append_request(name, key, nsp);
  return std::string(name.text());
}

std::string response_channel(std::string_view key, std::string_view nsp) {
  Buffer name;
  classic_channels::append_response(name, key, nsp);
  return std::string(name.text());
}

std::string main_channel(std::string_view key, std::string_view nsp) {
  Buffer name;
  classic_channels::append_broadcast(name, key, nsp, {});
  return std::string(name.text());
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
  Buffer name;
  stream_names::append(name, fleet.stream_name, fleet.stream_count, nsp);
  return std::string(name.text());
}

std::int64_t stream_index(std::string_view nsp, std::uint32_t count) noexcept {
  return stream_names::hash_of(nsp) % static_cast<std::int64_t>(count);
}

}  // namespace socketio::cli::fleet::names
