#include "json.hpp"

#include <string>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::cli::fleet::json {

void append_member(Buffer& out, std::string_view name, std::string_view text) {
  out.append(",\"");
  out.append(name);
  out.append("\":");
  transcode::append_json_string(out, text);
}

void append_value(Buffer& out, Bytes packed) {
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::base64;
  if (packed.empty() || !transcode::msgpack_to_json(packed, out, options).ok()) {
    out.append("null");
  }
}

void append_items(Buffer& out, Bytes array, std::size_t skip) {
  bool first = true;
  for (const Value item : Arguments::of_array(array, skip)) {
    out.append(first ? "" : ",");
    first = false;
    append_value(out, item.packed());
  }
}

void append_first(Buffer& out, Bytes array) { append_value(out, Arguments::of_array(array)[0].packed()); }

void append_rooms(Buffer& out, std::string_view before, const RoomList& names, Bytes packed) {
  out.append(before);
  Cursor cursor(packed);
  if (Item item; !packed.empty() && cursor.next(item) && item.kind == socketio::Kind::array && item.count != 0) {
    append_value(out, packed);
    return;
  }
  out.append("[");
  for (std::size_t index = 0; index < names.size(); ++index) {
    out.append(index == 0 ? "" : ",");
    transcode::append_json_string(out, names[index]);
  }
  out.append("]");
}

void append_flags(Buffer& out, const Flags& flags) {
  out.append(",\"flags\":{");
  for (std::size_t place = 0; place < flags.size(); ++place) {
    const Flag flag = flags.at(place);
    out.append(place == 0 ? "\"" : ",\"");
    out.append(wire_name(flag));
    out.append("\":");
    out.append(flag == Flag::timeout ? std::to_string(flags.timeout_ms().value_or(0)) : flags.is(flag) ? "true" : "false");
  }
  out.append("}");
}

}  // namespace socketio::cli::fleet::json
