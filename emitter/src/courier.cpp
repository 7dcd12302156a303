#include "courier.hpp"

#include <utility>

#include <socketio/common/error.hpp>

namespace socketio::emitter {
namespace {

/// Which of two ends is to be told of: what was lost for certain before what may have been lost.
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

Courier::Courier(const EmitterOptions& options, EmitListener& listener)
    : listener_(listener), encoder_(options.fleet(options.transport), options.message_bytes_max) {
  for (const Transport transport : options.also) {
    bool is_there = transport == options.transport;
    for (const Other& other : others_) {
      is_there = is_there || other.encoder.fleet().transport == transport;
    }
    if (is_there) {
      throw Error(ErrorCode::bad_option, "The transport " + std::string(name_of(transport)) + " is there twice.");
    }
    others_.push_back({Encoder(options.fleet(transport), options.message_bytes_max), {}});
  }
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
