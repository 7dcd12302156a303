#pragma once

#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio::cli {

/// Appends a JSON object to a buffer, member by member.
class JsonObject {
 public:
  explicit JsonObject(Buffer& out) : out_(out) {}

  /// Begins a member; its value must be appended to the result.
  Buffer& member(std::string_view name) {
    out_.append(is_first_ ? "{\"" : ",\"");
    is_first_ = false;
    out_.append(name);
    out_.append("\":");
    return out_;
  }
  JsonObject& text(std::string_view name, std::string_view value) {
    transcode::append_json_string(member(name), value);
    return *this;
  }
  /// `value`  is JSON.
  JsonObject& json(std::string_view name, std::string_view value) {
    member(name).append(value);
    return *this;
  }
  template <typename Number>
  JsonObject& number(std::string_view name, Number value) {
    return json(name, std::to_string(value));
  }
  template <typename Texts>
  JsonObject& texts(std::string_view name, const Texts& texts) {
    append_texts(member(name), texts);
    return *this;
  }
  JsonObject& packed(std::string_view name, Bytes value) {
    append_packed(member(name), value);
    return *this;
  }
  /// Ends the object, and the line.
  void end_line() { out_.append("}\n"); }

  /// Appends a packed value, in which binary is {"$binary":"<base64>"}, as socketio-emit reads it; null when it is empty.
  static void append_packed(Buffer& out, Bytes packed) {
    transcode::MsgpackOptions options;
    options.binary = transcode::BinaryForm::base64;
    const std::size_t before = out.size();
    if (packed.empty() || !transcode::msgpack_to_json(packed, out, options).ok()) {
      out.truncate(before);
      out.append("null");
    }
  }
  /// Appends ["a","b"].
  template <typename Texts>
  static void append_texts(Buffer& out, const Texts& texts) {
    const char* before = "[";
    for (const std::string_view text : texts) {
      out.append(std::string_view(before));
      transcode::append_json_string(out, text);
      before = ",";
    }
    out.append(texts.empty() ? "[]" : "]");
  }

 private:
  Buffer& out_;
  bool is_first_ = true;
};

}  // namespace socketio::cli
