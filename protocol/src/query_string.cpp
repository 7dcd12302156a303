#include <socketio/protocol/query_string.hpp>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <socketio/common/hex.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio::query_string {
namespace {

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? hex::byte(text.substr(i + 1)) : -1;
    if (byte >= 0) {
      bytes += static_cast<char>(byte);
      i += 2;
    } else {
      bytes += text[i] == '+' ? ' ' : text[i];
    }
  }
  if (utf8::valid(bytes)) {
    return bytes;
  }
  Buffer repaired;
  utf8::append_repaired(repaired, bytes);
  return std::string(repaired.text());
}

/// Names in their order, each with its values.
class Names {
 public:
  void add(std::string name, std::string value) {
    const auto [place, is_new] = places_.try_emplace(name, names_.size());
    if (is_new) {
      names_.emplace_back(std::move(name), std::vector<std::string>());
    }
    names_[place->second].second.push_back(std::move(value));
  }

  void pack(Buffer& out) const {
    pack::map_header(out, static_cast<std::uint32_t>(names_.size()));
    for (const auto& [name, values] : names_) {
      pack::text(out, name);
      if (values.size() > 1) {
        pack::array_header(out, static_cast<std::uint32_t>(values.size()));
      }
      for (const std::string& value : values) {
        pack::text(out, value);
      }
    }
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> names_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

void for_each(std::string_view query, const std::function<void(std::string name, std::string value)>& pair) {
  for (std::size_t left = limits::query_names_max; left > 0 && !query.empty();) {
    const std::string_view text = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(text.size() + 1, query.size()));
    if (text.empty()) {
      continue;
    }
    const std::size_t equals = std::min(text.find('='), text.size());
    pair(unescape(text.substr(0, equals)), unescape(text.substr(std::min(equals + 1, text.size()))));
    --left;
  }
}

void to_msgpack(Buffer& out, std::string_view query) {
  Names names;
  for_each(query, [&names](std::string name, std::string value) { names.add(std::move(name), std::move(value)); });
  names.pack(out);
}

}  // namespace socketio::query_string
