#include <socketio/server/handshake.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>

#include "http/http_text.hpp"

namespace socketio {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint8_t empty_object[] = {0x80};

/// set-cookie is the one header that may occur several times: it is an array, as in Node.
void pack_headers(Buffer& out, const Pairs& headers) {
  static constexpr std::string_view repeated = "set-cookie";
  const auto is_repeated = [](const auto& header) { return header.first == repeated; };
  const auto cookies = std::count_if(headers.begin(), headers.end(), is_repeated);
  pack::map_header(out,
                   static_cast<std::uint32_t>(static_cast<std::ptrdiff_t>(headers.size()) - cookies + (cookies > 0 ? 1 : 0)));
  for (const auto& [name, value] : headers) {
    if (name != repeated) {
      pack::text(out, name);
      pack::text(out, value);
    }
  }
  if (cookies > 0) {
    pack::text(out, repeated);
    pack::array_header(out, static_cast<std::uint32_t>(cookies));
    for (const auto& header : headers) {
      if (is_repeated(header)) {
        pack::text(out, header.second);
      }
    }
  }
}

void pack_pairs(Buffer& out, const Pairs& pairs) {
  pack::map_header(out, static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    pack::text(out, name);
    pack::text(out, value);
  }
}

Pairs unpack_pairs(Bytes packed) {
  Pairs pairs;
  Cursor cursor(packed);
  Item header;
  const std::uint32_t count = cursor.expect(Kind::map, header) ? header.count : 0;
  for (std::uint32_t index = 0; index < count; ++index) {
    const auto name = Value(cursor.skip_view()).as<std::string_view>().value_or("");
    const Value value(cursor.skip_view());
    if (!cursor.ok()) {
      break;
    }
    if (const auto text = value.as<std::string_view>()) {
      pairs.emplace_back(name, *text);
      continue;
    }
    for (const Value element : Arguments::of_array(value.packed())) {
      pairs.emplace_back(name, element.as<std::string_view>().value_or(""));
    }
  }
  return pairs;
}

}  // namespace

Value Handshake::auth() const noexcept { return Value(auth_packed.empty() ? Bytes(empty_object) : auth_packed.bytes()); }
std::string_view Handshake::header(std::string_view name) const noexcept { return server::value_of(headers, name); }
std::string_view Handshake::query_value(std::string_view name) const noexcept { return server::value_of(query, name); }

std::string Handshake::time() const {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(issued_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[80];
  std::snprintf(text, sizeof text, "%s %s %02d %04d %02d:%02d:%02d GMT+0000 (Coordinated Universal Time)",
                days[static_cast<std::size_t>(parts.tm_wday) % 7], months[static_cast<std::size_t>(parts.tm_mon) % 12],
                parts.tm_mday, parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

void Handshake::pack(Buffer& out) const {
  pack::map_header(out, 9);
  pack::text(out, "headers");
  pack_headers(out, headers);
  pack::text(out, "time");
  pack::text(out, time());
  pack::text(out, "address");
  pack::text(out, address);
  pack::text(out, "xdomain");
  pack::boolean(out, xdomain);
  pack::text(out, "secure");
  pack::boolean(out, secure);
  pack::text(out, "issued");
  pack::integer(out, issued_ms);
  pack::text(out, "url");
  pack::text(out, url);
  pack::text(out, "query");
  pack_pairs(out, query);
  pack::text(out, "auth");
  out.append(auth().packed());
}

Handshake Handshake::unpack(Bytes packed) {
  const Value map(packed);
  Handshake handshake;
  handshake.headers = unpack_pairs(map.member("headers").packed());
  handshake.query = unpack_pairs(map.member("query").packed());
  handshake.address = map.member("address").as<std::string_view>().value_or("");
  handshake.url = map.member("url").as<std::string_view>().value_or("");
  handshake.issued_ms = map.member("issued").as<std::int64_t>().value_or(0);
  handshake.xdomain = map.member("xdomain").as<bool>().value_or(false);
  handshake.secure = map.member("secure").as<bool>().value_or(false);
  handshake.auth_packed.append(map.member("auth").packed());
  return handshake;
}

}  // namespace socketio
