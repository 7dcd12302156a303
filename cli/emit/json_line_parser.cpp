#include <cmath>

#include "common/text.hpp"
#include "line_parser.hpp"

namespace socketio::cli {
namespace {

constexpr transcode::JsonOptions json_options{limits::depth_max, /*binary_members=*/true, /*strict_utf8=*/true};

/// Options for a value that is nested one level deeper.
constexpr transcode::JsonOptions inner_json_options{limits::depth_max - 1, /*binary_members=*/true, /*strict_utf8=*/true};
/// Longest text around the arguments that is copied; more is not worth the copy.
constexpr std::size_t remembered_max = 4096;

struct MemberText {
  std::string_view name;
  const char* expected;
};
constexpr const char* expected_rooms = "an array of rooms, like [\"kitchen\"]";
constexpr MemberText members[] = {{"op", "\"emit\", \"join\", \"leave\", \"disconnect\" or \"server-side\""},
                                  {"event", "a string"},
                                  {"args", "an array"},
                                  {"to", expected_rooms},
                                  {"rooms", expected_rooms},
                                  {"except", expected_rooms},
                                  {"nsp", "a string"},
                                  {"volatile", "true or false"},
                                  {"compress", "true or false"},
                                  {"close", "true or false"},
                                  {"at_ms", "whole milliseconds, like 1250"},
                                  {"all", "true or false"}};

/// The largest integer up to which JavaScript numbers are exact.
constexpr double at_ms_max = 9'007'199'254'740'991;

bool is_array(Bytes packed) noexcept {
  return !packed.empty() && ((packed[0] & 0xf0U) == 0x90 || packed[0] == 0xdc || packed[0] == 0xdd);
}

std::string quoted(std::string_view word) { return "\"" + text::excerpt(word) + "\""; }

}  // namespace

JsonLineParser::JsonLineParser(const Options& options)
    : default_op_(options.op),
      default_nsp_(options.nsp),
      default_rooms_(options.rooms),
      default_except_(options.except),
      default_op_rooms_(options.op_rooms),
      default_all_(options.all),
      default_close_(options.close),
      default_volatile_(options.is_volatile),
      default_compress_(options.compress),
      is_replay_(options.replay) {}

JsonLineParser::Member JsonLineParser::member_of(std::string_view key) noexcept {
  const auto found =
      std::find_if(std::begin(members), std::end(members), [key](const MemberText& member) { return member.name == key; });
  return static_cast<Member>(found - std::begin(members));
}

const char* JsonLineParser::expected(Member member) noexcept { return members[static_cast<std::size_t>(member)].expected; }

bool JsonLineParser::parse(std::string_view line) {
  if (like_before_ && parse_like_before(line)) [[likely]] {
    return true;
  }
  like_before_ = false;
  if (!parse_whole(line) || !check_time()) {
    return false;
  }
  remember(line);
  return true;
}

/// Parses a line that differs from the previous one only in the value of "args". False for any other line: parse_whole() reads
/// it.
bool JsonLineParser::parse_like_before(std::string_view line) {
  const std::size_t around = before_args_.size() + behind_args_.size();
  if (line.size() <= around || !line.starts_with(before_args_.text()) || !line.ends_with(behind_args_.text())) {
    return false;
  }
  transcode::JsonReader reader(line.substr(before_args_.size(), line.size() - around), inner_json_options);
  args_.clear();
  return reader.value(args_) && reader.finish() && is_array(args_.bytes()) && pack_data();
}

void JsonLineParser::remember(std::string_view line) {
  like_before_ = args_times_ == 1 && (operation_.kind == Op::emit || operation_.kind == Op::server_side) &&
                 line.size() - (args_end_ - args_begin_) <= remembered_max;
  if (like_before_) {
    before_args_.clear();
    before_args_.append(line.substr(0, args_begin_));
    behind_args_.clear();
    behind_args_.append(line.substr(args_end_));
  }
}

bool JsonLineParser::parse_whole(std::string_view line) {
  reset();
  transcode::JsonReader reader(line, json_options);
  Kind kind = Kind::nil;
  if (!reader.peek(kind)) {
    return refuse_json(line, reader.error());
  }
  if (kind == Kind::array) {
    return refuse("it is a JSON array; a batch has one JSON object a line, which jq -c '.[]' FILE makes of it");
  }
  if (kind != Kind::map) {
    return refuse("it is not a JSON object, like {\"event\":\"chat\",\"args\":[\"hello\"]}");
  }
  reader.begin_object();
  for (std::size_t before = reader.position(); reader.next_member(key_); before = reader.position()) {
    const Member member = member_of(key_.text());
    if (member == Member::unknown) {
      std::vector<std::string_view> names;
      std::transform(std::begin(members), std::end(members), std::back_inserter(names),
                     [](const MemberText& one) { return one.name; });
      const std::string_view meant = key_.text() == "namespace" ? "nsp" : text::closest(key_.text(), names);
      return refuse_at(
          line, line.find('"', before),
          "there is no member " + quoted(key_.text()) + (meant.empty() ? "" : " (did you mean " + quoted(meant) + "?)"));
    }
    if (!take_member(line, reader, member)) {
      return false;
    }
  }
  if (!reader.finish()) {
    return refuse_json(line, reader.error());
  }
  return resolve();
}

void JsonLineParser::reset() {
  ends_early_ = false;
  args_times_ = 0;
  op_.given = event_.given = args_given_ = nsp_.given = false;
  to_.given = rooms_.given = except_.given = false;
  volatile_.reset();
  compress_.reset();
  close_.reset();
  all_.reset();
  at_ms_.reset();
}

bool JsonLineParser::refuse_json(std::string_view line, const DecodeError& error) {
  ends_early_ = error.code == Errc::truncated;
  return refuse("it is not JSON: " + text::json_problem(line, error));
}

/// Reads the value of a member. A null counts as an absent member, except where it would select others, or everybody.
bool JsonLineParser::take_member(std::string_view line, transcode::JsonReader& reader, Member member) {
  Kind kind = Kind::nil;
  if (reader.peek(kind)) [[likely]] {
    const std::size_t start = reader.position();
    const bool selects = member == Member::to || member == Member::rooms || member == Member::except || member == Member::nsp;
    if (kind == Kind::nil && selects) {
      return refuse(quoted(key_.text()) + " is null, which chooses nobody and not everybody: leave the member out, or write " +
                    (member == Member::nsp ? "a name" : "a list; [] is an empty one") + " (column " +
                    std::to_string(text::column(line, start)) + ")");
    }
    if (kind == Kind::nil ? reader.null() : take_value(line, reader, member, start)) [[likely]] {
      return true;
    }
    if (reader.ok()) {
      return false;  // take_value() has stored the reason
    }
    if (reader.error().code == Errc::wrong_type) {
      return refuse(quoted(key_.text()) + " must be " + expected(member) + " (column " +
                    std::to_string(text::column(line, start)) + ")");
    }
  }
  return refuse_json(line, reader.error());
}

bool JsonLineParser::take_value(std::string_view line, transcode::JsonReader& reader, Member member, std::size_t start) {
  switch (member) {
    case Member::op: return take_text(reader, op_);
    case Member::event: return take_text(reader, event_);
    case Member::nsp: return take_text(reader, nsp_);
    case Member::args: {
      Kind kind = Kind::nil;
      args_.clear();
      args_given_ = true;
      ++args_times_;
      args_begin_ = start;
      reader.peek(kind);
      if (kind != Kind::array) {
        return reader.fail(Errc::wrong_type, start);
      }
      reader.value(args_);
      args_end_ = reader.position();
      return reader.ok();
    }
    case Member::to:
    case Member::rooms:
    case Member::except: return take_rooms(line, reader, member, start);
    case Member::is_volatile: return reader.boolean(volatile_.emplace());
    case Member::compress: return reader.boolean(compress_.emplace());
    case Member::close: return reader.boolean(close_.emplace());
    case Member::all: return reader.boolean(all_.emplace());
    case Member::at_ms: return take_time(reader, start);
    case Member::unknown: break;
  }
  return false;
}

bool JsonLineParser::take_text(transcode::JsonReader& reader, Text& text) {
  text.value.clear();
  text.given = true;
  return reader.text(text.value);
}

bool JsonLineParser::take_time(transcode::JsonReader& reader, std::size_t start) {
  double number = 0;
  if (!reader.number(number)) {
    return false;
  }
  if (number < 0 || number > at_ms_max || number != std::trunc(number)) {
    return reader.fail(Errc::wrong_type, start);
  }
  at_ms_ = static_cast<std::uint64_t>(number);
  return true;
}

bool JsonLineParser::take_rooms(std::string_view line, transcode::JsonReader& reader, Member member, std::size_t start) {
  List& list = member == Member::to ? to_ : member == Member::rooms ? rooms_ : except_;
  list.given = true;
  switch (list.names.read(reader)) {
    case RoomNames::Trouble::none: return true;
    case RoomNames::Trouble::json: return false;
    case RoomNames::Trouble::not_array: return reader.fail(Errc::wrong_type, start);
    case RoomNames::Trouble::not_a_room:
      return refuse_at(line, reader.position(), "a room in " + quoted(key_.text()) + " must be a string or a number");
    case RoomNames::Trouble::too_many:
      return refuse(quoted(key_.text()) + " names more than " + std::to_string(limits::rooms_max) + " rooms");
  }
  return false;
}

/// Requires ascending times in a replay: concatenated or unordered recordings would be sent in one burst.
bool JsonLineParser::check_time() {
  if (!is_replay_) {
    return true;
  }
  if (!at_ms_) {
    return refuse("there is no \"at_ms\", which each line of a recording has; what is none can be sent with --input");
  }
  if (*at_ms_ < before_at_ms_) {
    return refuse("its \"at_ms\" is less than " + std::to_string(before_at_ms_) + ", that of the line before");
  }
  before_at_ms_ = *at_ms_;
  return true;
}

// ---- meaning of the line ----------------------------------------------------------------------------------------------------

bool JsonLineParser::resolve() {
  if (!resolve_op() || !check_members() || !resolve_rooms() || !resolve_selection() || !resolve_nsp()) {
    return false;
  }
  resolve_flags();
  operation_.close = operation_.kind == Op::disconnect && close_.value_or(default_close_);
  return (operation_.kind != Op::emit && operation_.kind != Op::server_side) || pack_data();
}

bool JsonLineParser::resolve_op() {
  operation_.kind = default_op_;
  if (op_.is_empty()) {
    return true;
  }
  for (const Op op : {Op::emit, Op::join, Op::leave, Op::disconnect, Op::server_side}) {
    if (op_.value.text() == name_of(op)) {
      operation_.kind = op;
      return true;
    }
  }
  return refuse("\"op\" cannot be " + quoted(op_.value.text()) + ": it must be " + expected(Member::op));
}

/// Refuses members that do not belong to the operation, unless they are empty.
bool JsonLineParser::check_members() {
  const Op op = operation_.kind;
  const bool takes_event = op == Op::emit || op == Op::server_side;
  const bool to_servers = op == Op::server_side;
  const std::pair<bool, const char*> foreign[] = {
      {!takes_event && !event_.is_empty(), "event"},
      {!takes_event && args_given_ && args_.bytes()[0] != 0x90, "args"},
      {op != Op::emit && volatile_.value_or(false), "volatile"},
      {op != Op::emit && compress_.value_or(false), "compress"},
      {op != Op::disconnect && close_.value_or(false), "close"},
      {to_servers && all_.value_or(false), "all"},
      {to_servers && !to_.is_empty(), "to"},
      {to_servers && !rooms_.is_empty(), "rooms"},
      {to_servers && !except_.is_empty(), "except"},
  };
  const auto found = std::find_if(std::begin(foreign), std::end(foreign), [](const auto& member) { return member.first; });
  return found == std::end(foreign) ||
         refuse("\"" + std::string(found->second) + "\" does not belong to the operation \"" + name_of(op) + "\"");
}

bool JsonLineParser::resolve_rooms() {
  const bool moves = operation_.kind == Op::join || operation_.kind == Op::leave;
  if (moves) {
    rooms_.given ? rooms_slot_.take(rooms_.names) : rooms_slot_.copy(default_op_rooms_);
    if (operation_.rooms.empty()) {
      const std::string verb = name_of(operation_.kind);
      return refuse("\"" + verb + "\" needs \"rooms\", the rooms to " + verb);
    }
  } else if (!rooms_.is_empty() && to_.given) {
    return refuse(to_.names.empty()
                      ? "\"to\" is empty, which selects nobody, and \"rooms\" means the same here: leave one of them out"
                      : "\"to\" and \"rooms\" mean the same here: put all rooms into one of them");
  }
  // An empty list counts as absent: rooms that the options exclude stay excluded.
  !except_.is_empty() ? except_slot_.take(except_.names) : except_slot_.copy(default_except_);
  return true;
}

/// Sets the sockets that the operation selects: those in the line's rooms, nobody when its list is empty, else those in the
/// options' rooms, or everybody. Leave and disconnect select everybody only with "all" or --all. The line's list overrides the
/// options: --all does not turn an empty list into everybody. A server-side event with an empty list goes to no server.
bool JsonLineParser::resolve_selection() {
  const Op op = operation_.kind;
  const bool moves = op == Op::join || op == Op::leave;
  Target& target = operation_.target;
  const bool by_rooms = !moves && rooms_.given && (!to_.given || to_.names.empty());
  const bool given = to_.given || by_rooms;
  List& list = by_rooms ? rooms_ : to_;
  if (all_.value_or(false) && given && !list.names.empty()) {
    return refuse("\"all\" means everybody, \"" + std::string(by_rooms ? "rooms" : "to") +
                  "\" those in a room: leave one of them out");
  }
  const bool all = all_.value_or(default_all_);
  if (op == Op::server_side || (all_.value_or(false) && !given)) {
    target_slot_.copy({});
  } else {
    given ? target_slot_.take(list.names) : target_slot_.copy(default_rooms_);
  }
  target.nobody = given && target.rooms.empty() && !all_.value_or(false);
  const bool takes_away = op == Op::disconnect || op == Op::leave;
  if (takes_away && target.rooms.empty() && !target.nobody && !all) {
    return refuse(std::string("\"") + name_of(op) +
                  "\" without \"to\" is for everybody in the namespace: add \"all\":true if that is meant");
  }
  return true;
}

bool JsonLineParser::resolve_nsp() {
  const std::string_view name = nsp_.given ? nsp_.value.text() : std::string_view(default_nsp_);
  std::string& nsp = operation_.target.nsp;
  if (nsp == name) {
    return true;
  }
  if (name.find(',') != std::string_view::npos) {
    return refuse("\"nsp\" has a comma, which ends the name in a packet: no client could join that namespace");
  }
  nsp = name.starts_with('/') ? "" : "/";
  nsp += name;
  return true;
}

void JsonLineParser::resolve_flags() {
  Flags flags;
  if (volatile_.value_or(default_volatile_)) {
    flags.set_volatile();
  }
  if (const std::optional<bool> compress = compress_ ? compress_ : default_compress_) {
    flags.set_compress(*compress);
  }
  operation_.target.flags = flags;
}

bool JsonLineParser::pack_data() {
  if (event_.is_empty()) {
    return refuse("there is no \"event\"");
  }
  Item args;
  Cursor cursor(args_given_ ? args_.bytes() : Bytes{});
  if (args_given_) {
    cursor.next(args);
  }
  operation_.data.clear();
  pack::array_header(operation_.data, args.count + 1);
  pack::text(operation_.data, event_.value.text());
  if (args_given_) {
    operation_.data.append(args_.bytes_from(cursor.position()));
  }
  return true;
}

}  // namespace socketio::cli
