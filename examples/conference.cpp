// The server of a video conference: who is in a room, its chat, and the messages by which browsers find each other.
// Pictures and sound go from browser to browser.
//
//   conference [--port 3000] [--room-max 4]
//
// A client connects with auth {name}. The first one in a room is its moderator; the longest present follows.
//
//   join room                  acknowledged with null, [{id, name} of the others], the moderator's id; or "full", "banned".
//                              The others get  peer-joined id, name
//   chat room, text            all in the room get  chat name, text
//   signal room, id, payload   acknowledged with null or "no such peer"; that member gets  signal id of the sender, payload
//   kick room, id, ban         acknowledged with null, "not allowed" or "no such peer"; that member gets  kicked room. With
//                              `ban` true, the member is disconnected, and the name is refused from then on
//
// When somebody goes, the others get  peer-left id,  and  moderator id  if it was the moderator.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <socketio/server.hpp>

using namespace socketio;

namespace {

constexpr std::size_t name_bytes_max = 64;

struct Peer {
  std::string id;
  std::string name;
  MSGPACK_DEFINE_MAP(id, name)
};

struct Meeting {
  std::vector<Peer> peers;       ///< in the order of their arrival: the first one is the moderator
  std::set<std::string> banned;  ///< names
};

/// The Socket.IO room. The prefix keeps people from joining the room of a single socket, which is called by its id.
std::string channel(const std::string& room) { return "room:" + room; }

class Conference {
 public:
  Conference(Loop& loop, ServerOptions options, std::size_t room_max) : room_max_(room_max), io_(loop, std::move(options)) {
    io_.use([](Socket socket, Next next) {
      const std::string name = socket.handshake().auth().member("name").as<std::string>().value_or("");
      socket.set_data(name);
      name.empty() || name.size() > name_bytes_max ? next(Refusal("a name is needed")) : next();
    });
    io_.on_connection([this](Socket socket) { welcome(socket); });
  }

  Server& server() { return io_; }

 private:
  void welcome(const Socket& socket) {
    const Peer me{socket.id(), socket.data().as<std::string>().value_or("")};
    socket.on("join", [this, socket, me](const std::string& room, Ack ack) { join(socket, me, room, ack); });
    socket.on("chat", [this, me](const std::string& room, const std::string& text) {
      if (has(room, me.id)) {
        io_.to(channel(room)).emit("chat", me.name, text);
      }
    });
    socket.on("signal", [this, me](const std::string& room, const std::string& peer, Value payload, Ack ack) {
      if (!has(room, me.id) || !has(room, peer)) {
        return ack("no such peer");
      }
      io_.to(peer).emit("signal", me.id, payload);
      ack(nullptr);
    });
    socket.on("kick", [this, me](const std::string& room, const std::string& peer, std::optional<bool> ban, Ack ack) {
      kick(me, room, peer, ban.value_or(false), ack);
    });
    socket.on_disconnect([this, me](std::string_view) {
      std::vector<std::string> mine;
      for (const auto& [name, room] : rooms_) {
        if (has(name, me.id)) {
          mine.push_back(name);
        }
      }
      for (const std::string& room : mine) {
        leave(room, me.id);
      }
    });
  }

  [[nodiscard]] bool has(const std::string& room, const std::string& id) const {
    const auto found = rooms_.find(room);
    return found != rooms_.end() && std::any_of(found->second.peers.begin(), found->second.peers.end(),
                                                [&id](const Peer& peer) { return peer.id == id; });
  }

  void join(const Socket& socket, const Peer& me, const std::string& name, const Ack& ack) {
    const auto found = rooms_.find(name);
    if (found != rooms_.end() && found->second.banned.contains(me.name)) {
      return ack("banned");
    }
    if (!has(name, me.id)) {
      if (name.size() > name_bytes_max || (found != rooms_.end() && found->second.peers.size() >= room_max_)) {
        return ack(name.size() > name_bytes_max ? "the name is too long" : "full");
      }
      rooms_[name].peers.push_back(me);
      socket.join(channel(name));
      socket.to(channel(name)).emit("peer-joined", me.id, me.name);
    }
    std::vector<Peer> others = rooms_[name].peers;
    const std::string moderator = others.front().id;
    std::erase_if(others, [&me](const Peer& peer) { return peer.id == me.id; });
    ack(nullptr, others, moderator);
  }

  void kick(const Peer& me, const std::string& room, const std::string& peer, bool ban, const Ack& ack) {
    if (!has(room, me.id) || rooms_[room].peers.front().id != me.id) {
      return ack("not allowed");
    }
    const auto target = io_.find_socket(peer);
    if (!has(room, peer) || !target) {
      return ack("no such peer");
    }
    if (ban) {
      rooms_[room].banned.insert(target->data().as<std::string>().value_or(""));
    }
    target->emit("kicked", room);
    target->leave(channel(room));
    leave(room, peer);
    ack(nullptr);
    if (ban) {
      target->disconnect(true);
    }
  }

  void leave(const std::string& name, const std::string& id) {
    Meeting& room = rooms_[name];
    const bool was_moderator = room.peers.front().id == id;
    std::erase_if(room.peers, [&id](const Peer& peer) { return peer.id == id; });
    io_.to(channel(name)).emit("peer-left", id);
    if (room.peers.empty()) {
      rooms_.erase(name);
    } else if (was_moderator) {
      io_.to(channel(name)).emit("moderator", room.peers.front().id);
    }
  }

  std::size_t room_max_;
  std::map<std::string, Meeting> rooms_;
  Server io_;  ///< the last member, destroyed first, because its handlers use the others
};

bool read_number(const std::string& text, std::uint16_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> settings{{"--port", "3000"}, {"--room-max", "4"}};
  bool understood = argc % 2 == 1;
  for (int index = 1; index + 1 < argc; index += 2) {
    understood = understood && settings.contains(argv[index]);
    settings[argv[index]] = argv[index + 1];
  }
  std::uint16_t port = 0;
  std::uint16_t room_max = 0;
  if (!understood || !read_number(settings["--port"], port) || !read_number(settings["--room-max"], room_max) ||
      room_max == 0) {
    std::cerr << "usage: conference [--port 3000] [--room-max 4]\n";
    return 1;
  }
  Loop loop;
  ServerOptions options;
  options.on_problem = [](const Problem& problem) { std::cerr << problem.event << ": " << problem.message << '\n'; };
  Conference conference(loop, std::move(options), room_max);
  Server& io = conference.server();
  if (const socketio::Status listening = io.listen("127.0.0.1", port); !listening) {
    std::cerr << listening.reason() << '\n';
    return 1;
  }
  std::cout << "The conference is listening on " << io.port() << std::endl;
  for (const int signal : {SIGINT, SIGTERM}) {
    loop.on_signal(signal, [&] { io.close(std::chrono::seconds(1), [&loop] { loop.stop(); }); });
  }
  loop.run();
}
