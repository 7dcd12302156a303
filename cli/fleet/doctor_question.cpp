#include "doctor_question.hpp"

#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/sharded_channels.hpp>

#include "names.hpp"

namespace socketio::cli::fleet {

using cluster_message::Type;

Question::Question(Examination& fleet, Bus bus, const std::string& nsp, std::string room)
    : fleet_(fleet),
      bus_(bus),
      by_shards_(bus == Bus::sharded || (bus == Bus::streams && fleet.use_sharded_pubsub)),
      nsp_(nsp),
      main_(bus == Bus::classic ? names::request_channel(fleet.key(), nsp) : names::main_channel(fleet.key(), nsp)),
      uid_("asker-" + names::new_uid()),
      room_(std::move(room)),
      request_id_(names::new_uid()),
      client_(fleet.redis.loop(), connection_options(fleet.options, "doctor", fleet.console)) {}

bool Question::ask() {
  const std::string answers = bus_ == Bus::classic ? names::response_channel(fleet_.key(), nsp_) : main_ + uid_ + "#";
  if (by_shards_) {
    client_.subscribe(redis::SubscriptionKind::shard, answers, *this);
  } else {
    const std::string pattern = names::escaped(answers) + (bus_ == Bus::classic ? "*" : "");
    client_.subscribe(redis::SubscriptionKind::pattern, pattern, *this);
  }
  client_.connect();
  const auto timeout = fleet_.options.common.timeout;
  if (!fleet_.redis.wait([this] { return refused_ || client_.state() == redis::State::ready; }, timeout) || refused_ ||
      !count() || !publish()) {
    return false;
  }
  // A subscriber without a response channel may still be a server, so it gets time to respond.
  fleet_.redis.wait(
      [this] { return seen_.answered >= (bus_ == Bus::classic ? servers() : std::max(servers(), seen_.counted)); }, timeout);
  return true;
}

void Question::ask_slow_ones_again() {
  for (int tries = 1; tries < slow_tries && seen_.answered >= servers() && seen_.slowest_ms >= slow_ms; ++tries) {
    const std::uint64_t before = seen_.slowest_ms;
    request_id_ = names::new_uid();
    seen_.answered = seen_.slowest_ms = 0;
    seen_.answered_uids.clear();
    if (!publish()) {
      seen_.slowest_ms = before;
      return;
    }
    fleet_.redis.wait([this] { return seen_.answered >= servers(); }, fleet_.options.common.timeout);
    seen_.slowest_ms = std::min(before, seen_.slowest_ms);
  }
}

std::uint64_t Question::servers() const {
  return bus_ == Bus::classic ? std::min(seen_.counted, seen_.others)
                              : std::max<std::uint64_t>(seen_.uids.size(), seen_.answered_uids.size());
}

bool Question::publish() {
  const Buffer message = encode();
  seen_.asked_at = Clock::now();
  return fleet_.redis.ask({by_shards_ ? "SPUBLISH" : "PUBLISH", main_, message.text()}).outcome == redis::Outcome::ok;
}

bool Question::count() {
  const auto counted = subscribers_of(fleet_.redis, main_, by_shards_);
  if (!counted) {
    return false;
  }
  Buffer mark;
  sharded_channels::append_tap(mark, fleet_.key(), nsp_);
  const std::uint64_t taps = by_shards_ ? subscribers_of(fleet_.redis, mark.text(), true).value_or(0) : 0;
  seen_.counted = *counted - std::min(*counted, taps);  // servers count taps too; taps respond only to servers
  if (bus_ == Bus::classic) {
    const auto others = subscribers_of(fleet_.redis, names::response_channel(fleet_.key(), nsp_), false);
    seen_.others = others.value_or(seen_.counted);
    return others.has_value();
  }
  const auto channels = channels_like(fleet_.redis, names::escaped(main_) + "*", by_shards_);
  for (const std::string& channel : channels.value_or(std::vector<std::string>())) {
    const auto name = names::last_of(channel, fleet_.key(), nsp_);
    if (name && names::is_uid(*name) && *name != uid_) {
      seen_.uids.emplace(*name);
    }
  }
  return channels.has_value();
}

Buffer Question::encode() const {
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
    cluster_message::encode_msgpack(out, Type::fetch_sockets, data.bytes(), uid_, nsp_);
  } else if (!cluster_message::encode_json(out, Type::fetch_sockets, data.bytes(), uid_, nsp_).ok()) {
    out.clear();
  }
  return out;
}

void Question::on_message(std::string_view, Bytes payload) {
  if (bus_ == Bus::classic) {
    const auto answer = classic_response::decode(payload, scratch_);
    if (answer.ok() && answer->request_id == request_id_) {
      ++seen_.answered;
      note_time();
    }
    return;
  }
  const auto envelope = cluster_message::open(payload, scratch_);
  if (!envelope.ok() || envelope->type != static_cast<int>(Type::fetch_sockets_answer)) {
    return;
  }
  const std::string uid(envelope->uid);
  const auto answer = cluster_message::decode(Type::fetch_sockets_answer, envelope->data);
  if (!answer.ok() || !answer->request_id || *answer->request_id != request_id_) {
    return;
  }
  if (answer->sockets.size() > 1) {  // more than an empty array
    seen_.uids_with_sockets.insert(uid);
  }
  seen_.answered_uids.insert(uid);
  seen_.answered = seen_.answered_uids.size();
  note_time();
}

void Question::note_time() {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - seen_.asked_at).count();
  seen_.slowest_ms = std::max(seen_.slowest_ms, static_cast<std::uint64_t>(ms));
}

}  // namespace socketio::cli::fleet
