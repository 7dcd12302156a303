// Paths of routes, and what of a URL they take.

#include <doctest/doctest.h>

#include <string>

#include <socketio/common/error.hpp>

#include "http/route_path.hpp"

namespace route_path_test {

using socketio::Error;
using socketio::server::RoutePath;
using socketio::server::split_path;

namespace {

/// "name=value;" of each parameter; "-" when the path does not match.
std::string match(const std::string& pattern, const std::string& path) {
  const auto segments = split_path(path);
  const auto params = segments ? RoutePath(pattern).match(*segments) : std::nullopt;
  std::string text = params ? "" : "-";
  for (const auto& [name, value] : params.value_or(socketio::HttpHeaders())) {
    text += name + "=" + value + ";";
  }
  return text;
}

}  // namespace

TEST_CASE("route path: text is compared after decoding, and a slash at the end does not count") {
  CHECK(match("/", "/") == "");
  CHECK(match("/a/b", "/a/b") == "");
  CHECK(match("/a/b", "/a/b/") == "");
  CHECK(match("/a/b/", "/a/b") == "");
  CHECK(match("/a b", "/a%20b") == "");
  CHECK(match("/a/b", "/%61/b") == "");
  CHECK(match("/a/b", "/a") == "-");
  CHECK(match("/a/b", "/a/b/c") == "-");
  CHECK(match("/a/b", "/A/b") == "-");
  CHECK(match("/a/b", "/a//b") == "-");
  CHECK(match("/a/b", "/a%2fb") == "-");
}

TEST_CASE("route path: parameters are decoded, and are not empty") {
  CHECK(match("/users/:id", "/users/42") == "id=42;");
  CHECK(match("/users/:id/:what", "/users/a%20b/c%2Fd") == "id=a b;what=c/d;");
  CHECK(match("/files/*name", "/files/a/b%20c/d") == "name=a/b c/d;");
  CHECK(match("/:a/x", "/x/x") == "a=x;");
  CHECK(match("/users/:id", "/users/") == "-");
  CHECK(match("/users/:id", "/users//") == "-");
  CHECK(match("/users/:id/x", "/users//x") == "-");
  CHECK(match("/files/*name", "/files") == "-");
}

TEST_CASE("route path: no parameter leads out of a folder, however it is written") {
  for (const char* const path :
       {"/files/..", "/files/.", "/files/%2e%2e", "/files/.%2E", "/files/..%2fetc", "/files/a%2f..%2fb", "/files/..%5cetc",
        "/files/a/..", "/files/a%5c..", "/files/%00", "/files/a%00b", "/files/%2", "/files/%zz", "/files/%"}) {
    CAPTURE(path);
    CHECK(match("/files/:name", path) == "-");
    CHECK(match("/files/*name", path) == "-");
  }
  CHECK(match("/files/:name", "/files/..a") == "name=..a;");
  CHECK(match("/files/:name", "/files/a..b") == "name=a..b;");
}

TEST_CASE("route path: a path with very many segments matches nothing") {
  std::string path;
  for (int count = 0; count < 300; ++count) {
    path += "/a";
  }
  CHECK(match("/*all", path) == "-");
  CHECK(match("/*all", path.substr(0, 400)) != "-");
  CHECK(match("/*all", "") == "-");
  CHECK(match("/*all", "a") == "-");
}

TEST_CASE("route path: paths that are not possible are refused") {
  for (const char* const text : {"", "users", "/:", "/a/:/b", "/:a/:a", "/*a/b", "/*", "/:a-b", "/:a/*a"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(RoutePath{text}, Error);
  }
}

}  // namespace route_path_test
