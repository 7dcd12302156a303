#include <socketio/protocol/sharded_channels.hpp>

#include <cstddef>

#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::sharded_channels {
namespace {

/// Size of the id of a socket, in UTF-16 units.
constexpr std::size_t socket_id_units = 20;

}  // namespace

void append_main(Buffer& out, std::string_view prefix, std::string_view nsp) {
  out.append(prefix);
  out.push_back('#');
  out.append(nsp);
  out.push_back('#');
}

void append_named(Buffer& out, std::string_view prefix, std::string_view nsp, std::string_view name) {
  append_main(out, prefix, nsp);
  out.append(name);
  out.push_back('#');
}

void append_tap(Buffer& out, std::string_view prefix, std::string_view nsp) {
  out.append(prefix);
  out.append(std::string_view("#tap#"));
  out.append(nsp);
  out.push_back('#');
}

void append_pattern(Buffer& out, std::string_view prefix, std::string_view nsp) {
  glob::append_escaped(out, prefix);
  out.push_back('#');
  glob::append_escaped(out, nsp);
  out.append(std::string_view("#*#"));
}

std::optional<std::string_view> namespace_of(std::string_view channel, std::string_view start) noexcept {
  if (channel.size() <= start.size() + 1 || !channel.starts_with(start) || !channel.ends_with('#')) {
    return std::nullopt;
  }
  const std::string_view nsp = channel.substr(start.size(), channel.size() - start.size() - 1);
  return nsp.starts_with('/') && nsp.find('#') == std::string_view::npos ? std::optional(nsp) : std::nullopt;
}

bool has_channel(SubscriptionMode mode, const Room& room) noexcept {
  switch (mode) {
    case SubscriptionMode::only_static: return false;
    case SubscriptionMode::dynamic: return room.is_number() || utf8::utf16_length(room.name()) != socket_id_units;
    case SubscriptionMode::dynamic_private: return true;
  }
  return false;
}

}  // namespace socketio::sharded_channels
