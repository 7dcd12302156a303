#include <socketio/protocol/arguments.hpp>

#include <string>

#include <socketio/common/error.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::arguments {

void pack_json(Buffer& out, std::string_view json) {
  const auto result = transcode::json_to_msgpack(json, out);
  if (!result.ok()) {
    throw Error(ErrorCode::bad_json, "This is not JSON, at byte " + std::to_string(result.error().offset_bytes) + ": " +
                                         describe(result.error().code) + ". Text needs quotes around it.");
  }
}

bool read_date(std::int8_t extension_type, Bytes body, Date& date) noexcept {
  Item item;
  item.kind = Kind::extension;
  item.extension_type = extension_type;
  item.body = body;
  const auto milliseconds = date_of(item);
  date = Date(milliseconds.value_or(0));
  return milliseconds.has_value();
}

void pack_again(Buffer& out, Bytes packed) {
  if (packed.empty()) {
    pack::nil(out);
  } else {
    out.append(packed);
  }
}

void begin_event(Buffer& out, const EventName& event, std::size_t argument_count) {
  pack::array_header(out, static_cast<std::uint32_t>(1 + argument_count));
  if (event.is_number()) {
    pack::number(out, event.number());
    return;
  }
  if (!utf8::valid(event.text())) {
    throw Error(ErrorCode::bad_utf8, "The name of the event is not UTF-8.");
  }
  pack::text(out, event.text());
}

}  // namespace socketio::arguments
