// https: the same server behind TLS, spoken to by OpenSSL's own sockets.

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <support/authority.hpp>

#include "http_fixture.hpp"

namespace tls_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using socketio::as_bytes;
using socketio::as_text;
using socketio::Bytes;
using socketio::HttpOptions;
using socketio::server::HttpExchange;
using socketio::server::RawConnection;
using socketio::server::RawListener;

namespace {

HttpOptions with_certificate() {
  HttpOptions options;
  options.certificate_file = support::authority().file("server.pem");
  options.key_file = support::authority().file("server.key");
  return options;
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port) : client_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_fd(ssl_, client_.descriptor());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  bool send(std::string_view bytes) { return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0; }
  std::string read(std::size_t count) {
    std::string text(count, '\0');
    std::size_t done = 0;
    for (int got = 0; done < count && (got = SSL_read(ssl_, text.data() + done, static_cast<int>(count - done))) > 0;) {
      done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
  }
  /// The head of an answer, which is gone then.
  std::string head() {
    std::string text;
    while (!text.ends_with("\r\n\r\n")) {
      const std::string byte = read(1);
      if (byte.empty()) {
        break;
      }
      text += byte;
    }
    return text;
  }
  /// True when the other side has said, by TLS's own means, that nothing more comes.
  bool ended_orderly() {
    char byte = 0;
    const int result = SSL_read(ssl_, &byte, 1);
    return result <= 0 && SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  Client client_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
};

/// Writes what it is given, however long the other side takes.
class Writer final : public RawListener {
 public:
  Writer(std::unique_ptr<RawConnection> connection, std::string text)
      : connection_(std::move(connection)), waiting_(std::move(text)) {
    connection_->set_listener(this);
    on_drained();
  }
  void on_bytes(Bytes bytes) override { heard += as_text(bytes); }
  void on_drained() override {
    const std::array<Bytes, 3> parts{as_bytes(std::string_view(waiting_).substr(0, waiting_.size() / 3)), Bytes(),
                                     as_bytes(std::string_view(waiting_).substr(waiting_.size() / 3))};
    waiting_.erase(0, connection_->write(parts));
    if (waiting_.empty()) {
      connection_->finish();
    } else {
      ++pauses;
      connection_->want_drained();
    }
  }
  void on_lost(bool) override {}

  std::string heard;
  int pauses = 0;

 private:
  std::unique_ptr<RawConnection> connection_;
  std::string waiting_;
};

}  // namespace

TEST_CASE("tls: requests are answered as without it, and the handler knows") {
  HttpFixture server(
      [](const std::shared_ptr<HttpExchange>& exchange) {
        exchange->respond(200, {}, as_bytes(exchange->request().secure ? "secure" : "plain"));
      },
      with_certificate());
  TlsClient client(server.port());
  REQUIRE(client.connected());
  for (int round = 0; round < 3; ++round) {
    client.send(get("/"));
    CHECK(client.head().starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(client.read(6) == "secure");
  }
  client.send(get("/", "Connection: close\r\n"));
  CHECK(client.head().find("Connection: close\r\n") != std::string::npos);
  CHECK(client.read(6) == "secure");
  CHECK(client.ended_orderly());
}

TEST_CASE("tls: a large answer arrives whole, with the end behind it, when the client reads slowly") {
  const std::string large(12 << 20, 'x');
  HttpFixture server([&large](const std::shared_ptr<HttpExchange>& exchange) { exchange->respond(200, {}, as_bytes(large)); },
                     with_certificate());
  TlsClient client(server.port());
  client.send(get("/", "Connection: close\r\n"));
  client.head();
  CHECK((client.read(large.size()) == large));
  CHECK(client.ended_orderly());
}

TEST_CASE("tls: a connection that was taken over is held back by a client that does not read") {
  std::string large(12 << 20, '\0');
  for (std::size_t index = 0; index < large.size(); ++index) {
    large[index] = static_cast<char>(index * 2'654'435'761U >> 13U);
  }
  std::unique_ptr<Writer> writer;
  HttpFixture server(
      [&](const std::shared_ptr<HttpExchange>& exchange) {
        writer = std::make_unique<Writer>(exchange->take_over("HTTP/1.1 101 Switching Protocols\r\n\r\n"), large);
      },
      with_certificate());
  TlsClient client(server.port());
  client.send(get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n") + "early");
  REQUIRE(server.wait([&] { return writer && writer->heard == "early" && writer->pauses > 0; }));
  client.head();
  CHECK((client.read(large.size()) == large));
  CHECK(client.ended_orderly());
  server.thread.run([&] { writer.reset(); });
}

TEST_CASE("tls: who speaks something else is closed, and so is who stops in the handshake") {
  HttpOptions options = with_certificate();
  options.header_timeout = std::chrono::milliseconds(100);
  HttpFixture server([](const std::shared_ptr<HttpExchange>& exchange) { exchange->respond(200, {}, {}); }, options);
  Client plain(server.port());
  plain.send(get("/"));
  CHECK(plain.read_to_end().find("HTTP") == std::string::npos);
  Client silent(server.port());
  silent.send(std::string_view("\x16\x03\x01", 3));
  CHECK(silent.ended());
  CHECK(server.wait_for_connection_count(0));
}

TEST_CASE("tls: files that cannot be used are an error of listening") {
  socketio::Loop loop;
  HttpOptions options = with_certificate();
  options.certificate_file = "/no/such/file.pem";
  socketio::server::HttpServer no_certificate(loop, options, {});
  CHECK(no_certificate.listen("127.0.0.1", 0).starts_with("the certificate /no/such/file.pem cannot be used: "));
  options = with_certificate();
  options.key_file = options.certificate_file;
  socketio::server::HttpServer no_key(loop, options, {});
  CHECK(no_key.listen("127.0.0.1", 0).starts_with("the key "));
}

TEST_CASE("TLS: a connection keeps its encryption when it moves to another loop") {
  http_test::TwoLoops server(with_certificate());
  TlsClient client(server.port());
  REQUIRE(client.connected());
  for (const std::string path : {"/0", "/1", "/1", "/0", "/1"}) {
    CAPTURE(path);
    REQUIRE(client.send(get(path)));
    CHECK(client.head().starts_with("HTTP/1.1 200 "));
    CHECK(client.read(2) == path.substr(1) + ":");
  }
  // Both in one record: the second request moves on with the connection, decrypted already.
  REQUIRE(client.send(get("/0") + get("/1")));
  static_cast<void>(client.head());
  CHECK(client.read(2) == "0:");
  static_cast<void>(client.head());
  CHECK(client.read(2) == "1:");
}

}  // namespace tls_test
