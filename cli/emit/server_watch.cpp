#include "server_watch.hpp"

#include "fleet.hpp"

namespace socketio::cli {
ServerWatch::ServerWatch(const Options& options, Console& console)
    : options_(options), client_(loop_, redis_options(options, console)) {}

bool ServerWatch::run(const std::function<bool()>& done, std::uint64_t timeout_ms) {
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
  client_.flush();
  return loop_.run_until(done, std::chrono::milliseconds(timeout_ms));
}

bool ServerWatch::is_away() const { return client_.state() != redis::State::ready && client_.counters().failed_attempts != 0; }

bool ServerWatch::count(ServerCounts& counts, std::uint64_t timeout_ms) {
  // Replies may arrive after this call has returned.
  struct Asked {
    std::size_t waiting = 0;
    std::vector<std::pair<ServerCounts::Place, FoundTransport>> found;
  };
  const auto asked = std::make_shared<Asked>();
  asked->waiting = counts.place_count();
  for (std::size_t index = 0; index < counts.place_count(); ++index) {
    const auto place = static_cast<ServerCounts::Place>(index);
    count_servers(client_, options_.fleet(Transport::classic), counts.name_of(place),
                  [asked, place](const FoundTransport& found) {
                    asked->found.emplace_back(place, found);
                    --asked->waiting;
                  });
  }
  bool good = run([&asked] { return asked->waiting == 0; }, timeout_ms);
  for (const auto& [place, found] : asked->found) {
    good = good && found.outcome == redis::Outcome::ok;
    if (found.outcome == redis::Outcome::ok) {
      counts.set(place, servers_of(options_, found), taps_of(options_, found), !options_.counts_one_node(),
                 beside_of(options_, found));
    }
  }
  return good;
}

bool ServerWatch::read(emitter::Readers& readers, std::uint64_t timeout_ms) {
  if (!may_read_) {
    return false;
  }
  const auto answer = emitter::ask_readers(client_);
  if (!run([&] { return answer->outcome.has_value() || is_away(); }, timeout_ms) || !answer->outcome) {
    return false;
  }
  may_read_ = answer->outcome != redis::Outcome::refused;
  readers = answer->readers;
  return answer->outcome == redis::Outcome::ok;
}

}  // namespace socketio::cli
