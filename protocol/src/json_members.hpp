#pragma once

#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio {

/// Appends a JSON object member by member. The destructor closes the object.
class JsonMembers {
 public:
  explicit JsonMembers(Buffer& out) : out_(out) { out_.push_back('{'); }
  JsonMembers(const JsonMembers&) = delete;
  JsonMembers& operator=(const JsonMembers&) = delete;
  ~JsonMembers() { out_.push_back('}'); }

  /// Appends the name; the caller appends the value. `name` needs no escaping.
  Buffer& name(std::string_view name) {
    out_.push_back(first_ ? '"' : ',');
    if (!first_) {
      out_.push_back('"');
    }
    first_ = false;
    out_.append(name);
    out_.append("\":");
    return out_;
  }
  void text(std::string_view member, std::string_view value) { transcode::append_json_string(name(member), value); }
  /// Leaves an empty text out.
  void optional_text(std::string_view member, std::string_view value) {
    if (!value.empty()) {
      text(member, value);
    }
  }
  void integer(std::string_view member, std::uint64_t value) { js_number::append(name(member), value); }
  void boolean(std::string_view member, bool value) { name(member).append(value ? "true" : "false"); }

 private:
  Buffer& out_;
  bool first_ = true;
};

}  // namespace socketio
