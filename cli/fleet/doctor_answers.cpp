// Sends a request to the servers of each namespace, and compares the responses with the subscribers that servers count.

#include "common/text.hpp"
#include "doctor_question.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

/// The findings of one request.
class Verdict {
 public:
  Verdict(Examination& fleet, const Question& question)
      : fleet_(fleet),
        question_(question),
        bus_(question.bus()),
        seen_(question.responses()),
        all_uids_(seen_.uids),
        where_("namespace " + text::excerpt(question.nsp()) + ", " + std::string(name_of(bus_))) {
    all_uids_.insert(seen_.answered_uids.begin(), seen_.answered_uids.end());
  }

  void judge() {
    judge_counts();
    judge_subscriptions();
    judge_answers();
    judge_speed();
    const auto slowest = seen_.answered == 0 ? std::nullopt : std::optional(seen_.slowest_ms);
    fleet_.places.push_back({bus_, question_.nsp(), question_.servers(), seen_.answered, slowest, all_uids_});
  }

 private:
  /// Reports subscribers that are counted but have no response channel. They may still be servers.
  void judge_counts() {
    const std::uint64_t counted = seen_.counted;
    const std::uint64_t known = bus_ == Bus::classic ? seen_.others : all_uids_.size();
    if (counted <= known) {
      return;
    }
    const std::uint64_t unknown = counted - known;
    fleet_.report(
        "counts",
        units::counted(unknown, "subscriber") + " of " + text::excerpt(question_.channel(), 200) +
            (unknown == 1 ? " is not known to be a server" : " are not known to be servers") +
            ", but servers count all of them, and wait in vain for answers (" + where_ + ").",
        "The channel has " + units::counted(counted, "subscriber") + ", but " +
            (bus_ == Bus::classic
                 ? "the one for answers, which every server is subscribed to as well, has " + std::to_string(known)
                 : units::counted(known, "server") + (known == 1 ? " has" : " have") + " a channel for answers, or answered") +
            "." + half_subscribed() + unusual_subscribers(),
        std::string("Find out which process it is before you end anything: it may be a server in production ") +
            (bus_ == Bus::sharded ? "whose client cannot subscribe to all of its channels (ioredis on a Redis Cluster needs "
                                    "shardedSubscribers: true), or that is just starting. "
                                  : "that is just starting, or whose user may not subscribe to everything. ") +
            "If it is a monitor, let it use socketio-fleet tap" +
            (bus_ == Bus::sharded ? "." : ", or patterns (PSUBSCRIBE), which are not counted."));
  }

  /// Connections as sentences: those for which `fits(client)` is true.
  template <typename Fits>
  [[nodiscard]] std::vector<std::string> described(const Fits& fits) const {
    std::vector<std::string> found;
    for (const ClientLine& client : fleet_.clients.value_or(std::vector<ClientLine>())) {
      if (fits(client)) {
        found.push_back(client.describe());
      }
    }
    return found;
  }

  /// A sentence about connections with fewer subscriptions than a server's; empty when there are none.
  [[nodiscard]] std::string unusual_subscribers() const {
    const std::vector<std::string> suspects = described([this](const ClientLine& client) {
      const bool subscribes = client.number(question_.by_shards() ? "ssub" : "sub") != 0;
      return subscribes && !client.is_tool() && !client.subscribes_as_server(bus_) && !is_half_subscribed(client);
    });
    return suspects.empty() ? std::string()
                            : " Fewer subscriptions than a server's: " + shown_some(suspects) + " (CLIENT LIST).";
  }

  /// True for a connection that is subscribed only to the channels that happen to be on its node, and passes on none of their
  /// messages.
  [[nodiscard]] bool is_half_subscribed(const ClientLine& client) const {
    return bus_ == Bus::sharded && client.text("name") == "ioredis-cluster(subscriber)" && client.number("ssub") != 0;
  }

  [[nodiscard]] std::string half_subscribed() const {
    const std::vector<std::string> servers = described([this](const ClientLine& client) { return is_half_subscribed(client); });
    return servers.empty() ? std::string()
                           : " A server whose ioredis Cluster is without shardedSubscribers: " + shown_some(servers) +
                                 " (CLIENT LIST, name).";
  }

  void judge_subscriptions() {
    std::vector<std::string> without;
    for (const std::string& uid : seen_.answered_uids) {
      if (seen_.uids.count(uid) == 0) {
        without.push_back(text::excerpt(uid));
      }
    }
    if (without.empty()) {
      return;
    }
    fleet_.report(
        "subscriptions",
        units::counted(without.size(), "server") + (without.size() == 1 ? " answers" : " answer") +
            ", but cannot receive answers, so that its own requests time out (" + where_ + "): " + shown_some(without) + ".",
        "Nobody is subscribed to the channel " + text::excerpt(question_.channel(), 200) + without.front() + "#" + ".",
        bus_ == Bus::sharded
            ? "With ioredis on a Redis Cluster, create the client with shardedSubscribers: true. Otherwise see "
              "whether its user may subscribe to that channel."
            : "See whether its user may subscribe to that channel.");
  }

  void judge_answers() {
    const std::uint64_t servers = question_.servers();
    const std::uint64_t answered = seen_.answered;
    if (answered >= servers) {
      return;
    }
    std::vector<std::string> silent;
    std::set_difference(seen_.uids.begin(), seen_.uids.end(), seen_.answered_uids.begin(), seen_.answered_uids.end(),
                        std::back_inserter(silent));
    fleet_.report("answers",
                  units::counted(servers - answered, "server") + " did not answer within " +
                      units::duration_text(fleet_.options.common.timeout) + " (" + where_ + ")" +
                      (silent.empty() ? "" : ": " + text::joined(silent, ", ")) + ".",
                  "Asked for the sockets of a room that nobody is in, " + std::to_string(answered) + " of " +
                      std::to_string(servers) + " answered." + silent_addresses(servers - answered) + half_subscribed(),
                  "See whether a server hangs or is paused, whether its connection to Redis is one that Redis has "
                  "not yet noticed to be gone, and whether it may publish its answers, on this Redis.");
  }

  void judge_speed() {
    const std::uint64_t ms = seen_.slowest_ms;
    const auto limit = fleet_.options.requests_timeout;
    if (seen_.answered == 0) {
      return;
    }
    const std::string seen = "The slowest answer to a question that costs nothing took " + units::grouped(ms) + " ms";
    if (ms >= static_cast<std::uint64_t>(limit.count())) {
      fleet_.report(
          "slow",
          "Servers answer later than the others wait (" + where_ + "): requests such as fetchSockets() and emitWithAck() fail.",
          seen + "; requestsTimeout is " + units::duration_text(limit) + " (--requests-timeout).",
          "Raise requestsTimeout, and find what keeps the event loops of the servers busy.");
    } else if (ms >= Question::slow_ms) {
      fleet_.report("slow", "The event loop of a server is slow (" + where_ + ").",
                    seen + ", each time of " + std::to_string(Question::slow_tries) + ".",
                    "Look for code that blocks it, too little CPU, or garbage collection; more servers share the load.");
    }
  }

  /// A sentence about servers that probably did not respond. Classic responses have no sender, so connections that published
  /// recently are left out.
  [[nodiscard]] std::string silent_addresses(std::uint64_t missing) const {
    if (bus_ != Bus::classic) {
      return {};
    }
    const std::vector<ClientLine> clients = list_clients(fleet_.redis).value_or(std::vector<ClientLine>());
    const auto passed = std::chrono::floor<std::chrono::seconds>(Question::Clock::now() - seen_.asked_at).count();
    std::vector<std::string> silent;
    for (const auto& [subscriber, publisher] : pairs_of(clients, bus_)) {
      const bool published = publisher != nullptr && publisher->text("cmd") == "publish" &&
                             publisher->number("idle") <= static_cast<std::uint64_t>(passed) + 1;
      if (!published) {
        silent.push_back(subscriber->describe());
      }
    }
    if (silent.empty()) {
      return {};
    }
    return (silent.size() == missing ? " Probably silent: " : " Among these: ") + shown_some(silent) +
           " (CLIENT LIST: subscribers whose process has published nothing since).";
  }

  Examination& fleet_;
  const Question& question_;
  const Bus bus_;
  const Question::Responses& seen_;
  std::set<std::string> all_uids_;
  const std::string where_;
};

/// True if servers respond in the format of streams. Before a stream exists, nothing else identifies servers with
/// `useShardedPubSub`.
bool are_streams_servers(Examination& fleet, const std::string& nsp) {
  if (fleet.looks_at(Bus::streams) || !fleet.places.empty() || !fleet.fleet.streams.empty()) {
    return false;
  }
  fleet.use_sharded_pubsub = true;
  Question question(fleet, Bus::streams, nsp, {});
  if (question.ask() && question.responses().answered != 0) {
    fleet.take_sharded_for_streams();
  } else {
    fleet.use_sharded_pubsub = false;
  }
  return fleet.use_sharded_pubsub;
}

}  // namespace

void check_answers(Examination& fleet) {
  for (const Bus bus : fleet.buses) {
    for (const std::string& nsp : fleet.fleet.of(bus)) {
      if (bus == Bus::streams && is_harmful(fleet.fleet, nsp)) {
        fleet.not_checked.push_back(
            "whether the streams servers of namespace " + text::excerpt(nsp) +
            " answer: classic servers hear the question there, and JavaScript ones lose their connection or end by it.");
        continue;
      }
      Question question(fleet, bus, nsp, {});
      const bool asked = question.ask();
      if (asked && bus == Bus::sharded && question.responses().answered == 0 && are_streams_servers(fleet, nsp)) {
        return check_answers(fleet);
      }
      if (asked) {
        question.ask_slow_ones_again();
        Verdict(fleet, question).judge();
      } else {
        fleet.not_checked.push_back("whether the servers of namespace " + text::excerpt(nsp) +
                                    " answer: Redis does not let this user ask them, or is too slow.");
      }
    }
  }
}

std::optional<std::set<std::string>> servers_with_room(Examination& fleet, const std::string& nsp, const std::string& room) {
  Question question(fleet, Bus::sharded, nsp, room);
  return question.ask() ? std::optional(question.responses().uids_with_sockets) : std::nullopt;
}

}  // namespace socketio::cli::fleet
