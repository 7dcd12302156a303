#include "live_fixture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>
#include <support/uninterrupted.hpp>

namespace live {
namespace {

constexpr auto patience = std::chrono::seconds(10);
constexpr std::chrono::milliseconds slice{10};  // what the system needs to carry bytes over is not seen by the loop

ServerOptions telling(ServerOptions options, Names& problems) {
  if (!options.on_problem) {
    options.on_problem = [&problems](const Problem& problem) {
      problems.push_back(std::string(problem.event) + ": " + std::string(problem.message));
    };
  }
  return options;
}

}  // namespace

// ---- the server ------------------------------------------------------------------------------------------------------------

Fixture::Fixture(ServerOptions options) {
  io = std::make_unique<Server>(loop, telling(std::move(options), problems));
  const Status listening = io->listen("127.0.0.1", 0);
  REQUIRE(listening.reason() == "");
  port = io->port();
}

Fixture::~Fixture() = default;

bool Fixture::until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto pump_and_ask = [&] {
    for (Link* const link : links_) {
      link->pump();
    }
    return done();
  };
  while (!loop.run_until(pump_and_ask, slice)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

// ---- connections -----------------------------------------------------------------------------------------------------------

Fixture::Link::Link(Fixture& fixture) : fixture_(fixture), descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(fixture.port);
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  REQUIRE(support::uninterrupted([&] {
            return ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
          }) == 0);
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  const int on = 1;  // what is written before the loop turns is read at once
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fixture_.links_.push_back(this);
}

Fixture::Link::~Link() {
  std::erase(fixture_.links_, this);
  close();
}

void Fixture::Link::write(std::string_view bytes) {
  unwritten_.append(bytes);
  pump();
}

void Fixture::Link::pump() {
  if (descriptor_ < 0) {
    return;
  }
  while (!unwritten_.empty()) {
    const ssize_t count = ::send(descriptor_, unwritten_.data(), unwritten_.size(), MSG_NOSIGNAL);
    if (count < 0) {
      break;
    }
    unwritten_.erase(0, static_cast<std::size_t>(count));
  }
  for (;;) {
    char bytes[16'384];
    const ssize_t count = ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (count > 0) {
      received.append(bytes, static_cast<std::size_t>(count));
    } else {
      ended = ended || count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
      return;
    }
  }
}

void Fixture::Link::close() {
  if (const int descriptor = std::exchange(descriptor_, -1); descriptor >= 0) {
    ::close(descriptor);
  }
}

void Fixture::Link::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

// ---- WebSocket -------------------------------------------------------------------------------------------------------------

Client::Client(Fixture& fixture, const std::string& query, const std::string& path)
    : fixture_(fixture), link_(std::make_unique<Fixture::Link>(fixture)) {
  link_->write("GET " + path + "?" + query +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const bool upgrades = query.find("sid=") != std::string::npos;  // a session that has been opened already
  const bool opened = fixture_.until([this, upgrades] {
    parse();
    return !opening_.empty() || closed_ || (upgrades && open_);
  });
  REQUIRE(opened);
}

void Client::frame(websocket_frame::Opcode opcode, std::string_view payload) {
  Buffer bytes;
  websocket_frame::encode_masked(bytes, {opcode, true, false, {1, 2, 3, 4}}, as_bytes(payload));
  link_->write(bytes.text());
}

void Client::parse() {
  if (!open_) {
    const std::size_t end = link_->received.find("\r\n\r\n");
    if (end != std::string::npos) {
      REQUIRE(link_->received.starts_with("HTTP/1.1 101 "));
      link_->received.erase(0, end + 4);
      open_ = true;
    }
  }
  while (open_ && take_frame()) {
  }
  closed_ = closed_ || link_->ended;
}

bool Client::take_frame() {
  using websocket_frame::Opcode;
  std::string& bytes = link_->received;
  const auto at = [&bytes](std::size_t offset) { return static_cast<std::uint8_t>(bytes[offset]); };
  if (bytes.size() < 2) {
    return false;
  }
  std::size_t size = at(1);
  const std::size_t width = size == 127 ? 8 : size == 126 ? 2 : 0;
  if (bytes.size() < 2 + width) {
    return false;
  }
  if (width != 0) {
    size = 0;
    for (std::size_t i = 0; i < width; ++i) {
      size = size << 8 | at(2 + i);
    }
  }
  if (bytes.size() - 2 - width < size) {
    return false;
  }
  const auto opcode = static_cast<Opcode>(at(0) & 0x0f);
  const std::string payload = bytes.substr(2 + width, size);
  bytes.erase(0, 2 + width + size);
  if (opcode == Opcode::pong) {
    ++pongs_;
  } else if (opcode == Opcode::close) {
    closed_ = true;
  } else if (opcode == Opcode::binary) {
    messages_.push_back("binary:" + payload);
  } else if (payload.starts_with('0')) {
    opening_ = payload.substr(1);
  } else if (payload.starts_with('4')) {
    messages_.push_back(payload.substr(1));
  } else {
    messages_.push_back("packet:" + payload);
  }
  return true;
}

Names Client::take() {
  // The answer to the first ping shows that all before it was handled; that to the second one, that the turn has ended in
  // which it was, and with it all writing.
  for (int round = 0; round < 2 && !closed_; ++round) {
    frame(websocket_frame::Opcode::ping, "");
    ++pings_;
    const bool answered = fixture_.until([this] {
      parse();
      return pongs_ == pings_ || closed_;
    });
    REQUIRE(answered);
  }
  return std::exchange(messages_, {});
}

std::string Client::next() {
  const bool came = fixture_.until([this] {
    parse();
    return !messages_.empty() || closed_;
  });
  CHECK(came);
  if (messages_.empty()) {
    return closed_ ? "(closed)" : "(nothing)";
  }
  std::string first = std::move(messages_.front());
  messages_.erase(messages_.begin());
  return first;
}

std::string Client::join(const std::string& nsp, const std::string& auth) {
  const std::string prefix = nsp == "/" ? "" : nsp + ",";
  send("0" + prefix + auth);
  const std::string answer = next();
  CAPTURE(answer);
  REQUIRE(answer.starts_with("0" + prefix + "{\"sid\":\""));
  return member(answer, "sid");
}

bool Client::until_closed() {
  return fixture_.until([this] {
    parse();
    return closed_;
  });
}

// ---- polling ---------------------------------------------------------------------------------------------------------------

Request::Request(Fixture& fixture, const std::string& method, const std::string& url, std::string_view body)
    : fixture_(fixture), link_(std::make_unique<Fixture::Link>(fixture)) {
  link_->write(method + " " + url + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

bool Request::done() {
  link_->pump();
  return link_->ended;
}

std::string Request::body() {
  const bool answered = fixture_.until([this] { return done(); });
  CHECK(answered);
  const std::size_t end = link_->received.find("\r\n\r\n");
  return end == std::string::npos ? "(no answer)" : link_->received.substr(end + 4);
}

int Request::status() {
  static_cast<void>(body());
  return link_->received.size() > 12 ? std::stoi(link_->received.substr(9, 3)) : 0;
}

Poller::Poller(Fixture& fixture) : fixture_(fixture), url_("/socket.io/?EIO=4&transport=polling") {
  const std::string opening = Request(fixture_, "GET", url_).body();
  url_ += "&sid=" + member(opening, "sid");
}

std::string Poller::get() { return Request(fixture_, "GET", url_).body(); }
std::string Poller::post(std::string_view packets) { return Request(fixture_, "POST", url_, packets).body(); }

// ---- texts -----------------------------------------------------------------------------------------------------------------

std::string member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t place = json.find(key);
  if (place == std::string_view::npos) {
    return "";
  }
  const std::string_view value = json.substr(place + key.size());
  return std::string(value.substr(0, value.find('"')));
}

bool is_id(std::string_view text) {
  return text.size() == 20 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

std::string without_ids(std::string text) {
  for (const char* const name : {"sid", "pid"}) {
    const std::string id = member(text, name);
    if (is_id(id)) {
      text.replace(text.find(id), id.size(), "(id)");
    }
  }
  return text;
}

}  // namespace live

doctest::String doctest::StringMaker<live::Names>::convert(const live::Names& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : " | ") + name.substr(0, 200);
  }
  return text.c_str();
}
