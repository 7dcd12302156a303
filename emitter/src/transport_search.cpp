#include "transport_search.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include <socketio/common/error.hpp>

#include "stream_search.hpp"

namespace socketio::emitter {
namespace {

/// Time after which Redis is asked again about a namespace in which no server listened.
constexpr std::uint64_t ask_again_ms = 1'000;
/// Searches that a lost connection may interrupt before kept emits end.
constexpr unsigned attempts_max = 3;

}  // namespace

TransportSearch::TransportSearch(Fleet fleet, std::size_t message_bytes_max, std::size_t held_bytes_max, Loop& loop,
                                 Sink& sink, std::weak_ptr<const bool> alive)
    : fleet_(std::move(fleet)),
      message_bytes_max_(message_bytes_max),
      held_bytes_max_(held_bytes_max),
      loop_(loop),
      sink_(sink),
      alive_(std::move(alive)) {}

bool TransportSearch::publish(redis::Client& client, EmitId id, const Operation& operation, std::size_t bytes) {
  const std::string& nsp = operation.target.nsp;
  if (const auto known = encoders_.find(nsp); known != encoders_.end()) {
    deliver(client, known->second, operation, id);
    return true;
  }
  std::erase_if(nobody_ms_, [now_ms = loop_.now_ms()](const auto& one) { return now_ms >= one.second + ask_again_ms; });
  if (nobody_ms_.contains(nsp)) {
    return false;
  }
  if (!has_room(bytes)) {
    end_later(id, redis::Outcome::not_sent, "Too many emits wait until Redis tells who listens.");
    return true;
  }
  held_bytes_ += bytes;
  held_.push_back({id, OwnedOperation(operation)});
  if (!is_asking_) {
    ask(client, nsp);
  }
  return true;
}

void TransportSearch::ask(redis::Client& client, const std::string& nsp) {
  is_asking_ = true;
  find_transport(client, fleet_, nsp, [self = shared_from_this(), &client, nsp](const FoundTransport& found) {
    if (!self->alive_.expired()) {
      self->on_found(client, nsp, found);
    }
  });
}

/// Called exactly once for each question, also when the client ends.
void TransportSearch::on_found(redis::Client& client, const std::string& nsp, const FoundTransport& found) {
  is_asking_ = false;
  if (found.outcome == redis::Outcome::unconfirmed && !stopped_ && ++attempts_ < attempts_max) {
    ask(client, nsp);  // the connection was lost: the question waits for the next one, as an emit would
    return;
  }
  attempts_ = 0;
  const bool is_known = found.transport.has_value();
  const bool is_for_all = is_known && !found.is_stream_of_namespace_only;
  const bool is_answer = found.outcome == redis::Outcome::ok;
  const std::vector<HeldOperation> held = take_held(is_for_all || !is_answer || stopped_ ? nullptr : &nsp);
  const Fleet fleet = is_known ? with_found(fleet_, *found.transport, found) : fleet_;
  if (is_known || found.nobody()) {
    Encoder encoder(fleet, message_bytes_max_);
    publish_held(client, encoder, held);
    if (is_known && !is_for_all) {
      encoders_.insert_or_assign(nsp, std::move(encoder));
    } else if (!is_known) {
      nobody_ms_[nsp] = loop_.now_ms();
    }
  } else {  // what was kept has not been written
    const bool is_refusal = is_answer || found.outcome == redis::Outcome::refused;
    for (const HeldOperation& one : held) {
      ending_.push_back({one.id, is_refusal ? redis::Outcome::refused : redis::Outcome::not_sent, found.message});
    }
  }
  if (!held_.empty()) {
    ask(client, std::string(held_.front().operation.target.nsp));
  }
  const auto self = shared_from_this();
  if (is_for_all) {
    sink_.on_fleet_found(*this, fleet);
  }
  end_now();
}

std::vector<TransportSearch::HeldOperation> TransportSearch::take_held(const std::string* nsp) {
  const auto stays = [nsp](const HeldOperation& one) { return nsp != nullptr && one.operation.target.nsp != *nsp; };
  const auto first = std::stable_partition(held_.begin(), held_.end(), stays);
  std::vector<HeldOperation> taken(std::make_move_iterator(first), std::make_move_iterator(held_.end()));
  held_.erase(first, held_.end());
  held_bytes_ = 0;
  for (const HeldOperation& one : held_) {
    held_bytes_ += one.operation.data.size();
  }
  return taken;
}

void TransportSearch::publish_held(redis::Client& client, Encoder& encoder, const std::vector<HeldOperation>& held) {
  for (const HeldOperation& one : held) {
    deliver(client, encoder, one.operation.view(), one.id);
  }
}

void TransportSearch::deliver(redis::Client& client, Encoder& encoder, const Operation& operation, EmitId id) {
  try {
    sink_.publish_found(client, encoder.encode(operation), id);
  } catch (const Error& error) {  // the transport that was found does not have this operation
    end_later(id, redis::Outcome::refused, error.what());
  }
}

void TransportSearch::end_later(EmitId id, redis::Outcome outcome, std::string message) {
  if (ending_.empty()) {
    loop_.call_after(std::chrono::milliseconds(0), [self = shared_from_this()] {
      if (!self->alive_.expired()) {
        self->end_now();
      }
    });
  }
  ending_.push_back({id, outcome, std::move(message)});
}

void TransportSearch::end_now() {
  for (const Ending& one : std::exchange(ending_, {})) {
    if (alive_.expired()) {
      return;
    }
    sink_.end_held(one.id, one.outcome, one.message);
  }
  if (!alive_.expired() && is_idle()) {
    sink_.on_search_idle();
  }
}

}  // namespace socketio::emitter
