#include <socketio/net/turn_end.hpp>

#include <utility>

#include "core.hpp"

namespace socketio::net {

TurnEnd::TurnEnd(Loop& loop, std::function<void()> function) : core_(Core::of(loop)), function_(std::move(function)) {}

TurnEnd::~TurnEnd() {
  if (requested_) {
    core_.forget(*this);
  }
}

void TurnEnd::enqueue() {
  core_.enqueue(*this);
  requested_ = true;
}

}  // namespace socketio::net
