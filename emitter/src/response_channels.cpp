#include "response_channels.hpp"

#include <utility>

namespace socketio::emitter {

ResponseChannels::ResponseChannels(Loop& loop, redis::Options redis, Listener& listener)
    : listener_(listener), client_(loop, std::move(redis)) {
  client_.on_state([this](redis::State state, std::string_view why) {
    if (state == redis::State::disconnected) {
      on_lost(why);
    }
  });
}

void ResponseChannels::listen(const std::string& nsp, const std::function<std::vector<fleet::Channel>()>& channels_of) {
  const auto [found, is_new] = by_nsp_.try_emplace(nsp);
  if (!is_new) {
    return;
  }
  Channels& channels = found->second;
  channels.all = channels_of();
  for (const fleet::Channel& channel : channels.all) {
    channels.unconfirmed.insert(channel.name);
    nsp_of_[channel.name] = nsp;
    client_.subscribe(redis_kind(channel.kind), channel.name, *this);
  }
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
}

bool ResponseChannels::are_confirmed(const std::string& nsp) const {
  const auto found = by_nsp_.find(nsp);
  return found != by_nsp_.end() && found->second.unconfirmed.empty();
}

void ResponseChannels::forget(const std::string& nsp) {
  for (const fleet::Channel& channel : by_nsp_[nsp].all) {
    client_.unsubscribe(redis_kind(channel.kind), channel.name);
    nsp_of_.erase(channel.name);
  }
  by_nsp_.erase(nsp);
}

void ResponseChannels::on_message(std::string_view, Bytes payload) { listener_.on_response(payload); }

void ResponseChannels::on_subscribed(std::string_view channel, std::string_view error) {
  const auto found = nsp_of_.find(channel);
  if (found == nsp_of_.end()) {
    return;
  }
  const std::string nsp = found->second;
  if (error.empty()) {
    by_nsp_[nsp].unconfirmed.erase(std::string(channel));
    listener_.on_confirmed();
    return;
  }
  forget(nsp);
  listener_.on_refused(nsp, error);
}

void ResponseChannels::on_lost(std::string_view why) {
  for (auto& [nsp, channels] : by_nsp_) {
    for (const fleet::Channel& channel : channels.all) {
      channels.unconfirmed.insert(channel.name);
    }
  }
  listener_.on_responses_lost(why);
}

}  // namespace socketio::emitter
