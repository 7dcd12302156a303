// Requests, from the servers of each namespace, their sockets in a room that does not exist, and counts the responses. These
// arrive on channels that no server counts.

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/sharded_channels.hpp>

#include "common/text.hpp"
#include "common/units.hpp"
#include "doctor.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::SubscriptionKind;

std::string random_hex() {
  std::array<std::uint8_t, ids::hex_size / 2> random{};
  [[maybe_unused]] const ssize_t got = ::getrandom(random.data(), random.size(), 0);
  return ids::make_hex(random);
}

/// Response time from which an event loop counts as busy, because the request itself costs nothing.
constexpr std::uint64_t slow_ms = 500;
/// Slow responses are reported only after this many slow requests in a row.
constexpr int slow_tries = 3;

using Clock = std::chrono::steady_clock;

/// One request in one namespace: for the sockets in a room, which costs nothing when no server has the room.
class Question final : private redis::MessageListener {
 public:
  Question(Examination& fleet, Bus bus, const std::string& nsp, std::string room)
      : fleet_(fleet),
        bus_(bus),
        by_shards_(bus == Bus::sharded || (bus == Bus::streams && fleet.use_sharded_pubsub)),
        nsp_(nsp),
        main_(bus == Bus::classic ? names::request_channel(fleet.key(), nsp) : names::main_channel(fleet.key(), nsp)),
        room_(std::move(room)),
        client_(fleet.redis.loop(), connection_options(fleet.options, "doctor", fleet.console)) {}

  /// Sends the request and waits for responses. False when it could not be sent.
  bool ask() {
    const std::string answers = bus_ == Bus::classic ? names::response_channel(fleet_.key(), nsp_) : main_ + uid_ + "#";
    if (by_shards_) {
      client_.subscribe(SubscriptionKind::shard, answers, *this);
    } else {
      client_.subscribe(SubscriptionKind::pattern, names::escaped(answers) + (bus_ == Bus::classic ? "*" : ""), *this);
    }
    client_.connect();
    const auto timeout = fleet_.options.common.timeout;
    if (!fleet_.redis.wait([this] { return refused_ || client_.state() == redis::State::ready; }, timeout) || refused_ ||
        !count() || !publish()) {
      return false;
    }
    // A subscriber without a response channel may still be a server, so it gets time to respond.
    fleet_.redis.wait([this] { return answered_ >= (bus_ == Bus::classic ? servers() : std::max(servers(), counted_)); },
                      timeout);
    return true;
  }

  /// Repeats the request while responses are slow, so that a single pause is not reported.
  void ask_slow_ones_again() {
    const auto timeout = fleet_.options.common.timeout;
    for (int tries = 1; tries < slow_tries && answered_ >= servers() && slowest_ms_ >= slow_ms; ++tries) {
      const std::uint64_t before = slowest_ms_;
      request_id_ = random_hex();
      answered_ = 0;
      slowest_ms_ = 0;
      answered_uids_.clear();
      if (!publish()) {
        slowest_ms_ = before;
        return;
      }
      fleet_.redis.wait([this] { return answered_ >= servers(); }, timeout);
      slowest_ms_ = std::min(before, slowest_ms_);
    }
  }

  void judge() {
    judge_counts();
    judge_subscriptions();
    judge_answers();
    judge_speed();
    fleet_.places.push_back({bus_, nsp_, servers(), answered_,
                             answered_ == 0 ? std::nullopt : std::optional<std::uint64_t>(slowest_ms_), all_uids()});
  }

  [[nodiscard]] const std::set<std::string>& uids_with_sockets() const { return with_sockets_; }
  [[nodiscard]] bool has_answer() const noexcept { return answered_ != 0; }

 private:
  bool publish() {
    const Buffer message = encode();
    asked_at_ = Clock::now();
    return fleet_.redis.ask({by_shards_ ? "SPUBLISH" : "PUBLISH", main_, message.text()}).outcome == redis::Outcome::ok;
  }

  [[nodiscard]] std::string where() const { return "namespace " + text::excerpt(nsp_) + ", " + std::string(name_of(bus_)); }

  /// Reports subscribers that are counted but have no response channel. They may still be servers.
  void judge_counts() const {
    const std::uint64_t known = bus_ == Bus::classic ? others_ : all_uids().size();
    if (counted_ <= known) {
      return;
    }
    const std::uint64_t unknown = counted_ - known;
    const std::string channel = text::excerpt(main_, 200);
    const std::string subscribers = units::counted(unknown, "subscriber");
    const std::string suspects = half_subscribed() + unusual_subscribers();
    fleet_.findings.push_back(
        {"counts",
         subscribers + " of " + channel + (unknown == 1 ? " is" : " are") + " not known to be " +
             (unknown == 1 ? "a server" : "servers") + ", but servers count all of them, and wait in vain for answers (" +
             where() + ").",
         "The channel has " + units::counted(counted_, "subscriber") + ", but " +
             (bus_ == Bus::classic
                  ? "the one for answers, which every server is subscribed to as well, has " + std::to_string(others_)
                  : units::counted(known, "server") + (known == 1 ? " has" : " have") + " a channel for answers, or answered") +
             "." + suspects,
         std::string("Find out which process it is before you end anything: it may be a server in production ") +
             (bus_ == Bus::sharded ? "whose client cannot subscribe to all of its channels (ioredis on a Redis Cluster needs "
                                     "shardedSubscribers: true), or that is just starting. "
                                   : "that is just starting, or whose user may not subscribe to everything. ") +
             "If it is a monitor, let it use socketio-fleet tap" +
             (bus_ == Bus::sharded ? "." : ", or patterns (PSUBSCRIBE), which are not counted.")});
  }

  /// A sentence about connections with fewer subscriptions than a server's; empty when there are none.
  [[nodiscard]] std::string unusual_subscribers() const {
    std::vector<std::string> suspects;
    for (const ClientLine& client : fleet_.clients.value_or(std::vector<ClientLine>())) {
      const bool subscribes = by_shards_ ? client.number("ssub") != 0 : client.number("sub") != 0;
      if (subscribes && !client.is_tool() && !client.subscribes_as_server(bus_) && !is_half_subscribed(client)) {
        suspects.push_back(client.describe());
      }
    }
    return suspects.empty() ? std::string()
                            : " Fewer subscriptions than a server's: " + shown_some(suspects) + " (CLIENT LIST).";
  }

  /// True for a connection that is subscribed only to the channels that happen to be on its node, and passes on none of their
  /// messages.
  [[nodiscard]] bool is_half_subscribed(const ClientLine& client) const {
    return bus_ == Bus::sharded && client.text("name") == "ioredis-cluster(subscriber)" && client.number("ssub") != 0;
  }

  [[nodiscard]] std::string half_subscribed() const {
    std::vector<std::string> servers;
    for (const ClientLine& client : fleet_.clients.value_or(std::vector<ClientLine>())) {
      if (is_half_subscribed(client)) {
        servers.push_back(client.describe());
      }
    }
    return servers.empty() ? std::string()
                           : " A server whose ioredis Cluster is without shardedSubscribers: " + shown_some(servers) +
                                 " (CLIENT LIST, name).";
  }

  void judge_subscriptions() const {
    std::vector<std::string> without;
    for (const std::string& uid : answered_uids_) {
      if (uids_.count(uid) == 0) {
        without.push_back(text::excerpt(uid));
      }
    }
    if (without.empty()) {
      return;
    }
    fleet_.findings.push_back(
        {"subscriptions",
         units::counted(without.size(), "server") + (without.size() == 1 ? " answers" : " answer") +
             ", but cannot receive answers, so that its own requests time out (" + where() + "): " + shown_some(without) + ".",
         "Nobody is subscribed to the channel " + text::excerpt(main_, 200) + without.front() + "#" + ".",
         bus_ == Bus::sharded
             ? "With ioredis on a Redis Cluster, create the client with shardedSubscribers: true. Otherwise see "
               "whether its user may subscribe to that channel."
             : "See whether its user may subscribe to that channel."});
  }

  void judge_answers() const {
    if (answered_ >= servers()) {
      return;
    }
    const std::uint64_t missing = servers() - answered_;
    fleet_.findings.push_back({"answers",
                               units::counted(missing, "server") + " did not answer within " +
                                   units::duration_text(fleet_.options.common.timeout) + " (" + where() + ")" + silent_names() +
                                   ".",
                               "Asked for the sockets of a room that nobody is in, " + std::to_string(answered_) + " of " +
                                   std::to_string(servers()) + " answered." + silent_addresses(missing) + half_subscribed(),
                               "See whether a server hangs or is paused, whether its connection to Redis is one that Redis has "
                               "not yet noticed to be gone, and whether it may publish its answers, on this Redis."});
  }

  void judge_speed() const {
    if (answered_ == 0) {
      return;
    }
    const auto limit = static_cast<std::uint64_t>(fleet_.options.requests_timeout.count());
    const std::string seen = "The slowest answer to a question that costs nothing took " + units::grouped(slowest_ms_) + " ms";
    if (slowest_ms_ >= limit) {
      fleet_.findings.push_back(
          {"slow",
           "Servers answer later than the others wait (" + where() +
               "): requests such as fetchSockets() and emitWithAck() fail.",
           seen + "; requestsTimeout is " + units::duration_text(fleet_.options.requests_timeout) + " (--requests-timeout).",
           "Raise requestsTimeout, and find what keeps the event loops of the servers busy."});
    } else if (slowest_ms_ >= slow_ms) {
      fleet_.findings.push_back({"slow", "The event loop of a server is slow (" + where() + ").",
                                 seen + ", each time of " + std::to_string(slow_tries) + ".",
                                 "Look for code that blocks it, too little CPU, or garbage collection; more servers share the "
                                 "load."});
    }
  }

  /// A sentence about servers that probably did not respond. Classic responses have no sender, so connections that published
  /// recently are left out.
  [[nodiscard]] std::string silent_addresses(std::uint64_t missing) const {
    const auto list = fleet_.redis.ask({"CLIENT", "LIST"});
    if (bus_ != Bus::classic || list.outcome != redis::Outcome::ok) {
      return {};
    }
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - asked_at_).count();
    const std::vector<ClientLine> clients = read_client_list(list.reply.text);
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

  [[nodiscard]] std::uint64_t servers() const {
    return bus_ == Bus::classic ? std::min(counted_, others_) : std::max<std::uint64_t>(uids_.size(), answered_uids_.size());
  }

  bool count() {
    const bool shard = by_shards_;
    const auto counted = subscribers_of(fleet_.redis, main_, shard);
    if (!counted) {
      return false;
    }
    Buffer mark;
    sharded_channels::append_tap(mark, fleet_.key(), nsp_);
    const std::uint64_t taps = shard ? subscribers_of(fleet_.redis, mark.text(), true).value_or(0) : 0;
    counted_ = *counted - std::min(*counted, taps);  // servers count taps too; taps respond only to servers
    if (bus_ == Bus::classic) {
      const auto others = subscribers_of(fleet_.redis, names::response_channel(fleet_.key(), nsp_), false);
      others_ = others.value_or(counted_);
      return others.has_value();
    }
    const auto channels = channels_like(fleet_.redis, names::escaped(main_) + "*", shard);
    for (const std::string& channel : channels.value_or(std::vector<std::string>())) {
      const auto name = names::last_of(channel, fleet_.key(), nsp_);
      if (name && names::is_uid(*name) && *name != uid_) {
        uids_.emplace(*name);
      }
    }
    return channels.has_value();
  }

  [[nodiscard]] Buffer encode() const {
    Buffer out;
    const std::array<Room, 1> rooms{Room(room_.empty() ? "socketio-fleet-doctor-" + request_id_ : room_)};
    const selector::Target target{rooms, {}, {}};
    if (bus_ == Bus::classic) {
      classic_request::encode_fetch_sockets(out, uid_, request_id_, target);
      return out;
    }
    Buffer data;
    cluster_message::append_fetch(data, target, request_id_);
    if (bus_ == Bus::streams) {
      cluster_message::encode_msgpack(out, cluster_message::Type::fetch_sockets, data.bytes(), uid_, nsp_);
    } else if (!cluster_message::encode_json(out, cluster_message::Type::fetch_sockets, data.bytes(), uid_, nsp_).ok()) {
      out.clear();
    }
    return out;
  }

  void on_message(std::string_view, Bytes payload) override {
    if (bus_ == Bus::classic) {
      const auto answer = classic_response::decode(payload, scratch_);
      if (answer.ok() && answer->request_id == request_id_) {
        ++answered_;
        note_time();
      }
      return;
    }
    const auto envelope = cluster_message::open(payload, scratch_);
    if (!envelope.ok() || envelope->type != static_cast<int>(cluster_message::Type::fetch_sockets_answer)) {
      return;
    }
    const std::string uid(envelope->uid);
    const auto answer = cluster_message::decode(cluster_message::Type::fetch_sockets_answer, envelope->data);
    if (!answer.ok() || !answer->request_id || *answer->request_id != request_id_) {
      return;
    }
    if (answer->sockets.size() > 1) {  // more than an empty array
      with_sockets_.insert(uid);
    }
    answered_uids_.insert(uid);
    answered_ = answered_uids_.size();
    note_time();
  }

  void note_time() {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - asked_at_).count();
    slowest_ms_ = std::max(slowest_ms_, static_cast<std::uint64_t>(ms));
  }
  void on_subscribed(std::string_view, std::string_view error) override { refused_ = !error.empty(); }

  [[nodiscard]] std::set<std::string> all_uids() const {
    std::set<std::string> all = uids_;
    all.insert(answered_uids_.begin(), answered_uids_.end());
    return all;
  }

  [[nodiscard]] std::string silent_names() const {
    std::string names;
    for (const std::string& uid : uids_) {
      if (answered_uids_.count(uid) == 0) {
        names += (names.empty() ? ": " : ", ") + uid;
      }
    }
    return names;
  }

  Examination& fleet_;
  const Bus bus_;
  const bool by_shards_;  ///< requests use sharded pub/sub
  const std::string nsp_;
  const std::string main_;
  const std::string uid_ = "asker-" + random_hex();  ///< taps do not respond to such a uid, and it does not count as a server
  const std::string room_;                           ///< empty: a room that does not exist
  std::string request_id_ = random_hex();
  Buffer scratch_;
  bool refused_ = false;
  std::uint64_t counted_ = 0;  ///< subscribers, counted as servers count them
  std::uint64_t others_ = 0;   ///< classic: subscribers of the response channel
  std::uint64_t answered_ = 0;
  std::uint64_t slowest_ms_ = 0;
  Clock::time_point asked_at_;
  std::set<std::string> uids_;  ///< sharded, streams: uids with a response channel
  std::set<std::string> answered_uids_;
  std::set<std::string> with_sockets_;  ///< sharded, streams: uids with sockets in the room
  redis::Client client_;                ///< declared last, because closing it calls back into the others
};

/// True if servers respond in the format of streams. Before a stream exists, nothing else identifies servers with
/// `useShardedPubSub`.
bool are_streams_servers(Examination& fleet, const std::string& nsp) {
  if (fleet.looks_at(Bus::streams) || !fleet.places.empty() || !fleet.fleet.streams.empty()) {
    return false;
  }
  fleet.use_sharded_pubsub = true;
  Question question(fleet, Bus::streams, nsp, {});
  fleet.use_sharded_pubsub = question.ask() && question.has_answer();
  if (fleet.use_sharded_pubsub) {
    fleet.fleet.streams = std::exchange(fleet.fleet.sharded, {});
    std::replace(fleet.buses.begin(), fleet.buses.end(), Bus::sharded, Bus::streams);
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
            " answer: classic servers hear the question there, and JavaScript ones lose their connection "
            "or end by it.");
        continue;
      }
      Question question(fleet, bus, nsp, {});
      const bool asked = question.ask();
      if (asked && bus == Bus::sharded && !question.has_answer() && are_streams_servers(fleet, nsp)) {
        return check_answers(fleet);
      }
      if (asked) {
        question.ask_slow_ones_again();
        question.judge();
      } else {
        fleet.not_checked.push_back("whether the servers of namespace " + text::excerpt(nsp) +
                                    " answer: Redis does not let this user ask them, or is too slow.");
      }
    }
  }
}

std::optional<std::set<std::string>> servers_with_room(Examination& fleet, const std::string& nsp, const std::string& room) {
  Question question(fleet, Bus::sharded, nsp, room);
  return question.ask() ? std::optional(question.uids_with_sockets()) : std::nullopt;
}

}  // namespace socketio::cli::fleet
