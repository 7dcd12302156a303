// The index beside a model that is too simple to be wrong, over many random operations.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <socketio/adapter/room_index.hpp>

namespace room_index_model_test {

using namespace socketio;
using adapter::Member;
using adapter::RoomIndex;

namespace {

struct Socket final : Member {
  explicit Socket(std::string id) : Member(std::move(id)) {}
};

using Names = std::vector<std::string>;

struct Observer final : adapter::RoomObserver {
  void on_room_created(std::string_view room, bool) override { CHECK(present.insert(std::string(room)).second); }
  void on_room_emptied(std::string_view room) override { CHECK(present.erase(std::string(room)) == 1); }
  std::set<std::string> present;
};

class Pair {
 public:
  explicit Pair(std::uint32_t seed) : chance_(seed) {
    for (std::size_t i = 0; i < socket_count; ++i) {
      sockets_.push_back(std::make_unique<Socket>("s" + std::to_string(i)));
    }
    index_.set_observer(&observer_);
  }
  ~Pair() {
    index_.set_observer(nullptr);
    for (const auto& socket : sockets_) {
      index_.remove(*socket);
    }
  }

  void step() {
    Socket& socket = *sockets_[pick(socket_count)];
    const auto known = model_.find(socket.id());
    const std::string room = any_room();
    if (known == model_.end()) {
      CHECK(index_.add(socket));
      model_[socket.id()] = {socket.id()};
    } else if (const std::size_t action = pick(20); action == 0) {
      index_.remove(socket);
      model_.erase(known);
    } else if (action < 12) {
      CHECK(index_.join(socket, room) == known->second.insert(room).second);
    } else {
      CHECK(index_.leave(socket, room) == (known->second.erase(room) == 1));
    }
  }

  void compare() {
    Names rooms(pick(4)), except(pick(3));
    std::generate(rooms.begin(), rooms.end(), [this] { return any_room(); });
    std::generate(except.begin(), except.end(), [this] { return any_room(); });
    Names reached;
    index_.select({std::span(std::as_const(rooms)), std::span(std::as_const(except))},
                  [&reached](Member& member) { reached.push_back(member.id()); });
    std::sort(reached.begin(), reached.end());
    CHECK(reached == expected(rooms, except));

    std::set<std::string> present;
    for (const auto& [id, joined] : model_) {
      present.insert(joined.begin(), joined.end());
      Names listed;
      RoomIndex::for_each_room(*index_.find(id), [&listed](std::string_view room) { listed.emplace_back(room); });
      CHECK(std::set<std::string>(listed.begin(), listed.end()) == joined);
      CHECK(listed.size() == joined.size());
    }
    Names listed;
    index_.for_each_room([&listed](std::string_view room) { listed.emplace_back(room); });
    CHECK(listed.size() == present.size());
    CHECK(std::set<std::string>(listed.begin(), listed.end()) == present);
    CHECK(observer_.present == present);
    CHECK(index_.size() == model_.size());
  }

 private:
  static constexpr std::size_t socket_count = 12;

  std::size_t pick(std::size_t count) { return chance_() % count; }
  /// Of a few names, so that they meet; some are ids.
  std::string any_room() { return (pick(3) == 0 ? "s" : "r") + std::to_string(pick(socket_count)); }

  Names expected(const Names& rooms, const Names& except) const {
    const auto in_one_of = [](const std::set<std::string>& joined, const Names& names) {
      return std::any_of(names.begin(), names.end(), [&joined](const std::string& name) { return joined.contains(name); });
    };
    Names ids;
    for (const auto& [id, joined] : model_) {
      if ((rooms.empty() || in_one_of(joined, rooms)) && !in_one_of(joined, except)) {
        ids.push_back(id);
      }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  std::mt19937 chance_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Observer observer_;
  RoomIndex index_;
  std::map<std::string, std::set<std::string>> model_;
};

}  // namespace

TEST_CASE("room index: random operations come to what a simple model says") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Pair pair(seed);
    for (int step = 0; step < 1'000; ++step) {
      pair.step();
      if (step % 10 == 0) {
        pair.compare();
      }
    }
  }
}

}  // namespace room_index_model_test
