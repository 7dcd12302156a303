// A chat with rooms, nicknames, private messages, typing notices, and no lost messages when a connection breaks. One file to
// copy from.
//
//   chat [--port 3000] [--page FOLDER] [--client FOLDER]
//
// Events between the page (examples/chat/) and this server:
//
//   auth {nickname, key}      identifies a user. Refused with {code, hint}. The key is a secret of the page, for reconnecting
//   join room                 acknowledged with an error or null, the latest messages, and the people in the room
//   say room, text            acknowledged with an error or null; all in the room get  message room, {id, from, text, time}
//   whisper nickname, text    likewise; both clients get  whisper nickname of the other, {id, from, text, time}
//   typing room               the others get  typing room, nickname  as a volatile event
//   leave room                when somebody joins or leaves, the others get  joined room, nickname  or  left room, nickname
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <socketio/server.hpp>

using socketio::Ack;
using socketio::Next;
using socketio::Refusal;
using socketio::Socket;

namespace {

constexpr std::size_t name_bytes_max = 20;
constexpr std::size_t text_bytes_max = 4'000;
constexpr std::size_t messages_per_room_max = 50;
constexpr std::size_t rooms_per_person_max = 20;
constexpr std::size_t rooms_max = 1'000;  // above, empty rooms are removed

std::uint64_t now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

/// True for a valid name of a user or a room.
bool is_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !name.empty() && name.size() <= name_bytes_max && name.find_first_not_of(letters) == std::string_view::npos;
}

/// Key of a nickname: "Ada" and "ada" look alike, so only one of them can be in use.
std::string lower_case(std::string name) {
  for (char& letter : name) {
    letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
  }
  return name;
}

/// Socket.IO room of a chat room. The id of a socket is a room too: the "#" keeps people from joining those.
std::string channel(const std::string& room) { return '#' + room; }

// An object in JavaScript: {id, from, text, time}.
struct Message {
  std::uint64_t id;  ///< ascends, also across restarts: the page uses it to skip messages that it has already shown
  std::string from;
  std::string text;
  std::uint64_t time;
  MSGPACK_DEFINE_MAP(id, from, text, time)
};

struct Hint {
  std::string code;
  std::string hint;
  MSGPACK_DEFINE_MAP(code, hint)
};

struct Room {
  std::set<std::string> people;
  std::deque<Message> messages;
};

struct Person {
  std::string nickname;
  std::string key;
  Socket socket;
};

class Chat {
 public:
  Chat(socketio::Loop& loop, socketio::ServerOptions options) : io_(loop, std::move(options)) {
    io_.use([this](Socket socket, Next next) { admit(socket, next); });
    io_.on_connection([this](Socket socket) { welcome(socket); });
  }

  socketio::Server& server() { return io_; }

 private:
  /// Admits or refuses a socket before it is connected.
  void admit(const Socket& socket, const Next& next) {
    const socketio::Handshake handshake = socket.handshake();
    const std::string nickname = handshake.auth().member("nickname").as<std::string>().value_or("");
    if (!is_name(nickname)) {
      next(Refusal("invalid nickname", Hint{"invalid", "Up to 20 letters, digits, - and _, please."}));
      return;
    }
    if (const auto holder = people_.find(lower_case(nickname)); holder != people_.end()) {
      if (holder->second.key.empty() || holder->second.key != key_of(handshake)) {
        next(Refusal("nickname taken", Hint{"taken", "Somebody is called " + holder->second.nickname + " already."}));
        return;
      }
      const Socket before = holder->second.socket;  // the same page: its old connection is dead, but not closed yet
      before.disconnect(true);
    }
    socket.set_data(nickname);
    next();
  }

  static std::string key_of(const socketio::Handshake& handshake) {
    return handshake.auth().member("key").as<std::string>().value_or("");
  }

  void welcome(const Socket& socket) {
    const std::string me = socket.data().as<std::string>().value_or("");
    people_.insert_or_assign(lower_case(me), Person{me, key_of(socket.handshake()), socket});
    for (const std::string& name : socket.rooms()) {  // a recovered socket is in its rooms already
      if (name.starts_with('#')) {
        enter(socket, me, name.substr(1));
      }
    }

    socket.on("join", [this, socket, me](const std::string& room, Ack ack) {
      if (!is_name(room)) {
        ack("A room is called by up to 20 letters, digits, - and _.");
      } else if (socket.rooms().size() > rooms_per_person_max) {
        ack("You are in too many rooms: leave one first.");
      } else {
        socket.join(channel(room));
        const Room& entered = enter(socket, me, room);
        ack(nullptr, entered.messages, entered.people);
      }
    });
    socket.on("leave", [this, socket, me](const std::string& room) {
      if (find_room(room, me) != nullptr) {
        socket.leave(channel(room));
        leave(socket, me, room);
      }
    });
    socket.on("say", [this, me](const std::string& room, const std::string& text, Ack ack) {
      Room* const here = find_room(room, me);
      if (here == nullptr || text.empty() || text.size() > text_bytes_max) {
        ack(here == nullptr ? "You are not in that room." : "That is too long.");
        return;
      }
      here->messages.push_back({next_id_++, me, text, now_ms()});
      if (here->messages.size() > messages_per_room_max) {
        here->messages.pop_front();
      }
      io_.to(channel(room)).emit("message", room, here->messages.back());
      ack(nullptr);
    });
    socket.on("typing", [this, socket, me](const std::string& room) {
      if (find_room(room, me) != nullptr) {
        socket.to(channel(room)).volatile_().emit("typing", room, me);
      }
    });
    socket.on("whisper", [this, socket, me](const std::string& nickname, const std::string& text, Ack ack) {
      const auto other = people_.find(lower_case(nickname));
      if (other == people_.end() || other->second.socket == socket || text.empty() || text.size() > text_bytes_max) {
        ack(other == people_.end() ? nickname + " is not here." : "That cannot be sent.");
        return;
      }
      const Message message{next_id_++, me, text, now_ms()};
      other->second.socket.emit("whisper", me, message);
      socket.emit("whisper", other->second.nickname, message);
      ack(nullptr);
    });
    socket.on_disconnecting([this, socket, me](std::string_view) {  // the rooms are still known
      for (const std::string& name : socket.rooms()) {
        if (name.starts_with('#')) {
          leave(socket, me, name.substr(1));
        }
      }
      people_.erase(lower_case(me));
    });
  }

  Room& enter(const Socket& socket, const std::string& me, const std::string& room) {
    if (rooms_.size() >= rooms_max && !rooms_.contains(room)) {
      std::erase_if(rooms_, [](const auto& entry) { return entry.second.people.empty(); });
    }
    Room& entered = rooms_[room];
    if (entered.people.insert(me).second) {
      socket.to(channel(room)).emit("joined", room, me);
    }
    return entered;
  }

  void leave(const Socket& socket, const std::string& me, const std::string& room) {
    rooms_[room].people.erase(me);
    socket.to(channel(room)).emit("left", room, me);
  }

  /// The room; null when `me` is not in it.
  Room* find_room(const std::string& room, const std::string& me) {
    const auto found = rooms_.find(room);
    return found != rooms_.end() && found->second.people.contains(me) ? &found->second : nullptr;
  }

  std::uint64_t next_id_ = now_ms();
  std::map<std::string, Room> rooms_;
  std::map<std::string, Person> people_;  ///< by nickname in lower case
  socketio::Server io_;                   ///< the last member, destroyed first, because its handlers use the others
};

// ---- the program -----------------------------------------------------------------------------------------------------------

constexpr std::string_view usage =
    "Usage: chat [OPTION VALUE]...\n"
    "A chat in the browser.\n\n"
    "  --port PORT      where it listens, on this machine only; 0 finds a free one (3000)\n"
    "  --page FOLDER    with index.html (examples/chat)\n"
    "  --client FOLDER  with socket.io.esm.min.js (tests/interop/peers/newest/node_modules/socket.io-client/dist)\n"
    "  --help           shows this\n";

int fail(std::string_view sentence) {
  std::cerr << sentence << '\n';
  return 1;
}

int serve(std::uint16_t port, const std::string& page, const std::string& client) {
  socketio::ServerOptions options;
  options.static_folder = page;
  options.client_folder = client;
  options.recovery.enabled = true;
  options.recovery_skips_middlewares = false;  // another client may have taken the nickname meanwhile
  options.on_problem = [](const socketio::Problem& problem) { std::cerr << problem.event << ": " << problem.message << '\n'; };

  socketio::Loop loop;
  Chat chat(loop, std::move(options));
  if (const socketio::Status listening = chat.server().listen("localhost", port); !listening) {
    return fail(listening.reason());
  }
  std::cout << "The chat is at http://localhost:" << chat.server().port() << "/\n" << std::flush;
  for (const int signal : {SIGINT, SIGTERM}) {
    loop.on_signal(signal, [&] { chat.server().close(std::chrono::seconds(2), [&loop] { loop.stop(); }); });
  }
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> settings{
      {"--port", "3000"}, {"--page", "examples/chat"}, {"--client", "tests/interop/peers/newest/node_modules/socket.io-client/dist"}};
  for (int index = 1; index < argc; index += 2) {
    const auto setting = settings.find(argv[index]);
    if (setting == settings.end() || index + 1 == argc) {
      const bool asked = argv[index] == std::string_view("--help");
      (asked ? std::cout : std::cerr) << usage;
      return asked ? 0 : 1;
    }
    setting->second = argv[index + 1];
  }
  for (const std::string& file : {settings["--page"] + "/index.html", settings["--client"] + "/socket.io.esm.min.js"}) {
    if (!std::filesystem::exists(file)) {
      return fail("There is no " + file + ". Start the chat in the project's folder after `./run setup`, or see --help.");
    }
  }
  std::uint16_t port = 0;
  const std::string& text = settings["--port"];
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return fail("--port takes a number from 0 to 65535.");
  }
  return serve(port, settings["--page"], settings["--client"]);
}
