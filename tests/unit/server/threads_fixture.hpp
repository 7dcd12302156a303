#pragma once

// Servers on several threads, and clients on each.

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "live_fixture.hpp"

namespace live {

inline constexpr std::size_t thread_count = 3;

inline ServerOptions on_threads(std::size_t threads = thread_count) {
  ServerOptions options;
  options.threads = threads;
  return options;
}

/// What handlers on several threads write down.
class Notes {
 public:
  void add(const std::string& note) {
    const std::lock_guard guard(lock_);
    notes_.push_back(note);
  }
  [[nodiscard]] Names all() const {
    const std::lock_guard guard(lock_);
    return notes_;
  }
  [[nodiscard]] std::size_t size() const { return all().size(); }

 private:
  mutable std::mutex lock_;
  Names notes_;
};

/// A client for each thread of the server, in this order: new connections go to the loop that has the fewest.
struct Spread {
  explicit Spread(ServerOptions options = on_threads(), const std::function<void(Fixture&)>& prepare = {})
      : fixture(std::move(options)) {
    if (prepare) {
      prepare(fixture);
    }
    for (std::size_t place = 0; place < thread_count; ++place) {
      clients.push_back(std::make_unique<Client>(fixture));
      ids.push_back(clients.back()->join());
    }
  }
  /// What has been said to any loop before is done, and here.
  void settle() {
    bool told = false;
    fixture.io->local().fetch_sockets([&told](const FetchedSocketList&) { told = true; });
    CHECK(fixture.until([&told] { return told; }));
  }
  /// Everybody gets this, and nothing else.
  void check_all(const Names& expected) {
    settle();
    for (const auto& client : clients) {
      CHECK(client->take() == expected);
    }
  }

  Fixture fixture;
  std::vector<std::unique_ptr<Client>> clients;
  Names ids;
};

}  // namespace live
