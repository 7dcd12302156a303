#include "courier.hpp"

#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>

namespace socketio::emitter {
namespace {

/// Time after a detection that found no server until the next one may start.
constexpr std::uint64_t ask_again_ms = 1'000;

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

Courier::Courier(const EmitterOptions& options, Loop& loop, EmitListener& listener)
    : options_(options),
      loop_(loop),
      listener_(listener),
      encoder_(options.fleet(options.transport), options.message_bytes_max) {
  use(options);
}

void Courier::use(const EmitterOptions& options) {
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
  const bool is_automatic = options.transport == Transport::automatic;
  if (search_ != nullptr && search_->is_asking) {  // held operations follow these options then
    search_->was_named = !is_automatic;
    search_->asks_again = is_automatic;
  } else {
    search_ = is_automatic ? std::make_unique<Search>() : nullptr;
  }
}

/// Holds operations, in their order, until the transport of the servers is known. For `ask_again_ms` after a detection that
/// found no server, publishes them as classic.
void Courier::publish_when_found(redis::Client& client, EmitId id, const Operation& operation) {
  Search& search = *search_;
  if (search.nobody_ms && loop_.now_ms() < *search.nobody_ms + ask_again_ms) {
    publish_one(client, first_, id);
    return;
  }
  const std::size_t bytes = first_.payload.size();
  if (search.held_bytes + bytes > limits::queue_bytes_max) {
    if (search.refused.empty()) {
      loop_.call_after(0, [this, alive = std::weak_ptr<const bool>(alive_)] {
        if (!alive.expired()) {
          end_refused();
        }
      });
    }
    search.refused.push_back(id);
    return;
  }
  search.held_bytes += bytes;
  search.held.emplace_back(id, operation);
  if (!std::exchange(search.is_asking, true)) {
    find(client, std::string(operation.name_space()));
  }
}

void Courier::find(redis::Client& client, const std::string& nsp) {
  socketio::find_transport(client, encoder_.fleet(), nsp,
                           [this, &client, nsp](const FoundTransport& found) { on_found(client, nsp, found); });
}

/// Ends the emits beyond the limit: in the loop's next turn or when the detection ends, whichever is first.
void Courier::end_refused() {
  const std::weak_ptr<const bool> alive = alive_;
  for (const EmitId id : search_ != nullptr ? std::exchange(search_->refused, {}) : std::vector<EmitId>()) {
    if (!alive.expired()) {
      listener_.on_emit_ended(id, redis::Outcome::not_sent, {}, "Too much waits until Redis tells who listens.");
    }
  }
}

/// Called exactly once for each detection, also when the client is destroyed.
void Courier::on_found(redis::Client& client, const std::string& nsp, const FoundTransport& found) {
  const std::weak_ptr<const bool> alive = alive_;
  end_refused();
  if (alive.expired()) {
    return;
  }
  const bool was_answered = found.outcome == redis::Outcome::ok;
  if (std::exchange(search_->asks_again, false) && was_answered) {
    find(client, nsp);
    return;
  }
  const std::vector<HeldOperation> held = std::move(search_->held);
  const bool was_named = search_->was_named;
  *search_ = Search{};
  if (was_named) {
    search_.reset();
  } else if (found.transport) {
    FleetSettings fleet = options_.fleet(*found.transport);
    fleet.stream_count = found.stream_count;
    fleet.use_sharded_pubsub = fleet.use_sharded_pubsub || found.use_sharded_pubsub;
    encoder_ = Encoder(std::move(fleet), options_.message_bytes_max);
    search_.reset();
  } else if (found.nobody()) {
    search_->nobody_ms = loop_.now_ms();
  } else {
    const auto outcome = was_answered ? redis::Outcome::refused : found.outcome;
    for (const HeldOperation& one : held) {
      if (!alive.expired()) {
        listener_.on_emit_ended(one.id(), outcome, std::nullopt, found.message);
      }
    }
    return;
  }
  for (const HeldOperation& one : held) {
    if (!alive.expired()) {
      publish_held(client, one);
    }
  }
}

void Courier::publish_held(redis::Client& client, const HeldOperation& held) {
  try {
    encode(held.view());
  } catch (const Error& error) {  // not possible with the detected transport
    listener_.on_emit_ended(held.id(), redis::Outcome::refused, std::nullopt, error.what());
    return;
  }
  publish_all(client, held.id());
}

void Courier::publish_all(redis::Client& client, EmitId id) {
  if (!others_.empty()) {
    parts_[id].waiting = 1 + others_.size();
  }
  publish_one(client, first_, id);
  for (const Other& other : others_) {
    publish_one(client, other.publication, id);
  }
}

void Courier::publish_one(redis::Client& client, const Encoder::Publication& publication, EmitId id) {
  switch (publication.command) {
    case Encoder::Command::publish: client.publish(publication.channel, publication.payload, *this, id); return;
    case Encoder::Command::publish_sharded: client.publish_sharded(publication.channel, publication.payload, *this, id); return;
    case Encoder::Command::add_entry:
      client.command(publication.words, [this, id](const redis::CommandResult& result) {
        end_part(id, result.outcome, std::nullopt, result.message);
      });
      return;
  }
}

void Courier::on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) {
  if (others_.empty()) [[likely]] {
    listener_.on_emit_ended(tag, outcome, receivers, message);
  } else {
    end_part(tag, outcome, receivers, message);
  }
}

void Courier::end_part(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message) {
  if (others_.empty()) {
    listener_.on_emit_ended(id, outcome, receivers, message);
    return;
  }
  const auto found = parts_.find(id);
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
