#include "signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "exit_status.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

// Global variables, because a signal handler can access nothing else.
volatile sig_atomic_t received = 0;
int pipe_ends[2] = {-1, -1};

void on_signal(int number) {
  if (received != 0) {
    if (number == SIGHUP) {  // a closed terminal sends it more than once, sometimes after SIGTERM
      return;
    }
    ::_exit(128 + number);
  }
  received = number;
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(pipe_ends[1], "", 1);
  errno = error;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

}  // namespace

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

Signals::Signals() {
  if (::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    fail_usage("The system gives no pipe: " + text::system_error(errno) + ".");
  }
  received = 0;
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
  handle(SIGINT, on_signal);
  handle(SIGTERM, on_signal);
  handles_hangup_ = !is_ignored(SIGHUP);
  if (handles_hangup_) {
    handle(SIGHUP, on_signal);
  }
}

Signals::~Signals() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  if (handles_hangup_) {
    handle(SIGHUP, SIG_DFL);
  }
  for (int& end : pipe_ends) {
    ::close(end);
    end = -1;
  }
}

int Signals::pending() const noexcept { return received; }
void Signals::fail_if_pending() const {
  if (pending() != 0) {
    throw Failure(ended_by(pending()), "Interrupted; nothing was sent.");
  }
}
int Signals::descriptor() const noexcept { return pipe_ends[0]; }

Signals::Woken Signals::wait(int fd, int timeout_ms) const {
  pollfd watched[2] = {{descriptor(), POLLIN, 0}, {fd, POLLIN, 0}};
  int count = 0;
  do {  // libuv 1.50 interrupts calls with a timeout even without a signal
    count = ::poll(watched, 2, timeout_ms);
  } while (count < 0 && errno == EINTR && pending() == 0);
  if (pending() != 0) {
    return Woken::signal;
  }
  return count > 0 && watched[1].revents != 0 ? Woken::readable : Woken::timeout;
}

}  // namespace socketio::cli
