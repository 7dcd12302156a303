#include <socketio/net/loop.hpp>

#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/net/posts.hpp>

#include "core.hpp"

namespace socketio {
namespace {

/// Ignores SIGPIPE, so that a write to a connection that the peer has closed fails with an error and does not kill the process.
/// A signal handler of the application stays installed.
void ignore_sigpipe_once() {
  static const bool done = [] {
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == SIG_DFL) {
      struct sigaction ignore {};
      ignore.sa_handler = SIG_IGN;
      sigaction(SIGPIPE, &ignore, nullptr);
    }
    return true;
  }();
  static_cast<void>(done);
}

/// Runs the loop until all its handles have closed, and closes it.
void end_owned(uv_loop_t* loop) {
  while (uv_loop_close(loop) == UV_EBUSY) {
    const bool more = uv_run(loop, UV_RUN_DEFAULT) != 0;
    if (!more && uv_loop_close(loop) == 0) {
      return;
    }
    assert(more && "objects on a loop end before it");
  }
}

void close_signal(SignalWait* wait) {
  uv_close(reinterpret_cast<uv_handle_t*>(&wait->handle),
           [](uv_handle_t* handle) { delete static_cast<SignalWait*>(handle->data); });
}

std::uint64_t delay_ms(std::chrono::milliseconds delay) {
  return static_cast<std::uint64_t>(std::max(delay, delay.zero()).count());
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    assert(got >= 0 || errno == EINTR);
    if (got > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }
}

Loop::Loop() : internals_(std::make_unique<Internals>()) {
  ignore_sigpipe_once();
  const int status = uv_loop_init(&internals_->own);
  if (status != 0) {
    throw Error(ErrorCode::bad_option, std::string("No event loop can be made: ") + uv_strerror(status) + ".");
  }
  internals_->owned = true;
  try {
    internals_->core = new net::Core(&internals_->own);
  } catch (...) {
    end_owned(&internals_->own);
    throw;
  }
}

Loop::Loop(uv_loop_s* adopted) : internals_(std::make_unique<Internals>()) {
  ignore_sigpipe_once();
  internals_->core = new net::Core(adopted);
}

Loop::~Loop() {
  internals_->timers.clear();
  for (SignalWait* const wait : internals_->signals) {
    close_signal(wait);
  }
  internals_->core->close();
  if (internals_->owned) {
    end_owned(&internals_->own);
  }
}

uv_loop_s* Loop::uv() const noexcept { return internals_->core->uv(); }

void Loop::run() {
  enter_thread();
  uv_run(uv(), UV_RUN_DEFAULT);
}

void Loop::stop() noexcept { uv_stop(uv()); }

void Loop::poll() {
  enter_thread();
  uv_run(uv(), UV_RUN_NOWAIT);
}

bool Loop::run_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  enter_thread();
  if (done()) {
    return true;
  }
  bool late = false;
  net::Timer deadline(*this, [&late] { late = true; });
  deadline.start(delay_ms(timeout));
  bool answer = false;
  do {
    uv_run(uv(), UV_RUN_ONCE);
    answer = done();
  } while (!answer && !late);
  return answer;
}

void Loop::leave_to_parent() noexcept {
  const auto close_copy = [](uv_handle_t* handle, void*) {
    uv_os_fd_t descriptor = -1;
    if (uv_fileno(handle, &descriptor) == 0 && descriptor >= 0) {
      ::close(descriptor);
    }
  };
  uv_walk(uv(), close_copy, nullptr);
  ::close(uv_backend_fd(uv()));
}

void net::refuse_posts(Loop& loop) { loop.internals().core->refuse_posts(); }

void Loop::post(std::function<void()> function) { internals_->core->post(std::move(function)); }

Loop::TimerId Loop::call_after(std::chrono::milliseconds after, std::function<void()> function) {
  assert(on_loop_thread() && "a timer is for the loop's thread: use Loop::post()");
  const TimerId id = ++internals_->last_timer;
  Internals* const internals = internals_.get();
  auto timer = std::make_unique<net::Timer>(*this, [internals, id, function = std::move(function)] {
    const auto called = internals->timers.extract(id);  // lives until the function has returned
    function();
  });
  timer->start(delay_ms(after));
  internals_->timers.emplace(id, std::move(timer));
  return id;
}

void Loop::cancel(TimerId timer) noexcept { internals_->timers.erase(timer); }

void Loop::on_signal(int signal, std::function<void()> function) {
  assert(on_loop_thread() && "a signal is waited for on the loop's thread: use Loop::post()");
  auto wait = std::make_unique<SignalWait>();
  wait->function = std::move(function);
  wait->handle.data = wait.get();
  if (const int status = uv_signal_init(uv(), &wait->handle); status != 0) {
    throw Error(ErrorCode::bad_option, std::string("No signal can be waited for: ") + uv_strerror(status) + ".");
  }
  SignalWait* const owned = wait.release();
  uv_unref(reinterpret_cast<uv_handle_t*>(&owned->handle));
  const auto call = [](uv_signal_t* handle, int) { static_cast<SignalWait*>(handle->data)->function(); };
  if (const int status = uv_signal_start(&owned->handle, call, signal); status != 0) {
    close_signal(owned);
    throw Error(ErrorCode::bad_option, "Signal " + std::to_string(signal) + " cannot be caught: " + uv_strerror(status) + ".");
  }
  internals_->signals.push_back(owned);
}

std::uint64_t Loop::now_ms() const noexcept { return uv_now(uv()); }
Random& Loop::random() noexcept { return internals_->random; }
bool Loop::on_loop_thread() const noexcept { return internals_->core->on_thread(); }
void Loop::enter_thread() noexcept { internals_->core->enter_thread(); }

}  // namespace socketio
