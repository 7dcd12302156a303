#include "engine_jsonp.hpp"

#include <algorithm>
#include <string>

#include <socketio/protocol/query_string.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio::server::engine_jsonp {

// Encodes JSON, and escapes the line separators U+2028 and U+2029, which old scripts take for ends of lines.
void encode(Buffer& out, std::string_view index, std::string_view body) {
  Buffer json;
  transcode::append_json_string(json, body);
  out.append(std::string_view("___eio["));
  out.append(index);
  out.append(std::string_view("]("));
  std::string_view rest = json.text();
  while (!rest.empty()) {
    const std::size_t position = std::min(rest.find("\xe2\x80"), rest.size());
    out.append(rest.substr(0, position));
    rest.remove_prefix(position);
    if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      out.append(std::string_view(rest[2] == '\xa8' ? "\\u2028" : "\\u2029"));
      rest.remove_prefix(3);
    } else {
      const std::size_t other = std::min<std::size_t>(rest.size(), 2);
      out.append(rest.substr(0, other));
      rest.remove_prefix(other);
    }
  }
  out.append(std::string_view(");"));
}

void decode(Buffer& out, std::string_view form) {
  std::string text;
  query_string::for_each(form, [&text](std::string name, std::string value) {
    if (name == "d") {
      text = std::move(value);
    }
  });
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.starts_with("\\\\n")) {
      out.append(std::string_view("\\n"));
      i += 2;
    } else if (rest.starts_with("\\n")) {
      out.push_back('\n');
      i += 1;
    } else {
      out.push_back(static_cast<std::uint8_t>(text[i]));
    }
  }
}

}  // namespace socketio::server::engine_jsonp
