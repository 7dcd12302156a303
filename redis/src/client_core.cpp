#include "client_core.hpp"

#include <cassert>
#include <utility>

namespace socketio::redis {

ClientCore::ClientCore(Loop& loop, Options options, Random* random)
    : loop_(loop),
      options_(std::move(options)),
      reports_(options_.log),
      turn_end_(loop, [this] { finish_turn(); }),
      random_(random != nullptr ? *random : system_random_),
      close_timer_(loop, [this] {
        close_now_ = true;
        turn_end_.request();
      }) {}

ClientCore::~ClientCore() = default;

void ClientCore::finish_turn() {
  const auto alive = shared_from_this();
  on_turn_end();
  if (is_destroyed_ || !is_closing_) {
    return;
  }
  const bool is_idle = queued_count() + in_flight_count() == 0;
  const bool can_wait = state() != State::idle && state() != State::closed && !is_idle;
  if ((close_now_ || !can_wait) && (state() != State::closed || !close_dones_.empty())) {
    finish_close();
  }
}

void ClientCore::deliver() {
  if (deliver_all()) {
    turn_end_.request();
  }
}

void ClientCore::set_state(State next, std::string_view why) {
  reports_.set_state(next, why);
  turn_end_.request();
}

void ClientCore::report_refused(RefusedSubscription refused, std::string_view who, std::string_view where) {
  reported_refusal_ = std::move(refused);
  reports_.set_error(describe(reported_refusal_, who, options_.username), true, where);
  set_state(State::refused, last_error());
}

void ClientCore::close(std::uint64_t deadline_ms, std::function<void()> done) {
  assert(loop_.on_loop_thread());
  if (done) {
    close_dones_.push_back(std::move(done));
  }
  is_closing_ = true;
  if (deadline_ms == 0) {
    close_now_ = true;
  } else if (!close_now_) {
    close_timer_.start(deadline_ms);
  }
  turn_end_.request();
}

void ClientCore::finish_close() {
  constexpr std::string_view why = "The client was closed.";
  close_timer_.stop();
  end_all(why);
  if (state() != State::closed) {
    set_state(State::closed, why);
  }
  deliver();
  for (std::vector<std::function<void()>> dones = std::exchange(close_dones_, {}); const auto& done : dones) {
    reports_.guarded(done);
  }
}

void ClientCore::destroy() {
  is_destroyed_ = true;
  is_closing_ = true;
  reports_.silence();
  finish_close();
  while (deliver_all()) {
  }
}

}  // namespace socketio::redis
