// A text that several people edit at the same time. The server orders the operations, and adapts each to those before it.
//
//   document [--port 3000] [--page FOLDER] [--client FOLDER]
//
// Positions and lengths are in UTF-16 units, as in JavaScript. An operation replaces `del` units at `pos` by `ins`.
//
//   open                           acknowledged with {version, text, tail}: a text, and the operations that came after it
//   op {version, pos, del, ins}    `version`: the last one that the client has seen. Acknowledged with null and the operation
//                                  as it was applied, with its own version; or with a reason. The others get  op  with it
#include <algorithm>
#include <charconv>
#include <csignal>
#include <deque>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <socketio/server.hpp>

namespace {

constexpr std::size_t tail_max = 200;
constexpr std::size_t insert_units_max = 10'000;
constexpr std::size_t text_units_max = 200'000;

/// UTF-16 of UTF-8. The halves of a surrogate pair, which two operations may bring one by one, are three bytes each.
std::u16string to_utf16(std::string_view text) {
  std::u16string units;
  for (std::size_t index = 0; index < text.size();) {
    const auto first = static_cast<unsigned char>(text[index]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
    for (std::size_t next = index + 1; next < std::min(index + size, text.size()); ++next) {
      code = code << 6 | (static_cast<unsigned char>(text[next]) & 0x3FU);
    }
    if (code >= 0x10000) {
      units += static_cast<char16_t>(0xD7C0 + (code >> 10));
      code = 0xDC00 + (code & 0x3FF);
    }
    units += static_cast<char16_t>(code);
    index += size;
  }
  return units;
}

std::string to_utf8(std::u16string_view units) {
  std::string text;
  for (std::size_t index = 0; index < units.size(); ++index) {
    char32_t code = units[index];
    if ((code & 0xFC00) == 0xD800 && index + 1 < units.size() && (units[index + 1] & 0xFC00) == 0xDC00) {
      code = 0x10000 + ((code & 0x3FF) << 10) + (units[++index] & 0x3FFU);
    }
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    text += static_cast<char>(more == 0 ? code : (0xFF00U >> (more + 1) & 0xFF) | code >> (6 * more));
    for (int shift = 6 * (more - 1); shift >= 0; shift -= 6) {
      text += static_cast<char>(0x80 | (code >> shift & 0x3F));
    }
  }
  return text;
}

/// One operation, as it is sent. A missing member keeps its value from here, which no document has.
struct Packet {
  std::uint64_t version = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t pos = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t del = 0;
  std::string ins;
  MSGPACK_DEFINE_MAP(version, pos, del, ins)
};

struct Opened {
  std::uint64_t version = 0;
  std::string text;
  std::vector<Packet> tail;
  MSGPACK_DEFINE_MAP(version, text, tail)
};

struct Operation {
  std::size_t pos, del;
  std::u16string ins;
};

/// `op` as it has to be after `earlier`, which its author had not seen. Nothing that anybody inserted is lost.
Operation after(Operation op, const Operation& earlier) {
  const std::size_t end = op.pos + op.del;
  const std::size_t earlier_end = earlier.pos + earlier.del;
  if (op.pos >= earlier_end) {  // behind it, or at the same place: later text stands behind earlier text
    op.pos = op.pos - earlier.del + earlier.ins.size();
  } else if (end > earlier.pos) {  // some units are gone already; on both sides of the earlier text some may be left
    const std::size_t left = std::max(op.pos, earlier.pos) - op.pos;
    const std::size_t right = std::max(end, earlier_end) - earlier_end;
    op.pos = left > 0 ? op.pos : earlier.pos + earlier.ins.size();
    op.del = left + right;
    if (left > 0 && right > 0) {
      op.del += earlier.ins.size();
      op.ins += earlier.ins;
    }
  }
  return op;
}

class Document {
 public:
  /// Applies an operation; `packet` becomes what was applied. Returns the reason when it cannot be applied.
  std::string_view apply(Packet& packet) {
    if (packet.version > first_version_ + tail_.size() || packet.version < first_version_) {
      return "unknown version";
    }
    const auto unseen = tail_.begin() + static_cast<std::ptrdiff_t>(packet.version - first_version_);
    std::size_t length = length_;  // of the text that the client has seen
    for (auto op = unseen; op != tail_.end(); ++op) {
      length = length + op->del - op->ins.size();
    }
    if (packet.pos > length || packet.del > length - packet.pos) {
      return "outside of the text";
    }
    Operation op{packet.pos, packet.del, to_utf16(packet.ins)};
    for (auto earlier = unseen; earlier != tail_.end(); ++earlier) {
      op = after(std::move(op), *earlier);
    }
    if (op.ins.size() > insert_units_max || length_ - op.del + op.ins.size() > text_units_max) {
      return "too long";
    }
    length_ = length_ - op.del + op.ins.size();
    tail_.push_back(std::move(op));
    packet = packet_of(tail_.size() - 1);
    if (tail_.size() > tail_max) {  // the oldest operation becomes part of the snapshot
      snapshot_.replace(tail_.front().pos, tail_.front().del, tail_.front().ins);
      tail_.pop_front();
      ++first_version_;
    }
    return {};
  }

  [[nodiscard]] Opened opened() const {
    Opened result{first_version_, to_utf8(snapshot_), {}};
    for (std::size_t index = 0; index < tail_.size(); ++index) {
      result.tail.push_back(packet_of(index));
    }
    return result;
  }

 private:
  [[nodiscard]] Packet packet_of(std::size_t index) const {
    return {first_version_ + index + 1, tail_[index].pos, tail_[index].del, to_utf8(tail_[index].ins)};
  }

  std::u16string snapshot_;
  std::uint64_t first_version_ = 0;  ///< of the snapshot
  std::deque<Operation> tail_;       ///< what came after the snapshot
  std::size_t length_ = 0;           ///< of the text with all operations
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> settings{{"--port", "3000"}, {"--page", ""}, {"--client", ""}};
  std::uint16_t port = 0;
  for (int index = 1; index < argc; index += 2) {
    const auto setting = settings.find(argv[index]);
    if (setting == settings.end() || index + 1 == argc) {
      std::cerr << "usage: document [--port 3000] [--page FOLDER] [--client FOLDER]\n";
      return 1;
    }
    setting->second = argv[index + 1];
  }
  if (const std::string& text = settings["--port"];
      std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc()) {
    std::cerr << "--port takes a number from 0 to 65535.\n";
    return 1;
  }

  socketio::ServerOptions options;
  options.static_folder = settings["--page"];
  options.client_folder = settings["--client"];
  options.recovery.enabled = true;  // who comes back within two minutes gets the operations that it missed
  options.on_problem = [](const socketio::Problem& problem) { std::cerr << problem.event << ": " << problem.message << '\n'; };
  socketio::Loop loop;
  Document document;
  socketio::Server io(loop, std::move(options));
  io.on_connection([&document](socketio::Socket socket) {
    socket.on("open", [&document](socketio::Ack ack) { ack(document.opened()); });
    socket.on("op", [&document, socket](Packet packet, socketio::Ack ack) {
      if (const std::string_view reason = document.apply(packet); !reason.empty()) {
        return ack(reason);
      }
      socket.broadcast().emit("op", packet);
      ack(nullptr, packet);
    });
  });
  if (const socketio::Status listening = io.listen("127.0.0.1", port); !listening) {
    std::cerr << listening.reason() << '\n';
    return 1;
  }
  std::cout << "The document is listening on " << io.port() << std::endl;
  for (const int signal : {SIGINT, SIGTERM}) {
    loop.on_signal(signal, [&] { io.close(std::chrono::seconds(1), [&loop] { loop.stop(); }); });
  }
  loop.run();
}
