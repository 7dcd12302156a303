#include <socketio/protocol/classic_channels.hpp>

#include <initializer_list>

#include <socketio/protocol/glob.hpp>

#include "run.hpp"

namespace socketio::classic_channels {
namespace {

constexpr std::string_view request_part = "-request#";
constexpr std::string_view response_part = "-response#";

void append_all(Buffer& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    out.append(part);
  }
}

/// Removes `parts`, one after the other, from the front of `text`. Returns false when they are not there.
bool take(std::string_view& text, std::initializer_list<std::string_view> parts) noexcept {
  for (const std::string_view part : parts) {
    if (!text.starts_with(part)) {
      return false;
    }
    text.remove_prefix(part.size());
  }
  return true;
}

bool equals(std::string_view text, std::initializer_list<std::string_view> parts) noexcept {
  return take(text, parts) && text.empty();
}

}  // namespace

void append_broadcast(Buffer& out, std::string_view key, std::string_view nsp, std::span<const Room> rooms) {
  const std::string_view room = rooms.size() == 1 ? std::string_view(rooms.front().name()) : std::string_view();
  Run run(out, key.size() + nsp.size() + room.size() + 3);
  run.bytes(key);
  run.byte('#');
  run.bytes(nsp);
  run.byte('#');
  if (rooms.size() == 1) {
    run.bytes(room);
    run.byte('#');
  }
}

void append_request(Buffer& out, std::string_view key, std::string_view nsp) { append_all(out, {key, request_part, nsp, "#"}); }

void append_response(Buffer& out, std::string_view key, std::string_view nsp) {
  append_all(out, {key, response_part, nsp, "#"});
}

void append_specific_response(Buffer& out, std::string_view key, std::string_view nsp, std::string_view uid) {
  append_all(out, {key, response_part, nsp, "#", uid, "#"});
}

void append_pattern(Buffer& out, std::string_view key, std::string_view nsp) {
  glob::append_escaped(out, key);
  out.push_back('#');
  glob::append_escaped(out, nsp);
  out.append("#*");
}

std::optional<std::string_view> room_filter(std::string_view channel, std::string_view key, std::string_view nsp) noexcept {
  if (!take(channel, {key, "#", nsp, "#"})) {
    return std::nullopt;
  }
  if (!channel.empty()) {
    channel.remove_suffix(1);
  }
  return channel;
}

bool is_request(std::string_view channel, std::string_view key, std::string_view nsp) noexcept {
  return equals(channel, {key, request_part, nsp, "#"});
}

bool is_response(std::string_view channel, std::string_view key, std::string_view nsp) noexcept {
  return equals(channel, {key, response_part, nsp, "#"});
}

bool is_specific_response(std::string_view channel, std::string_view key, std::string_view nsp, std::string_view uid) noexcept {
  return equals(channel, {key, response_part, nsp, "#", uid, "#"});
}

}  // namespace socketio::classic_channels
