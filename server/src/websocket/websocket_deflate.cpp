#include "websocket_deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace socketio::server::websocket_deflate {
namespace {

constexpr int raw_window_bits = -15;  // negative: neither header nor checksum
constexpr int memory_level = 8;
constexpr std::size_t chunk_bytes_min = 4'096;
constexpr std::array<std::uint8_t, 4> tail = {0x00, 0x00, 0xff, 0xff};  // ends each message, and is not sent

std::string_view trimmed(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Removes and returns the text before `end`.
std::string_view take_until(std::string_view& text, char end) noexcept {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return trimmed(part);
}

bool is_acceptable_parameter(std::string_view parameter) noexcept {
  const std::string_view name = take_until(parameter, '=');
  return name == "server_no_context_takeover" || name == "client_no_context_takeover" || name == "client_max_window_bits";
}

bool is_acceptable(std::string_view offer) noexcept {
  if (take_until(offer, ';') != "permessage-deflate") {
    return false;
  }
  while (!offer.empty()) {
    if (!is_acceptable_parameter(take_until(offer, ';'))) {
      return false;
    }
  }
  return true;
}

void set_input(z_stream& stream, Bytes bytes) noexcept {
  stream.next_in = const_cast<Bytef*>(bytes.data());  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
}

struct Inflater {
  ~Inflater() { inflateEnd(&stream); }
  z_stream stream{};
};

/// Inflates one input. False when it is malformed, or there is more than one byte above the limit.
bool inflate_all(z_stream& stream, Buffer& out, Bytes input, std::size_t size_max, bool& ended) {
  set_input(stream, input);
  do {
    const std::size_t room = std::min(size_max - out.size(), std::max(out.size(), chunk_bytes_min));
    stream.next_out = out.reserve(room);
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_SYNC_FLUSH);
    out.commit(room - stream.avail_out);
    ended = status == Z_STREAM_END;
    if (ended || status == Z_BUF_ERROR) {
      return true;
    }
    if (status != Z_OK) {
      return false;
    }
  } while (stream.avail_out == 0 && out.size() < size_max);
  return true;
}

}  // namespace

bool is_offered(std::string_view extensions) noexcept {
  while (!extensions.empty()) {
    if (is_acceptable(take_until(extensions, ','))) {
      return true;
    }
  }
  return false;
}

bool compress(Buffer& out, Bytes message) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    return false;
  }
  set_input(stream, message);
  const std::size_t room = message.size() + tail.size();
  stream.next_out = out.reserve(room);
  stream.avail_out = static_cast<uInt>(room);
  const int status = deflate(&stream, Z_SYNC_FLUSH);
  const bool whole = status == Z_OK && stream.avail_in == 0 && stream.avail_out > tail.size();
  if (whole) {
    out.commit(room - stream.avail_out - tail.size());
  }
  deflateEnd(&stream);
  return whole;
}

Status decompress(Buffer& out, Bytes payload, std::size_t bytes_max) {
  Inflater inflater;
  if (inflateInit2(&inflater.stream, raw_window_bits) != Z_OK) {
    return Status::too_large;
  }
  const std::size_t size_max = out.size() + bytes_max + 1;  // one more shows that it is too large
  bool ended = false;
  if (!inflate_all(inflater.stream, out, payload, size_max, ended)) {
    return Status::malformed;
  }
  if (!ended && out.size() < size_max && !inflate_all(inflater.stream, out, tail, size_max, ended)) {
    return Status::malformed;
  }
  return out.size() < size_max ? Status::ok : Status::too_large;
}

}  // namespace socketio::server::websocket_deflate
