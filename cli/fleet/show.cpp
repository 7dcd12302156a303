#include "show.hpp"

#include <ctime>

#include <cstdio>

#include <socketio/protocol/value.hpp>

#include "common/json_object.hpp"
#include "common/text.hpp"
#include "names.hpp"
#include "stream_gaps.hpp"

namespace socketio::cli::fleet::show {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t argument_bytes_shown = 200;
constexpr std::size_t argument_bytes_verbose = 2'000;

std::int64_t ms_of(Time time) { return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count(); }

template <std::size_t size, typename... Values>
void append_format(Buffer& out, const char* format, Values... values) {
  std::array<char, size> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  out.append(std::string_view(text.data()));
}

void append_clock(Buffer& out, Time time) {
  const std::int64_t ms = ms_of(time);
  const auto seconds = static_cast<time_t>(ms / 1'000);
  tm local{};
  ::localtime_r(&seconds, &local);
  append_format<32>(out, "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec, static_cast<int>(ms % 1'000));
}

void append_iso(Buffer& out, Time time) {
  const std::int64_t ms = ms_of(time);
  const auto seconds = static_cast<time_t>(ms / 1'000);
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  append_format<64>(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", utc.tm_year + 1'900, utc.tm_mon + 1, utc.tm_mday,
                    utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(ms % 1'000));
}

void append_names(Buffer& out, std::string_view before, const RoomList& names) {
  if (!names.empty()) {
    out.append(before);
    out.append(text::some_of(names, names::shown));
  }
}

/// Appends the elements of a packed array except the first `skip`, with commas between.
void append_items(Buffer& out, Bytes array, std::size_t skip) {
  bool first = true;
  for (const Value item : Arguments::of_array(array, skip)) {
    out.append(first ? "" : ",");
    first = false;
    JsonObject::append_packed(out, item.packed());
  }
}

/// Appends the rooms as they are in the message: numbers stay numbers.
void append_rooms(Buffer& out, const RoomList& names, Bytes packed) {
  Cursor cursor(packed);
  if (Item item; !packed.empty() && cursor.next(item) && item.kind == socketio::Kind::array && item.count != 0) {
    JsonObject::append_packed(out, packed);
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

/// Appends the event as a call: chat("hi",42)
void append_call(Buffer& out, Bytes event, std::size_t bytes_shown) {
  const auto name = event_data::name(event);
  if (!name.ok()) {
    return;
  }
  out.append(" ");
  out.append(names::shown(event_name(name.value())));
  Buffer arguments;
  append_items(arguments, event, 1);
  out.append("(");
  out.append(text::excerpt(arguments.text(), bytes_shown));
  out.append(")");
}

void append_flags_text(Buffer& out, const Flags& flags) {
  for (std::size_t place = 0; place < flags.size(); ++place) {
    const Flag flag = flags.at(place);
    out.append(place == 0 ? " [" : " ");
    if (flag == Flag::timeout) {
      out.append("timeout " + std::to_string(flags.timeout_ms().value_or(0)) + " ms");
    } else {
      out.append(flags.is(flag) ? "" : "no ");
      out.append(wire_name(flag));
    }
  }
  out.append(flags.empty() ? "" : "]");
}

/// True if some rooms have no name.
bool has_nobody(const RoomList& rooms) {
  return std::any_of(rooms.begin(), rooms.end(), [](std::string_view room) { return room == RoomList::nobody; });
}

/// True if an argument contains an object that a batch would read as binary.
bool looks_like_binary(Bytes event) noexcept {
  Cursor cursor(event);
  bool alone = false;  // the next item is the key of an object's only member
  bool key = false;    // the item before was "$binary" in such a place
  for (Item item; !cursor.at_end() && cursor.next(item);) {
    if (key && item.kind == socketio::Kind::text) {
      return true;
    }
    key = alone && item.kind == socketio::Kind::text && item.text() == "$binary";
    alone = item.kind == socketio::Kind::map && item.count == 1;
  }
  return false;
}

/// True if a batch line can express the event.
bool is_batch_event(Bytes event) {
  const auto name = event_data::name(event);
  return name.ok() && !event_name(name.value()).empty() && !looks_like_binary(event);
}

void append_args(JsonObject& object, Bytes event) {
  Buffer& out = object.member("args");
  out.append("[");
  append_items(out, event, 1);
  out.append("]");
}

}  // namespace

Time time_of(const Message& message, Time now) {
  const auto position = message.entry.empty() ? std::nullopt : parse_position(message.entry);
  return position ? Time(milliseconds(static_cast<std::int64_t>(position->first))) : now;
}

void append_text(Buffer& out, const Message& message, Time time, bool verbose) {
  append_clock(out, time);
  out.append(" ");
  out.append(name_of(message.bus));
  out.append(" ");
  out.append(name_of(message.kind));
  out.append(" ");
  if (message.kind == Kind::malformed) {
    out.append("on ");
    out.append(names::shown(message.channel));
    out.append(": " + std::string(describe(message.error.code)) + " at byte " + std::to_string(message.error.offset_bytes));
  } else {
    out.append(names::shown(message.nsp));
  }
  const std::size_t bytes_shown = verbose ? argument_bytes_verbose : argument_bytes_shown;
  append_call(out, message.event, bytes_shown);
  append_names(out, " rooms ", message.rooms);
  append_names(out, " to ", message.to);
  append_names(out, " except ", message.except);
  append_flags_text(out, message.flags);
  out.append(message.close ? " with its connection" : "");
  if (message.count) {
    out.append(" " + units::grouped(*message.count));
  }
  if (!message.value.empty()) {
    Buffer value;
    JsonObject::append_packed(value, message.value);
    out.append(" " + text::excerpt(value.text(), bytes_shown));
  }
  if (message.request_id) {
    out.append(is_answer(message.kind) ? " answer to " : " request ");
    out.append(names::shown(*message.request_id));
  }
  if (!message.uid.empty()) {
    out.append(" from ");
    out.append(names::shown(message.uid));
  }
  out.append(" " + units::grouped(message.bytes) + " B\n");
}

void append_json(Buffer& out, const Message& message, Time time) {
  JsonObject object(out);
  append_iso(object.member("time"), time);
  object.text("transport", name_of(message.bus)).text("kind", name_of(message.kind));
  object.text(message.entry.empty() ? "channel" : "stream", message.channel);
  if (!message.entry.empty()) {
    object.text("id", message.entry);
  }
  if (message.kind == Kind::malformed) {
    object.text("reason", describe(message.error.code)).number("offset", message.error.offset_bytes);
  } else {
    object.text("nsp", message.nsp);
  }
  if (!message.uid.empty()) {
    object.text("uid", message.uid);
  }
  if (message.request_id) {
    object.text("request", *message.request_id);
  }
  if (event_data::name(message.event).ok()) {
    object.packed("event", Arguments::of_array(message.event)[0].packed());
    append_args(object, message.event);
  }
  if (!is_answer(message.kind) && message.kind != Kind::malformed && message.kind != Kind::heartbeat) {
    append_rooms(object.member("to"), message.to, message.to_packed);
    append_rooms(object.member("except"), message.except, message.except_packed);
    append_flags(object.member("flags"), message.flags);
  }
  if (message.kind == Kind::join || message.kind == Kind::leave) {
    append_rooms(object.member("rooms"), message.rooms, message.rooms_packed);
  }
  if (message.kind == Kind::disconnect) {
    object.json("close", message.close ? "true" : "false");
  }
  if (message.count) {
    object.number("count", *message.count);
  }
  if (!message.value.empty()) {
    object.packed("value", message.value);
  }
  object.number("bytes", message.bytes).end_line();
}

bool is_recorded(const Message& message) noexcept {
  switch (message.kind) {
    case Kind::broadcast:
    case Kind::join:
    case Kind::leave:
    case Kind::disconnect: return true;
    case Kind::server_side: return !message.request_id.has_value();
    default: return false;
  }
}

bool append_recorded(Buffer& out, const Message& message, std::uint64_t at_ms) {
  const bool has_event = message.kind == Kind::broadcast || message.kind == Kind::server_side;
  const bool moves = message.kind == Kind::join || message.kind == Kind::leave;
  if (!is_recorded(message) || has_nobody(message.to) || has_nobody(message.except) || has_nobody(message.rooms) ||
      (moves && message.rooms.empty()) || (has_event && !is_batch_event(message.event))) {
    return false;
  }
  JsonObject object(out);
  object.number("at_ms", at_ms);
  if (message.kind != Kind::broadcast) {
    object.text("op", name_of(message.kind));
  }
  object.text("nsp", message.nsp);
  if (has_event) {
    object.text("event", event_name(event_data::name(message.event).value()));
    append_args(object, message.event);
  }
  if (!message.to.empty()) {
    append_rooms(object.member("to"), message.to, message.to_packed);
  }
  const bool takes_away = message.kind == Kind::leave || message.kind == Kind::disconnect;
  if (takes_away && message.to.empty()) {
    object.json("all", "true");
  }
  if (!message.except.empty()) {
    append_rooms(object.member("except"), message.except, message.except_packed);
  }
  if (moves) {
    append_rooms(object.member("rooms"), message.rooms, message.rooms_packed);
  }
  if (message.kind == Kind::disconnect && message.close) {
    object.json("close", "true");
  }
  if (message.kind == Kind::broadcast && message.flags.is_volatile()) {
    object.json("volatile", "true");
  }
  if (const auto compress = message.flags.compress(); compress && message.kind == Kind::broadcast) {
    object.json("compress", *compress ? "true" : "false");
  }
  object.end_line();
  return true;
}

}  // namespace socketio::cli::fleet::show
