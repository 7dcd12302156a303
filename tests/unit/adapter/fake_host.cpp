#include "fake_host.hpp"

#include <algorithm>

namespace fake {
namespace {

std::string joined(const adapter::RoomNames& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text.append(i == 0 ? "" : ",").append(names[i]);
  }
  return text;
}

}  // namespace

Scheduler::TimerId Scheduler::call_after(std::chrono::milliseconds after, std::function<void()> function) {
  timers_.emplace(std::pair(now_ms_ + static_cast<std::uint64_t>(after.count()), ++last_id_), std::move(function));
  return last_id_;
}

void Scheduler::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
}

void Scheduler::advance(std::uint64_t by_ms) {
  const std::uint64_t until_ms = now_ms_ + by_ms;
  while (!timers_.empty() && timers_.begin()->first.first <= until_ms) {
    now_ms_ = std::max(now_ms_, timers_.begin()->first.first);
    const auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
  wall_ms_ += static_cast<std::int64_t>(by_ms);
  now_ms_ = until_ms;
}

std::string text_of(const adapter::Selection& selection) {
  return "rooms " + joined(selection.rooms) + " except " + joined(selection.except);
}

std::string json(Bytes packed) { return Value(packed).json(); }

void Shard::apply(const adapter::ShardOperation& operation) {
  const auto& [kind, selection, data, flags, rooms, close] = operation;
  switch (kind) {
    case Operation::Kind::join: calls.push_back("join " + joined(rooms) + " " + text_of(selection)); return;
    case Operation::Kind::leave: calls.push_back("leave " + joined(rooms) + " " + text_of(selection)); return;
    case Operation::Kind::disconnect: calls.push_back((close ? "close " : "disconnect ") + text_of(selection)); return;
    case Operation::Kind::server_side: calls.emplace_back("server side"); return;
    case Operation::Kind::emit: break;
  }
  calls.push_back("deliver " + json(data) + " " + text_of(selection) + (flags.is_volatile() ? " volatile" : ""));
  if (on_deliver) {
    on_deliver();
    calls.push_back("delivered " + json(data));
  }
}

void Shard::deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                             std::shared_ptr<adapter::AckListener> listener) {
  calls.push_back("ask " + json(data) + " " + text_of(selection));
  asked.push_back({ack_id, flags.timeout_ms().value_or(0), listener});
  listener->on_clients(client_count);
}

void Shard::fetch(const adapter::Selection& selection, adapter::Form, std::function<void(adapter::Sockets)> done) {
  calls.push_back("fetch " + text_of(selection));
  adapter::Sockets sockets;
  for (const std::string& name : socket_names) {
    pack::text(sockets.packed, name);
    ++sockets.count;
  }
  done(std::move(sockets));
}

Host::Host(std::size_t shard_count, const adapter::RecoveryOptions& recovery) : recovery_(recovery) {
  for (std::size_t i = 0; i < shard_count; ++i) {
    shard.push_back(std::make_unique<Shard>());
    pointers_.push_back(shard.back().get());
  }
}

void Host::fill(std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0}); }

}  // namespace fake
