#include <cstddef>
#include <cstdint>

#include <socketio/protocol/cursor.hpp>

#include "fuzz/check.hpp"

// Property: passing over a value and walking through it item by item end at the same byte or both fail, and every view lies in
// the input. The walk knows no depth, so it goes further where nesting is too deep.

using namespace socketio;

namespace {

bool lies_in(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

bool walk(Cursor& cursor, Bytes input) {
  std::uint64_t left = 1;
  Item item;
  for (; left > 0; --left) {
    if (!cursor.next(item)) {
      return false;
    }
    FUZZ_CHECK(lies_in(item.body, input));
    FUZZ_CHECK(item.offset < cursor.position());
    left += item.kind == Kind::array ? item.count : item.kind == Kind::map ? std::uint64_t{item.count} * 2 : 0;
    const auto date = date_of(item);
    FUZZ_CHECK(!date.has_value() || (!is_undefined(item) && !array_buffer_of(item).has_value()));
    const auto integer = item.as_int64();
    FUZZ_CHECK(!integer.has_value() || item.as_double() == static_cast<double>(*integer));
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  Cursor skipping(input);
  Cursor walking(input);
  const Bytes value = skipping.skip_view();
  const bool walked = walk(walking, input);
  if (!skipping.ok()) {
    FUZZ_CHECK(value.empty());
    FUZZ_CHECK(skipping.error().offset_bytes <= size);
    FUZZ_CHECK(!walked || skipping.error().code == Errc::too_deep);
    return 0;
  }
  FUZZ_CHECK(walked);
  FUZZ_CHECK(value.data() == data && value.size() == skipping.position());
  FUZZ_CHECK(walking.position() == skipping.position());
  FUZZ_CHECK(check_items(value, 1).ok());
  return 0;
}
