#include <socketio/adapter/shard_results.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace socketio::adapter {
namespace {

/// Results of the shards that have responded.
template <typename Result>
struct Combined {
  Result all;
  std::size_t left;
  std::function<void(Result)> done;

  void take_one() {
    if (--left == 0) {
      done(std::move(all));
    }
  }
};

}  // namespace

void append(Sockets& all, Sockets part, Form form) {
  if (form == Form::json && all.count != 0 && part.count != 0) {
    all.packed.push_back(',');
  }
  all.count += part.count;
  if (all.packed.empty()) {
    all.packed = std::move(part.packed);
  } else {
    all.packed.append(part.packed.bytes());
  }
}

void sort_and_unify(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

void fetch_sockets(std::span<Shard* const> shards, const Selection& selection, Form form, std::function<void(Sockets)> done) {
  const auto combined = std::make_shared<Combined<Sockets>>(Combined<Sockets>{{}, shards.size(), std::move(done)});
  for (Shard* const shard : shards) {
    shard->fetch(selection, form, [combined, form](Sockets found) {
      append(combined->all, std::move(found), form);
      combined->take_one();
    });
  }
}

void list_rooms(std::span<Shard* const> shards, std::function<void(std::vector<std::string>)> done) {
  using Rooms = std::vector<std::string>;
  const auto combined = std::make_shared<Combined<Rooms>>(Combined<Rooms>{{}, shards.size(), std::move(done)});
  for (Shard* const shard : shards) {
    shard->rooms([combined](Rooms rooms) {
      std::move(rooms.begin(), rooms.end(), std::back_inserter(combined->all));
      combined->take_one();
    });
  }
}

}  // namespace socketio::adapter
