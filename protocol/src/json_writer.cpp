#include <algorithm>
#include <cassert>
#include <cmath>
#include <string_view>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "js_date.hpp"
#include "json_scan.hpp"

namespace socketio::transcode {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t levels_at_once = 1024;  // open containers, even if the options allow more

void append_escape(Buffer& out, char character) {
  switch (character) {
    case '"': return out.append("\\\""sv);
    case '\\': return out.append("\\\\"sv);
    case '\b': return out.append("\\b"sv);
    case '\f': return out.append("\\f"sv);
    case '\n': return out.append("\\n"sv);
    case '\r': return out.append("\\r"sv);
    case '\t': return out.append("\\t"sv);
    default: break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  out.append("\\u00"sv);
  out.push_back(static_cast<std::uint8_t>(digits[static_cast<std::uint8_t>(character) >> 4]));
  out.push_back(static_cast<std::uint8_t>(digits[static_cast<std::uint8_t>(character) & 15]));
}

void append_unit_escape(Buffer& out, char32_t unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.append("\\u"sv);
  for (int shift = 12; shift >= 0; shift -= 4) {
    out.push_back(static_cast<std::uint8_t>(digits[(unit >> shift) & 15]));
  }
}

/// Appends text in which only lone surrogates need an escape. Two surrogates that form a pair become one code point, as in
/// JavaScript.
void append_unescaped(Buffer& out, std::string_view text) {
  if (utf8::valid(text)) {
    out.append(text);
    return;
  }
  constexpr std::size_t surrogate_size = 3;
  for (;;) {
    const std::size_t at = utf8::find_surrogate(text);
    utf8::append_repaired(out, text.substr(0, at));
    if (at == text.size()) {
      return;
    }
    const char32_t unit = utf8::surrogate_at(text, at);
    text.remove_prefix(at + surrogate_size);
    if (unit < 0xdc00 && !text.empty() && utf8::find_surrogate(text.substr(0, surrogate_size)) == 0) {
      if (const char32_t low = utf8::surrogate_at(text, 0); low >= 0xdc00) {
        utf8::append_code_point(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        text.remove_prefix(surrogate_size);
        continue;
      }
    }
    append_unit_escape(out, unit);
  }
}

/// Appends escaped text, without the quotes around it.
void append_escaped(Buffer& out, std::string_view text) {
  const char* from = text.data();
  const char* const end = from + text.size();
  while (from != end) {
    std::uint64_t seen = 0;
    const char* const special = find_special(from, end, seen);
    const std::string_view run(from, static_cast<std::size_t>(special - from));
    has_non_ascii(seen) ? append_unescaped(out, run) : out.append(run);
    if (special == end) {
      return;
    }
    append_escape(out, *special);
    from = special + 1;
  }
}

void append_integer(Buffer& out, const Item& item) {
  item.negative ? js_number::append(out, static_cast<std::int64_t>(item.bits)) : js_number::append(out, item.bits);
}

/// Writes the JSON of one msgpack value, however deep, without recursion.
class Writer {
 public:
  Writer(Bytes input, Buffer& out, const MsgpackOptions& options) noexcept
      : cursor_(input, std::min(options.depth_max, levels_at_once)),
        out_(out),
        options_(options),
        depth_max_(std::min(options.depth_max, levels_at_once)) {}

  Result<void> run() {
    if (!value() || !containers()) {
      return cursor_.error();
    }
    if (!cursor_.at_end()) {
      return DecodeError{Errc::trailing_bytes, cursor_.position()};
    }
    return {};
  }

 private:
  struct Level {
    std::uint32_t left;  ///< items or pairs left
    bool map;
    bool first;  ///< nothing was written yet
  };

  /// Writes until all open containers are closed.
  bool containers() {
    while (depth_ > 0) {
      Level& level = levels_[depth_ - 1];
      if (level.left == 0) {
        out_.push_back(level.map ? '}' : ']');
        --depth_;
        continue;
      }
      --level.left;
      if (!(level.map ? member(level) : element(level))) {
        return false;
      }
    }
    return true;
  }

  void comma(const Level& level) {
    if (!level.first) {
      out_.push_back(',');
    }
  }

  bool element(Level& level) {
    comma(level);
    level.first = false;
    return value();
  }

  /// Writes a member, and removes it again if JavaScript would not write it.
  bool member(Level& level) {
    const std::size_t start = out_.size();
    comma(level);
    const std::size_t key_start = out_.size();
    if (!key()) {
      return false;
    }
    if (!options_.proto_members && out_.text().substr(key_start) == "\"__proto__\""sv) {
      out_.truncate(start);
      return cursor_.skip(depth_);
    }
    out_.push_back(':');
    Item item;
    if (!cursor_.next(item)) {
      return false;
    }
    if (is_undefined(item)) {
      out_.truncate(start);
      return true;
    }
    level.first = false;
    return write(item);
  }

  bool value() {
    Item item;
    return cursor_.next(item) && write(item);
  }

  bool write(const Item& item) {
    switch (item.kind) {
      case Kind::nil: out_.append("null"sv); break;
      case Kind::boolean: out_.append(item.boolean ? "true"sv : "false"sv); break;
      case Kind::integer: append_integer(out_, item); break;
      case Kind::real: std::isfinite(item.real) ? js_number::append(out_, item.real) : out_.append("null"sv); break;
      case Kind::text: append_json_string(out_, item.text()); break;
      case Kind::binary: binary(item.body); break;
      case Kind::array:
      case Kind::map: return open(item);
      case Kind::extension: extension(item); break;
    }
    return true;
  }

  bool open(const Item& item) {
    if (depth_ >= depth_max_) {
      return cursor_.fail(Errc::too_deep, item.offset);
    }
    const bool map = item.kind == Kind::map;
    levels_[depth_++] = {item.count, map, true};
    out_.push_back(map ? '{' : '[');
    return true;
  }

  void binary(Bytes bytes) {
    switch (options_.binary) {
      case BinaryForm::node_buffer: return node_buffer(bytes);
      case BinaryForm::base64:
        out_.append("{\"$binary\":\""sv);
        base64::encode(out_, bytes);
        return out_.append("\"}"sv);
      case BinaryForm::placeholder:
        assert(options_.attachments != nullptr);
        out_.append("{\"_placeholder\":true,\"num\":"sv);
        js_number::append(out_, std::uint64_t{options_.attachments->size()});
        out_.push_back('}');
        return options_.attachments->push_back(bytes);
    }
  }

  void node_buffer(Bytes bytes) {
    out_.append("{\"type\":\"Buffer\",\"data\":["sv);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i != 0) {
        out_.push_back(',');
      }
      js_number::append(out_, std::uint64_t{bytes[i]});
    }
    out_.append("]}"sv);
  }

  void extension(const Item& item) {
    if (is_undefined(item)) {
      return out_.append("null"sv);
    }
    if (const auto date = date_of(item)) {
      const std::size_t start = out_.size();
      out_.push_back('"');
      if (js_date::append_iso(out_, *date)) {
        return out_.push_back('"');
      }
      out_.truncate(start);
      return out_.append("null"sv);
    }
    if (const auto bytes = array_buffer_of(item)) {
      return binary(*bytes);
    }
    out_.push_back('[');
    js_number::append(out_, std::int64_t{item.extension_type});
    out_.push_back(',');
    binary(item.body);
    out_.push_back(']');
  }

  /// Writes a map's key as JavaScript's String() converts it, quoted. Arrays are joined with commas, and so are the arrays in
  /// them: one count of the items left is enough for all levels.
  bool key() {
    Item item;
    if (!cursor_.next(item)) {
      return false;
    }
    if (item.kind == Kind::text) {
      append_json_string(out_, item.text());
      return true;
    }
    if ((item.kind == Kind::array || item.kind == Kind::map) && depth_ >= depth_max_) {
      return cursor_.fail(Errc::too_deep, item.offset);
    }
    out_.push_back('"');
    if (item.kind == Kind::array ? !joined_key(item) : !key_part(item, false)) {
      return false;
    }
    out_.push_back('"');
    return true;
  }

  bool joined_key(const Item& array) {
    // Checks the nesting; the items read below are then known to be well formed.
    Cursor inside = cursor_;
    for (std::uint32_t i = 0; i < array.count; ++i) {
      if (!inside.skip(depth_ + 1)) {
        return cursor_.fail(inside.error().code, inside.error().offset_bytes);
      }
    }
    bool after_opening = true;
    for (std::uint64_t left = array.count; left > 0; --left) {
      Item item;
      if (!cursor_.next(item)) {
        return false;
      }
      if (!after_opening) {
        out_.push_back(',');
      }
      after_opening = item.kind == Kind::array && item.count > 0;
      if (item.kind == Kind::array) {
        left += item.count;
      } else if (!key_part(item, true)) {
        return false;
      }
    }
    return true;
  }

  bool key_part(const Item& item, bool in_array) {
    switch (item.kind) {
      case Kind::nil: out_.append(in_array ? ""sv : "null"sv); break;
      case Kind::boolean: out_.append(item.boolean ? "true"sv : "false"sv); break;
      case Kind::integer: append_integer(out_, item); break;
      case Kind::real: js_number::append(out_, item.real); break;
      case Kind::text:
      case Kind::binary: append_escaped(out_, item.text()); break;
      case Kind::array: break;  // its items are written by the caller
      case Kind::map: out_.append("[object Object]"sv); return skip_members(item);
      case Kind::extension: extension_key_part(item, in_array); break;
    }
    return true;
  }

  void extension_key_part(const Item& item, bool in_array) {
    if (is_undefined(item)) {
      return out_.append(in_array ? ""sv : "undefined"sv);
    }
    if (const auto date = date_of(item)) {
      return js_date::append_iso(out_, *date) ? void() : out_.append("Invalid Date"sv);
    }
    if (array_buffer_of(item)) {
      return out_.append("[object ArrayBuffer]"sv);
    }
    js_number::append(out_, std::int64_t{item.extension_type});
    out_.push_back(',');
    append_escaped(out_, item.text());
  }

  bool skip_members(const Item& map) {
    for (std::uint64_t left = std::uint64_t{map.count} * 2; left > 0; --left) {
      if (!cursor_.skip(depth_ + 1)) {
        return false;
      }
    }
    return true;
  }

  Cursor cursor_;
  Buffer& out_;
  const MsgpackOptions& options_;
  const std::size_t depth_max_;
  std::size_t depth_ = 0;
  Level levels_[levels_at_once];  // not initialised: only levels below depth_ are read
};

}  // namespace

Result<void> msgpack_to_json(Bytes input, Buffer& out, const MsgpackOptions& options) {
  const std::size_t size = out.size();
  const std::size_t attachment_count = options.attachments == nullptr ? 0 : options.attachments->size();
  const Result<void> result = Writer(input, out, options).run();
  if (!result.ok()) {
    out.truncate(size);
    if (options.attachments != nullptr) {
      options.attachments->resize(attachment_count);
    }
  }
  return result;
}

void append_json_string(Buffer& out, std::string_view text) {
  const char* const end = text.data() + text.size();
  std::uint64_t seen = 0;
  if (find_special(text.data(), end, seen) == end && !has_non_ascii(seen)) {  // the usual case: checks the capacity once
    std::uint8_t* const to = out.reserve(text.size() + 2);
    to[0] = '"';
    std::copy(text.begin(), text.end(), to + 1);
    to[text.size() + 1] = '"';
    out.commit(text.size() + 2);
    return;
  }
  out.push_back('"');
  append_escaped(out, text);
  out.push_back('"');
}

}  // namespace socketio::transcode
