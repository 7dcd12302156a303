// Asks the servers of each namespace which of their sockets are in a room that nobody has, and counts who answers. The answers
// are heard on channels that no server counts.

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/ids.hpp>

#include "../src/text.hpp"
#include "../src/units.hpp"
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

/// One question in one namespace.
class Question final : private redis::MessageListener {
 public:
  Question(Examination& fleet, Bus bus, const std::string& nsp)
      : fleet_(fleet),
        bus_(bus),
        nsp_(nsp),
        main_(bus == Bus::classic ? names::request_channel(fleet.key(), nsp) : names::main_channel(fleet.key(), nsp)),
        client_(fleet.redis.loop(), connection_options(fleet.options, "doctor", fleet.console)) {}

  /// False when it could not be asked.
  bool ask() {
    const std::string answers = bus_ == Bus::classic ? names::response_channel(fleet_.key(), nsp_) : main_ + uid_ + "#";
    if (bus_ == Bus::sharded) {
      client_.subscribe(SubscriptionKind::shard, answers, *this);
    } else {
      client_.subscribe(SubscriptionKind::pattern, names::escaped(answers) + (bus_ == Bus::classic ? "*" : ""), *this);
    }
    client_.connect();
    const auto timeout = fleet_.options.common.timeout;
    if (!fleet_.redis.wait([this] { return refused_ || client_.state() == redis::State::ready; }, timeout) || refused_ ||
        !count()) {
      return false;
    }
    const Buffer message = encode();
    if (fleet_.redis.ask({bus_ == Bus::sharded ? "SPUBLISH" : "PUBLISH", main_, message.text()}).outcome !=
        redis::Outcome::ok) {
      return false;
    }
    fleet_.redis.wait([this] { return answered_ >= servers(); }, timeout);
    return true;
  }

  void judge() const {
    const std::string where = "namespace " + text::excerpt(nsp_) + ", " + std::string(name_of(bus_));
    const std::uint64_t known = bus_ == Bus::classic ? others_ : all_uids().size();
    if (counted_ > known) {
      fleet_.findings.push_back(
          {"counts",
           units::counted(counted_ - known, "subscriber") + " of " + text::excerpt(main_, 200) +
               " is no server, but servers count all of them, and wait in vain for its answers (" + where + ").",
           bus_ == Bus::classic ? "The channel has " + units::counted(counted_, "subscriber") +
                                      ", the one for answers, which every "
                                      "server is subscribed to as well, has " +
                                      std::to_string(others_) + "."
                                : "The channel has " + units::counted(counted_, "subscriber") + ", but there are " +
                                      units::counted(known, "server") + " with a channel for answers.",
           "Find who subscribes to that channel (CLIENT LIST shows connections with few subscriptions) and end it. To watch a "
           "fleet, "
           "use socketio-fleet tap, or patterns (PSUBSCRIBE), which are not counted."});
    }
    if (answered_ < servers()) {
      fleet_.findings.push_back({"answers",
                                 units::counted(servers() - answered_, "server") + " did not answer within " +
                                     units::duration_text(fleet_.options.common.timeout) + " (" + where + ")" + silent_names() +
                                     ".",
                                 "Asked for the sockets of a room that nobody is in, " + std::to_string(answered_) + " of " +
                                     std::to_string(servers()) + " answered.",
                                 "See whether a server hangs or is paused, whether its connection to Redis is one that Redis "
                                 "has not yet noticed to be "
                                 "gone, and whether it may publish its answers."});
    }
  }

 private:
  [[nodiscard]] std::uint64_t servers() const {
    return bus_ == Bus::classic ? std::min(counted_, others_) : std::max<std::uint64_t>(uids_.size(), answered_uids_.size());
  }

  bool count() {
    const bool shard = bus_ == Bus::sharded;
    const auto counted = subscribers_of(fleet_.redis, main_, shard);
    if (!counted) {
      return false;
    }
    counted_ = *counted;
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
    const std::array<Room, 1> nobody{Room("socketio-fleet-doctor-" + request_id_)};
    const selector::Target target{nobody, {}, {}};
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
      answered_ += answer.ok() && answer->request_id == request_id_ ? 1U : 0U;
      return;
    }
    const auto envelope = cluster_message::open(payload, scratch_);
    if (envelope.ok() && envelope->type == static_cast<int>(cluster_message::Type::fetch_sockets_answer)) {
      answered_uids_.emplace(envelope->uid);
      answered_ = answered_uids_.size();
    }
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
  const std::string nsp_;
  const std::string main_;
  const std::string uid_ = random_hex();
  const std::string request_id_ = random_hex();
  Buffer scratch_;
  bool refused_ = false;
  std::uint64_t counted_ = 0;  ///< as servers count
  std::uint64_t others_ = 0;   ///< classic: subscribers of the channel for answers
  std::uint64_t answered_ = 0;
  std::set<std::string> uids_;  ///< sharded, streams: whose channels for answers are there
  std::set<std::string> answered_uids_;
  redis::Client client_;  ///< last: it ends what waits for the others
};

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
      Question question(fleet, bus, nsp);
      if (question.ask()) {
        question.judge();
      } else {
        fleet.not_checked.push_back("whether the servers of namespace " + text::excerpt(nsp) +
                                    " answer: Redis does not let this user ask them, or is too slow.");
      }
    }
  }
}

}  // namespace socketio::cli::fleet
