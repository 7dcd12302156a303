#include "json.hpp"

#include <socketio/protocol/value.hpp>

#include "common/json_object.hpp"

namespace socketio::cli::fleet::json {

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

void append_rooms(Buffer& out, const RoomList& names, Bytes packed) {
  Cursor cursor(packed);
  if (Item item; !packed.empty() && cursor.next(item) && item.kind == socketio::Kind::array && item.count != 0) {
    append_value(out, packed);
    return;
  }
  JsonObject::append_texts(out, names);
}

void append_flags(Buffer& out, const Flags& flags) {
  out.append("{");
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
