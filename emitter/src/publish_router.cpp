#include "publish_router.hpp"

#include <utility>

#include <socketio/common/error.hpp>

namespace socketio::emitter {
namespace {

/// Rank of an outcome; of several, the highest is reported: a certain loss ranks above a possible one.
int weight(redis::Outcome outcome) noexcept {
  switch (outcome) {
    case redis::Outcome::ok: return 0;
    case redis::Outcome::unconfirmed: return 1;
    case redis::Outcome::not_sent: return 2;
    case redis::Outcome::refused: return 3;
  }
  return 0;
}

}  // namespace

PublishRouter::PublishRouter(const EmitterOptions& options, Loop& loop, EmitListener& listener, std::size_t held_bytes_max)
    : options_(options),
      held_bytes_max_(held_bytes_max),
      loop_(loop),
      listener_(listener),
      encoder_(options.fleet(options.transport), options.message_bytes_max) {
  use(options);
}

void PublishRouter::use(const EmitterOptions& options) {
  std::vector<Other> others;
  for (const Transport transport : options.also) {
    bool is_there = transport == options.transport;
    for (const Other& other : others) {
      is_there = is_there || other.encoder.fleet().transport == transport;
    }
    if (is_there) {
      throw Error(ErrorCode::bad_option, "The transport " + std::string(name_of(transport)) + " is there twice.");
    }
    if (transport == Transport::automatic || options.transport == Transport::automatic) {
      throw Error(ErrorCode::bad_option, "Of several transports each has to be named.");
    }
    others.push_back({Encoder(options.fleet(transport), options.message_bytes_max), {}});
  }
  encoder_ = Encoder(options.fleet(options.transport), options.message_bytes_max);
  others_ = std::move(others);
  if (search_ != nullptr && !search_->is_idle()) {
    replaced_.push_back(std::move(search_));  // earlier emits go to the fleet before this one
  }
  search_.reset();
  if (options.transport == Transport::automatic) {
    search_ = std::make_shared<TransportSearch>(options.fleet(Transport::classic), options.message_bytes_max, held_bytes_max_,
                                                loop_, static_cast<TransportSearch::Sink&>(*this), alive_);
  }
}

void PublishRouter::stop() noexcept {
  if (search_ != nullptr) {
    search_->stop();
  }
  for (const auto& search : replaced_) {
    search->stop();
  }
}

void PublishRouter::publish_when_found(redis::Client& client, EmitId id, const Operation& operation) {
  const auto search = search_;  // a callback may replace it
  if (!search->publish(client, id, operation, first_.payload.size())) {
    publish_one(client, first_, id);
  }
}

void PublishRouter::publish_found(redis::Client& client, const Publication& publication, EmitId id) {
  publish_one(client, publication, id);
}

void PublishRouter::end_held(EmitId id, redis::Outcome outcome, std::string_view message) {
  listener_.on_emit_ended(id, outcome, std::nullopt, message);
}

void PublishRouter::on_fleet_found(const TransportSearch& search, const Fleet& fleet) {
  if (&search == search_.get()) {
    encoder_ = Encoder(fleet, options_.message_bytes_max);
    search_.reset();
  }
}

void PublishRouter::on_search_idle() {
  std::erase_if(replaced_, [](const auto& search) { return search->is_idle(); });
  if (!is_holding()) {
    listener_.on_nothing_held();
  }
}

void PublishRouter::publish_all(redis::Client& client, EmitId id) {
  if (!others_.empty()) {
    parts_[id].waiting = 1 + others_.size();
  }
  publish_one(client, first_, id);
  for (const Other& other : others_) {
    publish_one(client, other.publication, id);
  }
}

void PublishRouter::publish_one(redis::Client& client, const Publication& publication, EmitId id) {
  switch (publication.command) {
    case Publication::Command::publish: client.publish(publication.channel, publication.payload, *this, id); return;
    case Publication::Command::publish_sharded: client.publish_sharded(publication.channel, publication.payload, *this, id); return;
    case Publication::Command::add_entry:
      ++entry_count_;
      client.command(publication.words, [this, id](const redis::CommandResult& result) {
        end_part(id, result.outcome, std::nullopt, result.message);
      });
      return;
  }
}

void PublishRouter::on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) {
  if (parts_.empty()) [[likely]] {
    listener_.on_emit_ended(tag, outcome, receivers, message);
  } else {
    end_part(tag, outcome, receivers, message);
  }
}

void PublishRouter::end_part(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                             std::string_view message) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) {  // published on one transport; use() may have changed their number since
    listener_.on_emit_ended(id, outcome, receivers, message);
    return;
  }
  Parts& parts = found->second;
  if (weight(outcome) > weight(parts.outcome)) {
    parts.outcome = outcome;
    parts.message = message;
  }
  if (outcome == redis::Outcome::ok) {
    parts.receivers = parts.receivers && receivers ? std::optional(*parts.receivers + *receivers) : std::nullopt;
  }
  if (--parts.waiting == 0) {
    const Parts ended = std::move(parts);
    parts_.erase(found);
    listener_.on_emit_ended(id, ended.outcome, ended.receivers, ended.message);
  }
}

}  // namespace socketio::emitter
