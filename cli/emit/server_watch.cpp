#include "server_watch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <socketio/emitter/find_transport.hpp>

#include "fleet.hpp"
#include "common/units.hpp"

namespace socketio::cli {
namespace {

/// The value of "name=value" in a line of CLIENT LIST.
std::string_view member(std::string_view line, std::string_view name) {
  const std::string start = " " + std::string(name) + "=";
  const std::size_t at = line.find(start);
  if (at == std::string_view::npos) {
    return {};
  }
  line.remove_prefix(at + start.size());
  return line.substr(0, line.find(' '));
}

bool is_subscribed(std::string_view line) {
  for (const std::string_view name : {"sub", "psub", "ssub"}) {
    if (const std::string_view count = member(line, name); !count.empty() && count != "0") {
      return true;
    }
  }
  return false;
}

}  // namespace

Readers readers_in(std::string_view clients) {
  Readers readers;
  while (!clients.empty()) {
    const std::string_view line = clients.substr(0, clients.find('\n'));
    clients.remove_prefix(std::min(clients.size(), line.size() + 1));
    if (member(line, "name").starts_with("socketio-fleet")) {
      continue;
    }
    const std::string_view id = line.substr(0, line.find(' '));
    const std::uint64_t kept_bytes = units::count(member(line, "omem")).value_or(0);
    if (kept_bytes != 0 && is_subscribed(line)) {
      readers.kept_bytes[std::string(id)] = kept_bytes;
    }
    if (member(line, "cmd") == "xread") {
      readers.of_streams[std::string(id)] = {member(line, "flags").find('b') != std::string_view::npos,
                                             std::chrono::seconds(units::count(member(line, "idle")).value_or(0))};
    }
  }
  return readers;
}

ServerWatch::ServerWatch(const Options& options, Console& console)
    : options_(options), client_(loop_, redis_options(options, console)) {}

bool ServerWatch::run(const std::function<bool()>& done, std::uint64_t timeout_ms) {
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
  client_.flush();
  return loop_.run_until(done, timeout_ms);
}

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
      counts.set(place, servers_of(options_, found), taps_of(options_, found));
    }
  }
  return good;
}

bool ServerWatch::read(Readers& readers, std::uint64_t timeout_ms) {
  if (!may_read_) {
    return false;
  }
  const auto answer = std::make_shared<std::optional<redis::CommandResult>>();
  constexpr std::array<std::string_view, 2> words{"CLIENT", "LIST"};
  client_.command(words, [answer](redis::CommandResult result) { *answer = std::move(result); });
  if (!run([&answer] { return answer->has_value(); }, timeout_ms)) {
    return false;
  }
  may_read_ = (*answer)->outcome != redis::Outcome::refused;
  if ((*answer)->outcome == redis::Outcome::ok) {
    readers = readers_in((*answer)->reply.text);
  }
  return (*answer)->outcome == redis::Outcome::ok;
}

}  // namespace socketio::cli
