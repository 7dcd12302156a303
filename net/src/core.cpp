#include "core.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>

namespace socketio::net {

Core& Core::of(Loop& loop) { return *loop.internals().core; }

Core::Core(uv_loop_t* uv) : uv_(uv), thread_(std::this_thread::get_id()) {
  // Only uv_async_init() can fail: it needs a descriptor. The other handles are only entries in libuv's lists.
  const int status = uv_async_init(uv_, &async_, [](uv_async_t* handle) { static_cast<Core*>(handle->data)->run_posted(); });
  if (status != 0) {
    throw Error(ErrorCode::bad_option, std::string("The event loop cannot be set up: ") + uv_strerror(status) + ".");
  }
  open(status, &async_);
  open(uv_prepare_init(uv_, &prepare_), &prepare_);
  open(uv_check_init(uv_, &check_), &check_);
  open(uv_idle_init(uv_, &idle_), &idle_);
  open(uv_timer_init(uv_, &timer_), &timer_);
  uv_unref(handles_[0]);
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<Core*>(handle->data)->end_turn(); });
  uv_unref(handles_[1]);
}

Core::~Core() = default;

void Core::open(int status, void* handle) {
  assert(status == 0);
  auto* const opened = static_cast<uv_handle_t*>(handle);
  opened->data = this;
  handles_.push_back(opened);
}

void Core::close() {
  assert(timers_.empty() && "objects on a loop end before it");
  closing_count_ = handles_.size();
  for (uv_handle_t* const handle : handles_) {
    uv_close(handle, [](uv_handle_t* closed) {
      Core* const core = static_cast<Core*>(closed->data);
      if (--core->closing_count_ == 0) {
        delete core;
      }
    });
  }
}

std::uint64_t Core::fresh_now_ms() {
  uv_update_time(uv_);
  return uv_now(uv_);
}

uv_buf_t Core::read_buffer() {
  if (!read_buffer_) {
    read_buffer_.reset(new char[read_bytes]);
  }
  return {read_buffer_.get(), read_bytes};
}

void Core::post(std::function<void()> function) {
  {
    const std::lock_guard guard(posted_lock_);
    if (refusing_posts_) {
      return;
    }
    posted_.push_back(std::move(function));
  }
  uv_async_send(&async_);
}

void Core::refuse_posts() {
  std::vector<std::function<void()>> dropped;  // destroyed after the unlock: destructors may call post()
  const std::lock_guard guard(posted_lock_);
  refusing_posts_ = true;
  dropped.swap(posted_);
}

// Functions that these functions post run at the next wake-up, so that a function which posts itself does not block the loop.
void Core::run_posted() noexcept {
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard guard(posted_lock_);
    functions.swap(posted_);
  }
  for (const auto& function : functions) {
    function();
  }
}

void Core::keep_turning() noexcept {
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_)) == 0) {
    uv_idle_start(&idle_, [](uv_idle_t*) {});
  }
}

void Core::rest_if_done() noexcept {
  if (turn_ends_.empty() && !timers_due_) {
    uv_idle_stop(&idle_);
  }
}

void Core::enqueue(TurnEnd& turn_end) {
  turn_ends_.push_back(&turn_end);
  keep_turning();
}

void Core::forget(TurnEnd& turn_end) noexcept {
  std::erase(turn_ends_, &turn_end);
  std::replace(ending_.begin(), ending_.end(), &turn_end, static_cast<TurnEnd*>(nullptr));
}

void Core::end_turn() noexcept {
  ending_.swap(turn_ends_);
  for (std::size_t index = 0; index < ending_.size(); ++index) {
    if (TurnEnd* const turn_end = ending_[index]; turn_end != nullptr) {
      turn_end->requested_ = false;
      ending_[index] = nullptr;
      turn_end->function_();
    }
  }
  ending_.clear();
  rest_if_done();
}

void Core::start(Timer& timer, std::uint64_t delay_ms) {
  stop(timer);
  timer.due_ms_ = fresh_now_ms() + delay_ms;
  timer.sequence_ = ++timer_sequence_;
  timers_.emplace(timer.due_ms_, timer.sequence_, &timer);
  timer.active_ = true;
  arm_timer();
}

void Core::stop(Timer& timer) noexcept {
  if (timer.active_) {
    timer.active_ = false;
    timers_.erase({timer.due_ms_, timer.sequence_, &timer});
    arm_timer();
  }
}

void Core::arm_timer() noexcept {
  if (timers_due_) {
    return;  // run_due_timers() arms it
  }
  if (timers_.empty()) {
    uv_timer_stop(&timer_);
    return;
  }
  const std::uint64_t due_ms = std::get<0>(*timers_.begin());
  const std::uint64_t now = uv_now(uv_);
  const auto fire = [](uv_timer_t* handle) {
    Core* const core = static_cast<Core*>(handle->data);
    core->timers_due_ = true;
    core->keep_turning();
    uv_check_start(&core->check_, [](uv_check_t* check) { static_cast<Core*>(check->data)->run_due_timers(); });
  };
  uv_timer_start(&timer_, fire, due_ms > now ? due_ms - now : 0, 0);
}

void Core::run_due_timers() noexcept {
  uv_check_stop(&check_);
  const std::uint64_t now = uv_now(uv_);
  const std::uint64_t last_sequence = timer_sequence_;  // timers started by the functions below run later
  while (!timers_.empty()) {
    const auto [due_ms, sequence, timer] = *timers_.begin();
    if (due_ms > now || sequence > last_sequence) {
      break;
    }
    timers_.erase(timers_.begin());
    timer->active_ = false;
    timer->function_();
  }
  timers_due_ = false;
  arm_timer();
  rest_if_done();
}

std::uint64_t fresh_now_ms(Loop& loop) { return Core::of(loop).fresh_now_ms(); }

Timer::Timer(Loop& loop, std::function<void()> function) : core_(Core::of(loop)), function_(std::move(function)) {}
Timer::~Timer() { stop(); }
void Timer::start(std::uint64_t delay_ms) { core_.start(*this, delay_ms); }
void Timer::stop() noexcept { core_.stop(*this); }

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
