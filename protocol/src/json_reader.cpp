#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "json_scan.hpp"
#include "repeated_members.hpp"

namespace socketio::transcode {
namespace {

constexpr std::size_t stack_size = 1024;  // open containers, even if the options allow more

/// Builds the msgpack of one value, however deep, without recursion.
///
/// A container's header is one byte at first. Headers that cannot hold the final member count are recorded, and widened in one
/// pass at the end: widening each when its container closes would move the innermost bytes once per level. The same goes for
/// objects with repeated members.
class Assembler {
 public:
  Assembler(JsonScan& scan, Buffer& out, const JsonOptions& options, std::size_t depth_left) noexcept
      : scan_(scan),
        out_(out),
        depth_max_(std::min(depth_left, stack_size)),
        binary_members_(options.binary_members),
        proto_members_(options.proto_members) {}

  bool run() {
    for (;;) {
      bool whole = true;  // a value is complete; false: another one must follow
      if (!take_value(whole)) {
        return false;
      }
      while (whole) {
        if (depth_ == 0) {
          unrepeated_.empty() ? widen_headers() : rewrite();
          return true;
        }
        if (!after_value(whole)) {
          return false;
        }
      }
    }
  }

 private:
  struct Level {
    std::size_t header;  ///< position in `out`
    std::uint32_t count;
    bool map;
    std::size_t first_key;  ///< index in `keys_`
  };

  bool take_value(bool& whole) {
    scan_.skip_space();
    if (scan_.at == scan_.end) {
      return scan_.unexpected(scan_.at);
    }
    switch (*scan_.at) {
      case '"': return scan_.text_item(out_);
      case '{': return open(true, whole);
      case '[': return open(false, whole);
      case 't': return scan_.literal("true") && (pack::boolean(out_, true), true);
      case 'f': return scan_.literal("false") && (pack::boolean(out_, false), true);
      case 'n': return scan_.literal("null") && (pack::nil(out_), true);
      default: return number();
    }
  }

  bool number() {
    JsonNumber number;
    if (*scan_.at != '-' && !is_digit(*scan_.at)) {
      return scan_.unexpected(scan_.at);
    }
    if (!scan_.number(number)) {
      return false;
    }
    number.integral ? pack::integer(out_, number.integer) : pack::number(out_, number.real);
    return true;
  }

  bool open(bool map, bool& whole) {
    if (depth_ >= depth_max_) {
      return scan_.fail(Errc::too_deep, scan_.at);
    }
    levels_[depth_++] = {out_.size(), 0, map, keys_.size()};
    out_.push_back(0);
    ++scan_.at;
    binary_at_ = nullptr;
    scan_.skip_space();
    if (scan_.at != scan_.end && *scan_.at == (map ? '}' : ']')) {
      ++scan_.at;
      return close();
    }
    whole = false;
    return !map || key();
  }

  /// Reads what follows a value inside a container: a comma, with the next key in an object, or the container's end.
  bool after_value(bool& whole) {
    Level& level = levels_[depth_ - 1];
    if (drop_depth_ == depth_) {
      drop();
    } else if (++level.count == std::numeric_limits<std::uint32_t>::max()) {
      return scan_.fail(Errc::too_large, scan_.at);
    }
    scan_.skip_space();
    if (scan_.at == scan_.end) {
      return scan_.unexpected(scan_.at);
    }
    if (*scan_.at == ',') {
      ++scan_.at;
      whole = false;
      return !level.map || key();
    }
    if (*scan_.at != (level.map ? '}' : ']')) {
      return scan_.unexpected(scan_.at);
    }
    ++scan_.at;
    return close();
  }

  bool key() {
    using namespace std::string_view_literals;
    scan_.skip_space();
    if (scan_.at == scan_.end || *scan_.at != '"') {
      return scan_.unexpected(scan_.at);
    }
    const std::size_t start = out_.size();
    if (!scan_.text_item(out_) || !scan_.take(':')) {
      return false;
    }
    const std::string_view item = out_.text().substr(start);
    if (item == "\xa9__proto__"sv && drop_depth_ == 0 && !proto_members_) [[unlikely]] {
      drop_depth_ = depth_;
      drop_from_ = start;
      drop_binary_at_ = binary_at_;
    } else {
      keys_.push(start);
    }
    binary_at_ = nullptr;
    if (binary_members_ && levels_[depth_ - 1].count == 0 && item == "\xa7$binary"sv) [[unlikely]] {
      scan_.skip_space();
      binary_at_ = scan_.at != scan_.end && *scan_.at == '"' ? scan_.at : nullptr;
    }
    return true;
  }

  bool close() {
    Level& level = levels_[--depth_];
    if (level.map) {
      if (may_repeat(out_.data(), keys_.from(level.first_key), keys_.from(keys_.size()))) [[unlikely]] {
        look_for_repeated(level);
      }
      keys_.truncate(level.first_key);
    }
    if (binary_at_ != nullptr) [[unlikely]] {
      return make_binary(level.header);
    }
    if (level.count < 16) {
      out_.data()[level.header] = static_cast<std::uint8_t>((level.map ? 0x80U : 0x90U) | level.count);
    } else {
      wide_.push_back(level);
    }
    return true;
  }

  void look_for_repeated(Level& level) {
    Unrepeated object;
    object.header = level.header;
    if (find_repeated(out_.text(), keys_.from(level.first_key), keys_.size() - level.first_key, object)) {
      level.count = static_cast<std::uint32_t>(object.members.size());
      if (binary_members_ && level.count == 1 && is_binary(object.members[0])) {
        keep_only(object.members[0], level.header + 1);
      } else {
        unrepeated_.push_back(std::move(object));
      }
    }
  }

  [[nodiscard]] bool is_binary(const Unrepeated::Member& member) const {
    using namespace std::string_view_literals;
    const std::uint8_t first = out_.data()[member.value_at];
    const bool is_text = (first >= 0xa0 && first <= 0xbf) || (first >= 0xd9 && first <= 0xdb);
    return is_text && out_.text().substr(member.key_at, member.key_size) == "\xa7$binary"sv;
  }

  /// Keeps only the last of several "$binary" members, so that the object becomes binary.
  void keep_only(const Unrepeated::Member& member, std::size_t at) {
    std::string kept(out_.text().substr(member.key_at, member.key_size));
    kept += out_.text().substr(member.value_at, member.value_end - member.value_at);
    truncate(at);
    out_.append(kept);
    binary_at_ = scan_.at - 1;
  }

  /// Removes everything written from `size` on.
  void truncate(std::size_t size) noexcept {
    out_.truncate(size);
    while (!wide_.empty() && wide_.back().header >= size) {
      wide_.pop_back();
    }
    while (!unrepeated_.empty() && unrepeated_.back().header >= size) {
      unrepeated_.pop_back();
    }
  }

  /// Removes the member "__proto__", whose value is complete.
  void drop() noexcept {
    truncate(drop_from_);
    drop_depth_ = 0;
    binary_at_ = drop_binary_at_;
  }

  /// Replaces the object at `header`, which has the one text member "$binary", by bytes.
  bool make_binary(std::size_t header) {
    Item item;
    Cursor cursor(out_.bytes_from(header + 1 + std::string_view("?$binary").size()));
    Buffer bytes;
    if (!cursor.expect(Kind::text, item) || !base64::decode(bytes, item.text())) {
      return scan_.fail(Errc::bad_value, binary_at_);
    }
    out_.truncate(header);
    pack::binary(out_, bytes.bytes());
    binary_at_ = nullptr;
    return true;
  }

  /// Goes from the last header to the first, so that every byte moves at most once, and never onto one that has not moved yet.
  void widen_headers() {
    if (wide_.empty()) {
      return;
    }
    std::sort(wide_.begin(), wide_.end(), by_header);
    std::size_t grown = 0;
    for (const Level& level : wide_) {
      grown += level.count > 0xffff ? 4 : 2;
    }
    std::size_t body_end = out_.size();
    std::uint8_t* to_end = out_.reserve(grown) + grown;
    out_.commit(grown);
    for (auto level = wide_.rbegin(); level != wide_.rend(); ++level) {
      const std::size_t size = body_end - level->header - 1;
      to_end -= size;
      std::memmove(to_end, out_.data() + level->header + 1, size);
      const int count_bytes = level->count > 0xffff ? 4 : 2;
      for (int i = 0; i < count_bytes; ++i) {
        *--to_end = static_cast<std::uint8_t>(level->count >> (8 * i));
      }
      *--to_end = static_cast<std::uint8_t>((level->map ? 0xde : 0xdc) + (count_bytes == 4 ? 1 : 0));
      body_end = level->header;
    }
  }

  static constexpr auto by_header = [](const auto& a, const auto& b) { return a.header < b.header; };

  /// Writes the whole value again, without repeated members and with wide headers where they are needed: copies each byte once.
  void rewrite() {
    std::sort(wide_.begin(), wide_.end(), by_header);
    std::sort(unrepeated_.begin(), unrepeated_.end(), by_header);
    const std::size_t start = levels_[0].header;
    Buffer result;
    static_cast<void>(result.reserve(out_.size() - start));
    copy(result, start, out_.size());
    out_.truncate(start);
    out_.append(result.bytes());
  }

  /// Recursive for the values of objects that had repeated members, to the depth at which these are nested.
  void copy(Buffer& to, std::size_t from, std::size_t end) {
    const auto is_before = [](const auto& one, std::size_t at) { return one.header < at; };
    while (from != end) {
      const auto wide = std::lower_bound(wide_.begin(), wide_.end(), from, is_before);
      const auto object = std::lower_bound(unrepeated_.begin(), unrepeated_.end(), from, is_before);
      const std::size_t header =
          std::min(wide == wide_.end() ? end : wide->header, object == unrepeated_.end() ? end : object->header);
      if (header >= end) {
        to.append(out_.text().substr(from, end - from));
        return;
      }
      to.append(out_.text().substr(from, header - from));
      if (wide != wide_.end() && wide->header == header) {
        wide->map ? pack::map_header(to, wide->count) : pack::array_header(to, wide->count);
      } else {
        to.push_back(out_.data()[header]);
      }
      from = header + 1;
      if (object != unrepeated_.end() && object->header == header) {
        for (const Unrepeated::Member& member : object->members) {
          to.append(out_.text().substr(member.key_at, member.key_size));
          copy(to, member.value_at, member.value_end);
        }
        from = object->end;
      }
    }
  }

  JsonScan& scan_;
  Buffer& out_;
  const std::size_t depth_max_;
  const bool binary_members_;
  const bool proto_members_;
  std::size_t depth_ = 0;
  std::size_t drop_depth_ = 0;            ///< depth of the object whose "__proto__" is being read; 0: none
  std::size_t drop_from_ = 0;             ///< position in `out` where that member begins
  const char* drop_binary_at_ = nullptr;  ///< binary_at_ as it was before that member
  const char* binary_at_ = nullptr;       ///< the text of "$binary", as long as that is the only member
  std::vector<Level> wide_;               ///< containers whose header does not hold their count
  std::vector<Unrepeated> unrepeated_;    ///< objects that have repeated members
  KeyStack keys_;
  Level levels_[stack_size];              // not initialised: only levels below depth_ are read
};

/// Determines the kind of a value from its first character.
bool kind_of(char first, Kind& kind) noexcept {
  switch (first) {
    case '"': kind = Kind::text; return true;
    case '{': kind = Kind::map; return true;
    case '[': kind = Kind::array; return true;
    case 't':
    case 'f': kind = Kind::boolean; return true;
    case 'n': kind = Kind::nil; return true;
    default: kind = Kind::real; return first == '-' || is_digit(first);
  }
}

bool next_kind(JsonScan& scan, Kind& kind) noexcept {
  scan.skip_space();
  return (scan.at != scan.end && kind_of(*scan.at, kind)) || scan.unexpected(scan.at);
}

bool expect(JsonScan& scan, Kind kind) noexcept {
  Kind found = Kind::nil;
  return next_kind(scan, found) && (found == kind || scan.fail(Errc::wrong_type, scan.at));
}

}  // namespace

bool JsonReader::fail(Errc code, std::size_t offset_bytes) noexcept {
  if (!failed_) {
    failed_ = true;
    error_ = {code, offset_bytes};
  }
  return false;
}

/// Runs `step` on a scan of the remaining text, unless there was a failure before, and continues from where the scan stopped.
template <typename Step>
bool JsonReader::advance(Step step) {
  if (failed_) {
    return false;
  }
  JsonScan scan(text_, position_, options_);
  const bool good = step(scan);
  position_ = static_cast<std::size_t>(scan.at - scan.begin);
  return good || fail(scan.error.code, scan.error.offset_bytes);
}

bool JsonReader::peek(Kind& kind) noexcept {
  return advance([&](JsonScan& scan) { return next_kind(scan, kind); });
}

bool JsonReader::value(Buffer& out) {
  return advance([&](JsonScan& scan) {
    return Assembler(scan, out, options_, options_.depth_max - std::min(depth_, options_.depth_max)).run();
  });
}

bool JsonReader::text(Buffer& out) {
  return advance([&](JsonScan& scan) {
    RawText raw;
    return expect(scan, Kind::text) && scan.raw_text(raw) && scan.append_text(raw, out);
  });
}

bool JsonReader::number(double& value) noexcept {
  return advance([&](JsonScan& scan) {
    JsonNumber number;
    if (!expect(scan, Kind::real) || !scan.number(number)) {
      return false;
    }
    value = number.as_double();
    return true;
  });
}

bool JsonReader::boolean(bool& value) noexcept {
  return advance([&](JsonScan& scan) {
    if (!expect(scan, Kind::boolean)) {
      return false;
    }
    value = *scan.at == 't';
    return scan.literal(value ? "true" : "false");
  });
}

bool JsonReader::null() noexcept {
  return advance([](JsonScan& scan) { return expect(scan, Kind::nil) && scan.literal("null"); });
}

bool JsonReader::begin(Kind kind) noexcept {
  return advance([&](JsonScan& scan) {
    if (!expect(scan, kind)) {
      return false;
    }
    if (depth_ >= options_.depth_max) {
      return scan.fail(Errc::too_deep, scan.at);
    }
    ++scan.at;
    ++depth_;
    first_ = true;
    return true;
  });
}

bool JsonReader::begin_array() noexcept { return begin(Kind::array); }

bool JsonReader::begin_object() noexcept { return begin(Kind::map); }

/// Reads the comma before the next value, if there must be one, or the end of the container, which sets `more` to false.
template <typename Scan>
bool JsonReader::separator(Scan& scan, char closing, bool& more) noexcept {
  assert(depth_ > 0);
  const bool first = std::exchange(first_, false);
  scan.skip_space();
  if (scan.at != scan.end && *scan.at == closing) {
    ++scan.at;
    --depth_;
    more = false;
    return true;
  }
  return first ? scan.at != scan.end || scan.unexpected(scan.at) : scan.take(',');
}

bool JsonReader::next_element() noexcept {
  bool more = true;
  return advance([&](JsonScan& scan) { return separator(scan, ']', more); }) && more;
}

bool JsonReader::next_member(Buffer& key) {
  key.clear();
  bool more = true;
  const auto member = [&](JsonScan& scan) {
    RawText raw;
    if (!separator(scan, '}', more) || !more) {
      return !more;
    }
    scan.skip_space();
    if (scan.at == scan.end || *scan.at != '"') {
      return scan.unexpected(scan.at);
    }
    return scan.raw_text(raw) && scan.append_text(raw, key) && scan.take(':');
  };
  return advance(member) && more;
}

bool JsonReader::finish() noexcept {
  return advance([](JsonScan& scan) {
    scan.skip_space();
    return scan.at == scan.end || scan.fail(Errc::trailing_bytes, scan.at);
  });
}

Result<void> json_to_msgpack(std::string_view json, Buffer& out, const JsonOptions& options) {
  const std::size_t size = out.size();
  JsonReader reader(json, options);
  if (!reader.value(out) || !reader.finish()) {
    out.truncate(size);
    return reader.error();
  }
  return {};
}

}  // namespace socketio::transcode
