#include <cstddef>
#include <cstdint>
#include <vector>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "fuzz/check.hpp"

// Property: exactly the well-formed values are accepted, in every form for bytes. They become JSON that our own reader takes,
// and from then on nothing changes any more. Attachments are views into the input.

using namespace socketio;

namespace {

constexpr transcode::MsgpackOptions shallow{.depth_max = 16};

void check_stable(std::string_view json) {
  // Extensions and bytes are one item of msgpack, and up to three levels of JSON.
  constexpr transcode::JsonOptions options{.depth_max = shallow.depth_max + 3};
  Buffer packed;
  FUZZ_CHECK(transcode::json_to_msgpack(json, packed, options).ok());
  Buffer again;
  FUZZ_CHECK(transcode::msgpack_to_json(packed.bytes(), again).ok());
  Buffer packed_again;
  FUZZ_CHECK(transcode::json_to_msgpack(again.text(), packed_again, options).ok());
  FUZZ_CHECK(packed.text() == packed_again.text());
}

void check_attachments(Bytes input, bool well_formed) {
  std::vector<Bytes> attachments;
  Buffer json;
  const transcode::MsgpackOptions options{
      .depth_max = shallow.depth_max, .binary = transcode::BinaryForm::placeholder, .attachments = &attachments};
  FUZZ_CHECK(transcode::msgpack_to_json(input, json, options).ok() == well_formed);
  FUZZ_CHECK(well_formed || attachments.empty());
  for (const Bytes attachment : attachments) {
    FUZZ_CHECK(attachment.data() >= input.data() && attachment.data() + attachment.size() <= input.data() + input.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const bool well_formed = check_items(input, 1, shallow.depth_max).ok();
  Buffer json;
  json.push_back('x');
  const auto result = transcode::msgpack_to_json(input, json, shallow);
  FUZZ_CHECK(result.ok() == well_formed);
  check_attachments(input, well_formed);
  if (!well_formed) {
    FUZZ_CHECK(json.size() == 1);
    FUZZ_CHECK(result.error().offset_bytes <= size);
    return 0;
  }
  const std::string_view text = json.text().substr(1);
  FUZZ_CHECK(utf8::valid(text));
  check_stable(text);
  return 0;
}
