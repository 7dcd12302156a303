#include "show.hpp"

#include <chrono>
#include <ctime>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/value.hpp>

#include "common/text.hpp"
#include "common/units.hpp"
#include "json.hpp"
#include "names.hpp"
#include "stream_position.hpp"

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

void append_name(Buffer& out, std::string_view name) {
  out.append(name == RoomList::nobody ? "(no name)" : name.empty() ? "\"\"" : text::excerpt(name, names::bytes_shown));
}

void append_names(Buffer& out, std::string_view before, const RoomList& names) {
  constexpr std::size_t names_shown = 8;
  for (std::size_t index = 0; index < std::min(names.size(), names_shown); ++index) {
    out.append(index == 0 ? before : ", ");
    append_name(out, names[index]);
  }
  if (names.size() > names_shown) {
    out.append(" and " + units::grouped(names.size() - names_shown) + " more");
  }
}

/// Appends the event as a call: chat("hi",42)
void append_call(Buffer& out, Bytes event, std::size_t bytes_shown) {
  const auto name = event_data::name(event);
  if (!name.ok()) {
    return;
  }
  out.append(" ");
  if (name->kind == socketio::Kind::integer || name->kind == socketio::Kind::real) {
    js_number::append(out, name->number);
  } else {
    append_name(out, name->text);
  }
  Buffer arguments;
  json::append_items(arguments, event, 1);
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

bool is_number(socketio::Kind kind) noexcept { return kind == socketio::Kind::integer || kind == socketio::Kind::real; }

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
  const bool named = name.ok() && (!name->text.empty() || is_number(name->kind));
  return named && !looks_like_binary(event);
}

void append_recorded_event(Buffer& out, Bytes event) {
  const auto name = event_data::name(event);
  out.append(",\"event\":");
  if (is_number(name->kind)) {
    Buffer number;
    js_number::append(number, name->number);
    transcode::append_json_string(out, number.text());
  } else {
    transcode::append_json_string(out, name->text);
  }
  out.append(",\"args\":[");
  json::append_items(out, event, 1);
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
    append_name(out, message.channel);
    out.append(": " + std::string(describe(message.error.code)) + " at byte " + std::to_string(message.error.offset_bytes));
  } else {
    append_name(out, message.nsp);
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
    json::append_value(value, message.value);
    out.append(" " + text::excerpt(value.text(), bytes_shown));
  }
  if (message.request_id) {
    out.append(is_answer(message.kind) ? " answer to " : " request ");
    append_name(out, *message.request_id);
  }
  if (!message.uid.empty()) {
    out.append(" from ");
    append_name(out, message.uid);
  }
  out.append(" " + units::grouped(message.bytes) + " B\n");
}

void append_json(Buffer& out, const Message& message, Time time) {
  out.append("{\"time\":");
  append_iso(out, time);
  json::append_member(out, "transport", name_of(message.bus));
  json::append_member(out, "kind", name_of(message.kind));
  json::append_member(out, message.entry.empty() ? "channel" : "stream", message.channel);
  if (!message.entry.empty()) {
    json::append_member(out, "id", message.entry);
  }
  if (message.kind == Kind::malformed) {
    json::append_member(out, "reason", describe(message.error.code));
    out.append(",\"offset\":" + std::to_string(message.error.offset_bytes));
  } else {
    json::append_member(out, "nsp", message.nsp);
  }
  if (!message.uid.empty()) {
    json::append_member(out, "uid", message.uid);
  }
  if (message.request_id) {
    json::append_member(out, "request", *message.request_id);
  }
  if (const auto name = event_data::name(message.event); name.ok()) {
    out.append(",\"event\":");
    json::append_first(out, message.event);
    out.append(",\"args\":[");
    json::append_items(out, message.event, 1);
    out.append("]");
  }
  if (!is_answer(message.kind) && message.kind != Kind::malformed && message.kind != Kind::heartbeat) {
    json::append_rooms(out, ",\"to\":", message.to, message.to_packed);
    json::append_rooms(out, ",\"except\":", message.except, message.except_packed);
    json::append_flags(out, message.flags);
  }
  if (message.kind == Kind::join || message.kind == Kind::leave) {
    json::append_rooms(out, ",\"rooms\":", message.rooms, message.rooms_packed);
  }
  if (message.kind == Kind::disconnect) {
    out.append(message.close ? ",\"close\":true" : ",\"close\":false");
  }
  if (message.count) {
    out.append(",\"count\":" + std::to_string(*message.count));
  }
  if (!message.value.empty()) {
    out.append(",\"value\":");
    json::append_value(out, message.value);
  }
  out.append(",\"bytes\":" + std::to_string(message.bytes) + "}\n");
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
  out.append("{\"at_ms\":" + std::to_string(at_ms));
  if (message.kind != Kind::broadcast) {
    json::append_member(out, "op", name_of(message.kind));
  }
  json::append_member(out, "nsp", message.nsp);
  if (has_event) {
    append_recorded_event(out, message.event);
  }
  if (!message.to.empty()) {
    json::append_rooms(out, ",\"to\":", message.to, message.to_packed);
  }
  const bool takes_away = message.kind == Kind::leave || message.kind == Kind::disconnect;
  if (takes_away && message.to.empty()) {
    out.append(",\"all\":true");
  }
  if (!message.except.empty()) {
    json::append_rooms(out, ",\"except\":", message.except, message.except_packed);
  }
  if (moves) {
    json::append_rooms(out, ",\"rooms\":", message.rooms, message.rooms_packed);
  }
  if (message.kind == Kind::disconnect && message.close) {
    out.append(",\"close\":true");
  }
  if (message.kind == Kind::broadcast && message.flags.is_volatile()) {
    out.append(",\"volatile\":true");
  }
  if (const auto compress = message.flags.compress(); compress && message.kind == Kind::broadcast) {
    out.append(*compress ? ",\"compress\":true" : ",\"compress\":false");
  }
  out.append("}\n");
  return true;
}

}  // namespace socketio::cli::fleet::show
