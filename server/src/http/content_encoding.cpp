#include "content_encoding.hpp"

#include <zlib.h>

#include <algorithm>

#include "http_text.hpp"

namespace socketio::server::content_encoding {
namespace {

constexpr int window_bits = 15;
constexpr int with_gzip_header = 16;
constexpr int memory_level = 8;

/// True for a weight of `q=0`, `q=0.0`...: the encoding must not be used.
bool is_refused(std::string_view parameters) noexcept {
  const std::size_t weight = parameters.find("q=");
  return weight != std::string_view::npos && parameters.substr(weight + 2).find_first_not_of("0. \t") == std::string_view::npos;
}

}  // namespace

std::string_view name_of(Encoding encoding) noexcept {
  return encoding == Encoding::gzip ? "gzip" : encoding == Encoding::deflate ? "deflate" : "identity";
}

Encoding choose(std::string_view accept_encoding) noexcept {
  Encoding best = Encoding::identity;
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(item.size() + 1, accept_encoding.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string_view name = trimmed(item.substr(0, semicolon));
    if (!is_refused(item.substr(semicolon))) {
      best = std::max(best, name == "gzip" || name == "*" ? Encoding::gzip
                            : name == "deflate"           ? Encoding::deflate
                                                          : Encoding::identity);
    }
  }
  return best;
}

bool encode(Buffer& out, Bytes bytes, Encoding encoding) {
  z_stream stream{};
  const int bits = encoding == Encoding::gzip ? window_bits + with_gzip_header : window_bits;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    return false;
  }
  const uLong bound = deflateBound(&stream, static_cast<uLong>(bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.reserve(bound);
  stream.avail_out = static_cast<uInt>(bound);
  const int status = deflate(&stream, Z_FINISH);
  out.commit(bound - stream.avail_out);
  deflateEnd(&stream);
  return status == Z_STREAM_END;
}

}  // namespace socketio::server::content_encoding
