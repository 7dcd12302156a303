#include "engine_shared.hpp"

#include <socketio/common/milliseconds.hpp>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cassert>
#include <utility>

#include "engine_upgrade.hpp"

namespace socketio::server {
namespace {

constexpr std::uint64_t last_get_timeout_ms = 30'000;
constexpr std::uint64_t release_interval_ms = 100;

template <void (EngineSession::*Act)()>
std::function<void(QueuedDeadline&)> of_session() {
  return [](QueuedDeadline& deadline) { (static_cast<EngineSession&>(deadline).*Act)(); };
}

template <void (EngineUpgrade::*Act)()>
std::function<void(QueuedDeadline&)> of_upgrade() {
  return [](QueuedDeadline& deadline) { (static_cast<EngineUpgrade::Waiting&>(deadline).upgrade.*Act)(); };
}

WebSocketHost::Options websocket_options(const EngineOptions& options) {
  WebSocketHost::Options result;
  result.message_bytes_max = options.max_http_buffer_size;
  result.queue_bytes_max = options.queue_bytes_max;
  result.compression_threshold = options.compression_threshold;
  return result;
}

}  // namespace

EngineShared::EngineShared(Loop& shared_loop, EngineOptions server_options)
    : options(std::move(server_options)),
      answers(options),
      ping_due(shared_loop, in_ms(options.ping_interval), of_session<&EngineSession::on_ping_due>()),
      pong_due(shared_loop, in_ms(options.ping_timeout), of_session<&EngineSession::on_pong_due>()),
      silence_due(shared_loop, std::uint64_t{in_ms(options.ping_interval)} + in_ms(options.ping_timeout),
                  of_session<&EngineSession::on_pong_due>()),
      last_get_due(shared_loop, last_get_timeout_ms, of_session<&EngineSession::on_finished>()),
      progress_due(shared_loop, in_ms(options.queue_timeout),
                   [](QueuedDeadline& deadline) { static_cast<EngineSession::Slow&>(deadline).session.on_progress_due(); }),
      upgrade_due(shared_loop, in_ms(options.upgrade_timeout), of_upgrade<&EngineUpgrade::on_timeout>()),
      release_due(shared_loop, release_interval_ms, of_upgrade<&EngineUpgrade::on_release_due>()),
      websockets(shared_loop, websocket_options(options)),
      loop_(shared_loop),
      turn_end_(shared_loop, [this] { end_turn(); }),
      sessions_(0, Hash{static_cast<bool>(options.generate_id)}) {}

EngineSession& EngineShared::add(std::unique_ptr<EngineSession> session) {
  EngineSession& added = *session;
  sessions_.insert(std::move(session));
  ++open_count;
  ++counters.sessions;
  return added;
}

EngineSession* EngineShared::find(std::string_view id) const {
  if (id.empty()) {
    return nullptr;
  }
  const auto found = sessions_.find(id);
  return found == sessions_.end() || (*found)->has_ended() ? nullptr : found->get();
}

void EngineShared::bury(EngineSession& session) {
  const auto found = sessions_.find(session.id());
  assert(found != sessions_.end());
  dead_.push_back(std::move(sessions_.extract(found).value()));
  turn_end_.request();
}

void EngineShared::flush_later(EngineSession& session) {
  to_flush_.push_back(&session);
  turn_end_.request();
}

/// A session that is flushed may end, and its listener may send to others: these are flushed now, too.
void EngineShared::end_turn() {
  for (std::size_t i = 0; i < to_flush_.size(); ++i) {
    to_flush_[i]->flush();
  }
  to_flush_.clear();
  dead_.clear();
  if (std::exchange(memory_is_free_, false)) {
    trim();
  }
  if (sessions_.empty()) {
    for (const auto& drained : std::exchange(drained_, {})) {
      drained();
    }
  }
}

void EngineShared::give_memory_back() {
  memory_is_free_ = true;
  turn_end_.request();
}

/// Costs milliseconds in a large process, so it runs once in `interval_ms` at most.
void EngineShared::trim() {
#ifdef __GLIBC__
  constexpr std::uint64_t interval_ms = 1'000;
  if (const std::uint64_t now = loop_.now_ms(); memory_given_back_ms_ == 0 || now - memory_given_back_ms_ >= interval_ms) {
    memory_given_back_ms_ = now;
    malloc_trim(0);
  }
#endif
}

void EngineShared::when_drained(std::function<void()> drained) {
  drained_.push_back(std::move(drained));
  turn_end_.request();
}

std::vector<EngineSession*> EngineShared::sessions() const {
  std::vector<EngineSession*> all;
  all.reserve(sessions_.size());
  for (const auto& session : sessions_) {
    all.push_back(session.get());
  }
  return all;
}

}  // namespace socketio::server
