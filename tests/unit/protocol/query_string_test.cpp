#include <string>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/query_string.hpp>

#include "support/golden.hpp"

namespace query_string_test {

using namespace socketio;
using golden::Json;

namespace {

Json parsed(std::string_view query) {
  Buffer out;
  query_string::to_msgpack(out, query);
  return golden::to_notation(out.bytes());
}

}  // namespace

TEST_CASE("query_string: names and values are what Node's querystring.parse() gives") {
  CHECK(parsed("") == Json::object());
  CHECK(parsed("EIO=4&transport=polling&t=abc") == Json{{"EIO", "4"}, {"transport", "polling"}, {"t", "abc"}});
  CHECK(parsed("a=1&b=x+y&b=%41&a") == Json{{"a", {"1", ""}}, {"b", {"x y", "A"}}});
  CHECK(parsed("&&a&&=b&c==d=&") == Json{{"a", ""}, {"", "b"}, {"c", "=d="}});
  CHECK(parsed("caf%C3%A9=%e2%82%ac&+%2B=%26") == Json{{"café", "€"}, {" +", "&"}});
}

TEST_CASE("query_string: bad escapes stay, and bad UTF-8 is repaired") {
  CHECK(parsed("a=%&b=%4&c=%zz&d=%4g%41") == Json{{"a", "%"}, {"b", "%4"}, {"c", "%zz"}, {"d", "%4gA"}});
  CHECK(parsed("a=%ff&b=%e2%82") == Json{{"a", "\xef\xbf\xbd"}, {"b", "\xef\xbf\xbd"}});
  CHECK(parsed("a=\xff") == Json{{"a", "\xef\xbf\xbd"}});
}

TEST_CASE("query_string: only so many pairs are read") {
  std::string query;
  for (std::size_t i = 0; i < 2 * limits::query_names_max; ++i) {
    query += "&n" + std::to_string(i) + "=";
  }
  CHECK(parsed(query).size() == limits::query_names_max);
}

}  // namespace query_string_test
