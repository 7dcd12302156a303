#include "confirmations.hpp"

#include <algorithm>
#include <utility>

namespace socketio::adapter {

void Confirmations::add(std::string channel) { channels_.insert_or_assign(std::move(channel), State::open); }

void Confirmations::remove(std::string_view channel) {
  if (const auto found = channels_.find(channel); found != channels_.end()) {
    channels_.erase(found);
  }
  for (const auto& [number, waiting] : waiting_for(channel)) {
    end(waiting, false);
  }
}

void Confirmations::on_subscribed(std::string_view channel, std::string_view error) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) {
    return;
  }
  const bool was_confirmed = found->second == State::confirmed;
  found->second = error.empty() ? State::confirmed : State::refused;
  for (const auto& [number, waiting] : waiting_for(channel)) {
    if (!error.empty()) {
      end(waiting, false);
    } else if (!was_confirmed && waiting->done && --waiting->open_count == 0) {
      end(waiting, true);
    }
  }
}

void Confirmations::on_lost(std::string_view channel) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || found->second == State::open) {
    return;
  }
  const bool was_confirmed = std::exchange(found->second, State::open) == State::confirmed;
  for (const auto& [number, waiting] : waiting_for(channel)) {
    waiting->open_count += was_confirmed ? 1U : 0U;
  }
}

void Confirmations::when_confirmed(std::vector<std::string> channels, std::uint64_t timeout_ms,
                                   std::function<void(bool)> done) {
  std::sort(channels.begin(), channels.end());
  channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
  std::size_t open_count = 0;
  for (const std::string& channel : channels) {
    const auto found = channels_.find(channel);
    if (found == channels_.end() || found->second == State::refused) {
      done(false);
      return;
    }
    open_count += found->second == State::open ? 1U : 0U;
  }
  if (open_count == 0) {
    done(true);
    return;
  }
  const auto waiting = std::make_shared<Waiting>(Waiting{++last_number_, std::move(channels), open_count, std::move(done), 0});
  for (const std::string& channel : waiting->channels) {
    waiting_[channel].emplace(waiting->number, waiting);
  }
  waiting->deadline = scheduler_.call_after(std::chrono::milliseconds(timeout_ms), [this, waiting] { end(waiting, false); });
}

void Confirmations::close() {
  channels_.clear();
  const auto all = std::exchange(waiting_, {});
  for (const auto& [channel, calls] : all) {
    for (const auto& [number, waiting] : calls) {
      end(waiting, false);
    }
  }
}

/// Returns a copy: the calls' functions may start other calls, or remove channels.
Confirmations::Calls Confirmations::waiting_for(std::string_view channel) const {
  const auto found = waiting_.find(channel);
  return found != waiting_.end() ? found->second : Calls();
}

void Confirmations::end(const std::shared_ptr<Waiting>& waiting, bool confirmed) {
  const auto done = std::exchange(waiting->done, nullptr);
  if (!done) {
    return;
  }
  scheduler_.cancel(waiting->deadline);
  for (const std::string& channel : waiting->channels) {
    if (const auto found = waiting_.find(channel); found != waiting_.end()) {
      found->second.erase(waiting->number);
      if (found->second.empty()) {
        waiting_.erase(found);
      }
    }
  }
  done(confirmed);
}

}  // namespace socketio::adapter
