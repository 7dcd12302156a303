#include "http_output.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace socketio::server {

void ResponseOutput::write(net::ServerStream& stream, std::span<const Bytes> parts, std::shared_ptr<const std::string> owner) {
  std::size_t sent = empty() ? stream.try_write(parts) : 0;
  for (std::size_t index = 0; index < parts.size(); ++index) {
    const std::size_t skipped = std::min(sent, parts[index].size());
    sent -= skipped;
    if (owner != nullptr && index + 1 == parts.size()) {
      shared_ = {std::move(owner), skipped};
    } else {
      bytes_.append(parts[index].subspan(skipped));
    }
  }
  if (!empty()) {
    stream.want_writable();
  }
}

std::size_t ResponseOutput::write_more(net::ServerStream& stream) {
  const std::array<Bytes, 2> rest{bytes_.bytes(), shared_.rest()};
  const std::size_t sent = stream.try_write(rest);
  const std::size_t first = std::min(sent, bytes_.size());
  bytes_.discard_front(first);
  shared_.offset += sent - first;
  if (!empty()) {
    stream.want_writable();
  }
  return sent;
}

}  // namespace socketio::server
