#include "fleet_view.hpp"

#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "fleet.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Longest wait between two checks for signals.
constexpr milliseconds query_slice{100};

}  // namespace

/// Sends a query over the emitter's connection, after the emits before. Empty when the reply did not come in time.
template <typename Found>
std::optional<Found> FleetView::query(const Ask<Found>& ask, bool is_over_when_lost) {
  // The reply may arrive after this call has returned.
  const auto found = std::make_shared<std::optional<Found>>();
  const auto send = [&](redis::Client& client) {
    ask_limits(client);
    ask(client, [found](const Found& result) { *found = result; });
  };
  const auto deadline = steady_clock::now() + options_.timeout;
  const auto is_done = [&found] { return found->has_value(); };
  bool done = emitter_.with_client(send, is_done, std::min(query_slice, options_.timeout));
  while (!done && signals_.pending() == 0 && steady_clock::now() < deadline &&
         !(is_over_when_lost && emitter_.state() != redis::State::ready)) {
    done = emitter_.with_client([](redis::Client&) {}, is_done, query_slice);
  }
  return *found;
}

/// As query(), but fails without a reply. The peer may not be Redis, or may expect TLS and accept nothing: in that case nothing
/// is sent, because the emits would end unconfirmed.
template <typename Found>
Found FleetView::need(const Ask<Found>& ask, bool is_over_when_lost) {
  auto found = query(ask, is_over_when_lost);
  signals_.fail_if_pending();
  if (!found || (found->outcome != redis::Outcome::ok && found->outcome != redis::Outcome::refused)) {
    fail_refused(explain::no_connection(found ? found->message : explain::no_reply, options_));
  }
  return *std::move(found);
}

FleetView::Ask<FoundTransport> FleetView::find(const std::string& nsp) const {
  return [this, nsp](redis::Client& client, std::function<void(const FoundTransport&)> done) {
    find_transport(client, options_.fleet(Transport::classic), nsp, std::move(done));
  };
}

void FleetView::look(bool wants_limits) {
  wants_limits_ = wants_limits;
  if (!looks_at_fleet(options_)) {
    const Ask<redis::CommandResult> ping = [](redis::Client& client, std::function<void(const redis::CommandResult&)> done) {
      client.command(std::array<std::string_view, 1>{"PING"}, std::move(done));
    };
    need(ping, false);
    return;
  }
  const auto found = need(find(options_.nsp), true);
  choose_transport(options_, console_, found);
  look_for_classic(options_, console_, signals_);
  emitter_.use_fleet(emitter_options(options_));
  learn(counts_.place_of(options_.nsp), found);
  looks_again_ = options_.input && options_.transport_choice == TransportChoice::by_default && found.nobody();
}

std::optional<FoundTransport> FleetView::find_again() {
  const auto found = looks_again_ ? query(find(options_.nsp), true) : std::nullopt;
  return found && found->outcome == redis::Outcome::ok && !found->nobody() ? found : std::nullopt;
}

Halt FleetView::turn_to(const FoundTransport& found, const std::function<void()>& before_change) {
  looks_again_ = false;
  others_listen_.clear();
  const std::string before = transports_text(options_);
  try {
    choose_transport(options_, console_, found);
  } catch (const Failure& failure) {
    console_.error(std::string("Servers listen now, but it is not clear how to send. ") + failure.what());
    return Halt::stopped;
  }
  if (transports_text(options_) != before) {
    console_.note("Servers listen now: sent by the transport " + transports_text(options_) + " from here on.");
    emitter_.use_fleet(emitter_options(options_));
    before_change();
  }
  learn(counts_.place_of(options_.nsp), found);
  return Halt::none;
}

void FleetView::count(ServerCounts::Place place) {
  const Ask<FoundTransport> ask = [&](redis::Client& client, std::function<void(const FoundTransport&)> done) {
    count_servers(client, options_.fleet(Transport::classic), counts_.name_of(place), std::move(done));
  };
  const auto found = query(ask, true);
  if (!found) {
    return;
  }
  learn(place, *found);
  if (redis_tells_ && !other_transport_problem(options_, *found, counts_.name_of(place)).empty()) {
    // Counting takes every subscriber for a server.
    const auto certain = query(find(counts_.name_of(place)), true);
    const std::string problem = certain ? other_transport_problem(options_, *certain, counts_.name_of(place)) : "";
    if (!problem.empty()) {
      others_listen_[place] = problem;
    }
  }
}

std::string_view FleetView::other_transport(ServerCounts::Place place) const {
  const auto found = others_listen_.find(place);
  return found == others_listen_.end() || counts_.servers(place) != 0 ? std::string_view() : found->second;
}

std::string_view FleetView::server_side_problem(const std::string& nsp) {
  if (!redis_tells_ || options_.force_transport || !options_.uses(Transport::classic)) {
    return {};
  }
  const auto [known, is_new] = server_side_problems_.try_emplace(nsp);
  if (is_new) {
    const Ask<OlderServers> ask = [&](redis::Client& client, std::function<void(const OlderServers&)> done) {
      find_older_servers(client, options_, nsp, std::move(done));
    };
    const auto older = query(ask, true);
    if (older && older->count != 0) {
      known->second =
          "It was not sent: " + older_servers_text(*older, nsp) +
          ", and socket.io-redis has no server-side events. Give all servers @socket.io/redis-adapter 7.1 or newer, or "
          "add --transport classic --force-transport to send it all the same (redis-adapter 7.0 takes it).";
    }
  }
  return known->second;
}

void FleetView::learn(ServerCounts::Place place, const FoundTransport& found) {
  redis_tells_ = found.outcome == redis::Outcome::ok;
  if (redis_tells_) {
    counts_.set_strangers(place, strangers_of(options_, found));
    counts_.set(place, servers_of(options_, found) + strangers_of(options_, found), taps_of(options_, found), true,
                beside_of(options_, found));
  }
}

/// Does not wait for the reply, which comes before those to later queries.
void FleetView::ask_limits(redis::Client& client) {
  if (wants_limits_ && !limits_) {
    emitter::ask_output_limits(client, [this, alive = std::weak_ptr<const bool>(alive_)](const OutputLimits& limits) {
      if (!alive.expired()) {
        limits_ = limits;
      }
    });
  }
}

const OutputLimits& FleetView::limits() {
  if (!limits_) [[unlikely]] {
    emitter_.with_client([](redis::Client&) {}, [this] { return limits_.has_value(); }, options_.timeout);
    limits_ = limits_.value_or(OutputLimits{});
  }
  return *limits_;
}

}  // namespace socketio::cli
