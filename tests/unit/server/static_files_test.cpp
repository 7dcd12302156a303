#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <socketio/server/static_files.hpp>

#include "http_fixture.hpp"

namespace static_files_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using http_test::Response;
using socketio::server::content_type_of;
using socketio::server::decode_path;
using socketio::server::HttpExchange;
using socketio::server::StaticFiles;

namespace {

/// A folder with files, served; gone with the test.
class Folder {
 public:
  Folder()
      : files(make() + "/served"), server([this](const std::shared_ptr<HttpExchange>& exchange) {
          if (!files.serve(*exchange, exchange->request().path)) {
            exchange->respond(404, {}, {});
          }
        }) {}
  ~Folder() { std::filesystem::remove_all(path); }

  Response ask(const std::string& url, const std::string& headers = "") {
    Client client(server.port());
    client.send(get(url, headers));
    return client.response();
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(path + "/served/" + name) << text; }

  std::string path;
  StaticFiles files;
  HttpFixture server;

 private:
  const std::string& make() {
    std::string name = std::filesystem::temp_directory_path() / "socketio-static-XXXXXX";
    path = mkdtemp(name.data());
    std::filesystem::create_directories(path + "/served/sub");
    std::filesystem::create_directories(path + "/served-too");
    std::ofstream(path + "/secret") << "secret";
    std::ofstream(path + "/served-too/secret") << "secret";
    write("index.html", "<p>hello</p>");
    write("a b.js", "let x;");
    write(".hidden", "secret");
    write("sub/index.html", "sub");
    std::filesystem::create_symlink("../secret", path + "/served/link-out");
    std::filesystem::create_symlink("..", path + "/served/folder-out");
    std::filesystem::create_symlink("index.html", path + "/served/link-in");
    std::filesystem::create_symlink("loop", path + "/served/loop");
    mkfifo((path + "/served/pipe").c_str(), 0600);
    return path;
  }
};

}  // namespace

TEST_CASE("static files: paths that could lead elsewhere decode to nothing") {
  CHECK(decode_path("/") == "/");
  CHECK(decode_path("/a%20b/c%2Ed") == "/a b/c.d");
  CHECK(decode_path("/%C3%A4") == "/\xc3\xa4");
  for (const char* const bad :
       {"",          "a",           "/..",         "/../a",   "/a/../b", "/./a", "/.git", "/a/.env", "//a",   "/a//b",
        "/%2e%2e/a", "/%2e%2e%2fa", "/a%2f..%2fb", "/..%5ca", "/a\\b",   "/%00", "/a%0",  "/a%",     "/a%zz", "/%2e"}) {
    CAPTURE(bad);
    CHECK(decode_path(bad).empty());
  }
}

TEST_CASE("static files: content types go by the name's ending") {
  CHECK(content_type_of("/x/socket.io.min.JS") == "application/javascript; charset=utf-8");
  CHECK(content_type_of("/x/a.js.map") == "application/json; charset=utf-8");
  CHECK(content_type_of("/x/noending") == "application/octet-stream");
}

TEST_CASE("static files: a file is served with its type, and index.html for a folder") {
  Folder folder;
  const Response page = folder.ask("/");
  CHECK(page.body == "<p>hello</p>");
  CHECK(page.has("Content-Type: text/html; charset=utf-8"));
  CHECK(folder.ask("/a%20b.js?v=1").body == "let x;");
  CHECK(folder.ask("/sub/").body == "sub");
  CHECK(folder.ask("/link-in").body == "<p>hello</p>");
  const Response moved = folder.ask("/sub");
  CHECK(moved.status == 301);
  CHECK(moved.has("Location: ./sub/"));
}

TEST_CASE("static files: nothing outside the folder, hidden or special is served") {
  Folder folder;
  for (const char* const url : {"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/link-out", "/folder-out/secret", "/.hidden",
                                "/loop", "/folder-out/served-too/secret", "/../served-too/secret", "/pipe", "/none",
                                "/index.html/", "/sub/none", "//index.html", "/%00index.html"}) {
    CAPTURE(url);
    CHECK(folder.ask(url).status == 404);
  }
}

TEST_CASE("static files: an unchanged file is not sent again, a changed one is") {
  Folder folder;
  const Response first = folder.ask("/index.html");
  const std::size_t at = first.head.find("ETag: ") + 6;
  const std::string etag = first.head.substr(at, first.head.find("\r\n", at) - at);
  CHECK(folder.ask("/index.html", "If-None-Match: " + etag + "\r\n").status == 304);
  CHECK(folder.ask("/index.html", "If-None-Match: \"x\", W/" + etag + "\r\n").status == 304);
  CHECK(folder.ask("/index.html", "If-None-Match: *\r\n").status == 304);
  CHECK(folder.ask("/index.html", "If-None-Match: \"x\"\r\n").status == 200);
  folder.write("index.html", "<p>changed</p>");
  const Response changed = folder.ask("/index.html", "If-None-Match: " + etag + "\r\n");
  CHECK(changed.status == 200);
  CHECK(changed.body == "<p>changed</p>");
}

TEST_CASE("static files: HEAD has the length and no body, other methods are refused") {
  Folder folder;
  Client client(folder.server.port());
  client.send("HEAD /index.html HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.response(true).has("Content-Length: 12"));
  client.send("DELETE /index.html HTTP/1.1\r\nHost: x\r\n\r\n");
  const Response refused = client.response();
  CHECK(refused.status == 405);
  CHECK(refused.has("Allow: GET, HEAD"));
}

TEST_CASE("static files: files above the limit are not served, and many large ones do not pile up in memory") {
  Folder folder;
  folder.write("large", std::string(StaticFiles::file_bytes_max + 1, 'x'));
  CHECK(folder.ask("/large").status == 404);
  for (int number = 0; number < 6; ++number) {
    folder.write("large", std::string(StaticFiles::file_bytes_max - static_cast<std::size_t>(number), 'x'));
    CHECK(folder.ask("/large").body.size() == StaticFiles::file_bytes_max - static_cast<std::size_t>(number));
  }
}

TEST_CASE("static files: text is compressed for those who take it, other files and small ones are not") {
  Folder folder;
  const std::string script(50'000, 'x');
  folder.write("large.js", script);
  folder.write("large.png", script);
  const Response packed = folder.ask("/large.js", "Accept-Encoding: br, gzip, deflate\r\n");
  CHECK(packed.has("Content-Encoding: gzip"));
  CHECK(packed.has("Vary: Accept-Encoding"));
  CHECK(packed.body.size() < 1'000);
  CHECK(packed.body.starts_with("\x1f\x8b"));
  CHECK(folder.ask("/large.js", "Accept-Encoding: deflate\r\n").has("Content-Encoding: deflate"));
  const Response plain = folder.ask("/large.js");
  CHECK(plain.body == script);
  CHECK(plain.has("Vary: Accept-Encoding"));
  CHECK(folder.ask("/large.png", "Accept-Encoding: gzip\r\n").body == script);
  CHECK(folder.ask("/index.html", "Accept-Encoding: gzip\r\n").body == "<p>hello</p>");
  const auto etag = [](const Response& answer) {
    const std::size_t at = answer.head.find("ETag: ") + 6;
    return answer.head.substr(at, answer.head.find("\r\n", at) - at);
  };
  CHECK(etag(packed) != etag(plain));
  CHECK(folder.ask("/large.js", "Accept-Encoding: gzip\r\nIf-None-Match: " + etag(packed) + "\r\n").status == 304);
  CHECK(folder.ask("/large.js", "If-None-Match: " + etag(packed) + "\r\n").status == 200);
}

TEST_CASE(
    "static files: clients that do not read share one copy, and get all of it when they do, on kept and closed connections") {
  Folder folder;
  const std::string large(15'000'000, 'x');
  folder.write("large", large);
  CHECK(folder.ask("/large").body.size() == large.size());
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t pages = 0;
    statm >> total >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  };
  const std::size_t before = resident();
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(folder.server.port());
    clients.back().send(get("/large", i % 2 == 0 ? "" : "Connection: close\r\n"));
  }
  clients.back().end_output();  // the other half stays open
  REQUIRE(folder.server.wait_for_connection_count(20));
  REQUIRE(folder.server.wait([&] { return folder.server.server->counters().requests == 21; }));
  CHECK(resident() < before + 10 * large.size());
  for (auto client = clients.rbegin(); client != clients.rend(); ++client) {
    CHECK((client->response().body == large));
  }
}

TEST_CASE("static files: without a folder there are no files") {
  StaticFiles none("");
  StaticFiles missing("/no/such/folder");
  HttpFixture server([&](const std::shared_ptr<HttpExchange>& exchange) {
    CHECK_FALSE(none.serve(*exchange, "/"));
    CHECK_FALSE(missing.serve(*exchange, "/"));
    exchange->respond(404, {}, {});
  });
  Client client(server.port());
  client.send(get("/"));
  CHECK(client.response().status == 404);
}

}  // namespace static_files_test
