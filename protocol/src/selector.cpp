#include <socketio/protocol/selector.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>

#include "run.hpp"
#include "wire_text.hpp"

namespace socketio::selector {
namespace {

constexpr std::size_t packed_flag_size_max = 1 + std::string_view("expectSingleResponse").size() + Run::number_size_max;

std::size_t size_max(std::span<const Room> rooms) noexcept {
  std::size_t size = Run::header_size_max;
  for (const Room& room : rooms) {
    size += room.name().size() + Run::number_size_max;
  }
  return size;
}

void put_rooms(Run& run, std::span<const Room> rooms) {
  run.array_header(rooms.size());
  for (const Room& room : rooms) {
    if (room.is_number()) [[unlikely]] {
      run.number(room.value());
    } else {
      run.text(room.name());
    }
  }
}

void put_flags(Run& run, const Flags& flags) {
  run.map_header(flags.size());
  for (std::size_t place = 0; place < flags.size(); ++place) {
    const Flag flag = flags.at(place);
    run.text(wire_name(flag));
    if (flag == Flag::timeout) {
      run.unsigned_integer(*flags.timeout_ms());
    } else {
      run.byte(flags.is(flag) ? 0xc3 : 0xc2);
    }
  }
}

/// A timeout in milliseconds, as JavaScript's timers take it; nullopt for negative numbers and for anything but a number.
std::optional<std::uint32_t> timeout_of(const Item& item) noexcept {
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return std::nullopt;
  }
  constexpr double most = std::numeric_limits<std::uint32_t>::max();
  const double milliseconds = item.as_double();
  if (!(milliseconds >= 0)) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::min(milliseconds, most));
}

bool read_flag(Cursor& cursor, Flags& flags) {
  std::string_view key;
  Item value;
  if (!wire::next_key(cursor, key) || !cursor.next(value) || !wire::skip_members(cursor, value)) {
    return false;
  }
  if (wire::is_nothing(value)) {
    return true;
  }
  for (std::size_t i = 0; i < Flags::kinds; ++i) {
    const Flag flag = static_cast<Flag>(i);
    if (key != wire_name(flag)) {
      continue;
    }
    if (flag != Flag::timeout) {
      flags.set(flag, wire::is_truthy(value));
    } else if (const auto timeout_ms = timeout_of(value)) {
      flags.set_timeout_ms(*timeout_ms);
    }
  }
  return true;
}

bool read_flags(Cursor& cursor, Flags& flags) {
  flags = {};
  Item map;
  if (!cursor.next(map)) {
    return false;
  }
  if (map.kind != Kind::map) {
    return wire::skip_members(cursor, map);
  }
  for (std::uint32_t i = 0; i < map.count; ++i) {
    if (!read_flag(cursor, flags)) {
      return false;
    }
  }
  return true;
}

bool read_member(Cursor& cursor, View& view) {
  std::string_view key;
  if (!wire::next_key(cursor, key)) {
    return false;
  }
  if (key == "rooms") {
    return read_rooms(cursor, view.rooms, Unnamed::nobody);
  }
  if (key == "except") {
    return read_rooms(cursor, view.except, Unnamed::nobody);
  }
  return key == "flags" ? read_flags(cursor, view.flags) : cursor.skip();
}

}  // namespace

void append_packed(Buffer& out, const Target& target, OptionsOrder order) {
  constexpr std::size_t names_size_max = 3 * (1 + std::string_view("except").size());
  Run run(out,
          2 + names_size_max + size_max(target.rooms) + size_max(target.except) + target.flags.size() * packed_flag_size_max);
  run.map_header(order == OptionsOrder::legacy_emitter ? 2 : 3);
  run.text("rooms");
  put_rooms(run, target.rooms);
  if (order == OptionsOrder::adapter) {
    run.text("except");
    put_rooms(run, target.except);
  }
  run.text("flags");
  put_flags(run, target.flags);
  if (order == OptionsOrder::emitter) {
    run.text("except");
    put_rooms(run, target.except);
  }
}

void append_json_rooms(Buffer& out, std::span<const Room> rooms) {
  out.push_back('[');
  bool first = true;
  for (const Room& room : rooms) {
    if (!std::exchange(first, false)) {
      out.push_back(',');
    }
    if (room.is_number()) {
      js_number::append(out, room.value());
    } else {
      transcode::append_json_string(out, room.name());
    }
  }
  out.push_back(']');
}

void append_json(Buffer& out, const Target& target) {
  out.append(R"({"rooms":)");
  append_json_rooms(out, target.rooms);
  out.append(R"(,"except":)");
  append_json_rooms(out, target.except);
  out.push_back('}');
}

void append_json_with_flags(Buffer& out, const Target& target) {
  append_json(out, target);
  out.truncate(out.size() - 1);
  out.append(R"(,"flags":{)");
  for (std::size_t place = 0; place < target.flags.size(); ++place) {
    const Flag flag = target.flags.at(place);
    out.append(std::string_view(place == 0 ? "\"" : ",\""));
    out.append(wire_name(flag));
    out.append(std::string_view("\":"));
    if (flag == Flag::timeout) {
      js_number::append(out, std::uint64_t{*target.flags.timeout_ms()});
    } else {
      out.append(std::string_view(target.flags.is(flag) ? "true" : "false"));
    }
  }
  out.append(std::string_view("}}"));
}

bool read(Cursor& cursor, View& view) {
  view.rooms.clear();
  view.except.clear();
  view.flags = {};
  Item map;
  if (!cursor.expect(Kind::map, map)) {
    return false;
  }
  for (std::uint32_t i = 0; i < map.count; ++i) {
    if (!read_member(cursor, view)) {
      return false;
    }
  }
  return true;
}

}  // namespace socketio::selector
