#include <cstddef>
#include <cstdint>
#include <string_view>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "fuzz/check.hpp"

// Property: what is accepted becomes exactly one well-formed value, which goes to JSON and comes back as the same bytes
// (infinity alone does not: 1e999 has no JSON of its own). What is refused leaves nothing behind and is refused at a place in
// the text.
//
// The first byte chooses the options.

using namespace socketio;

namespace {

bool has_infinity(Bytes packed) {
  const std::string_view text = as_text(packed);
  return text.find("\xcb\x7f\xf0") != std::string_view::npos || text.find("\xcb\xff\xf0") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const transcode::JsonOptions options{.depth_max = (data[0] & 1) != 0 ? std::size_t{4} : limits::depth_max,
                                       .binary_members = (data[0] & 2) != 0,
                                       .strict_utf8 = (data[0] & 4) != 0,
                                       .lone_surrogates = (data[0] & 8) != 0};
  const std::string_view text = as_text(Bytes(data, size).subspan(1));
  Buffer packed;
  packed.push_back(7);
  const auto result = transcode::json_to_msgpack(text, packed, options);
  if (!result.ok()) {
    FUZZ_CHECK(packed.size() == 1);
    FUZZ_CHECK(result.error().offset_bytes <= text.size());
    return 0;
  }
  const Bytes first = packed.bytes_from(1);
  FUZZ_CHECK(check_items(first, 1, options.depth_max).ok());

  const auto form = options.binary_members ? transcode::BinaryForm::base64 : transcode::BinaryForm::node_buffer;
  Buffer json;
  FUZZ_CHECK(transcode::msgpack_to_json(first, json, {.depth_max = options.depth_max, .binary = form}).ok());
  FUZZ_CHECK(utf8::valid(json.text()));
  Buffer second;
  FUZZ_CHECK(transcode::json_to_msgpack(json.text(), second,
                                        {.depth_max = limits::depth_max,
                                         .binary_members = options.binary_members,
                                         .lone_surrogates = options.lone_surrogates})
                 .ok());
  FUZZ_CHECK(has_infinity(first) || second.text() == as_text(first));
  return 0;
}
