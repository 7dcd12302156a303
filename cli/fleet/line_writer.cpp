#include "line_writer.hpp"

#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/files.hpp"

namespace socketio::cli::fleet {
namespace {

/// Removes an incomplete line at the end of a file, after a write that failed in the middle. `written` is what was written
/// since the start of a line.
void drop_part_of_line(int descriptor, std::string_view written) {
  const std::size_t whole = written.rfind('\n') == std::string_view::npos ? 0 : written.rfind('\n') + 1;
  struct stat about {};
  const off_t end = ::lseek(descriptor, 0, SEEK_CUR);
  if (whole != written.size() && end >= 0 && ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)) {
    [[maybe_unused]] const int status = ::ftruncate(descriptor, end - static_cast<off_t>(written.size() - whole));
  }
}

/// Writes complete lines. Returns 0, or an errno.
int write_lines(int descriptor, const std::string_view lines) {
  std::string_view text = lines;
  const int error = write_all(descriptor, text);
  if (error != 0) {
    drop_part_of_line(descriptor, lines.substr(0, lines.size() - text.size()));
  }
  return error;
}

}  // namespace

struct LineWriter::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::string pending;
  std::size_t bytes_max = 0;
  std::size_t writing_bytes = 0;
  std::uint64_t pending_lines = 0;
  std::uint64_t writing_lines = 0;
  int error = 0;
  bool ending = false;

  void run(int descriptor) {
    std::string piece;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return !pending.empty() || ending; });
      if (pending.empty()) {
        return;
      }
      piece.clear();
      piece.swap(pending);
      writing_bytes = piece.size();
      writing_lines = pending_lines;
      pending_lines = 0;
      lock.unlock();
      const int failed = write_lines(descriptor, piece);
      lock.lock();
      writing_bytes = 0;
      if (failed != 0) {
        error = failed;
      } else {
        writing_lines = 0;
      }
      changed.notify_all();
      if (error != 0) {
        return;
      }
    }
  }
};

LineWriter::LineWriter(int descriptor, std::size_t bytes_max) : state_(std::make_shared<State>()) {
  state_->bytes_max = bytes_max;
  std::thread([state = state_, descriptor] { state->run(descriptor); }).detach();
}

LineWriter::~LineWriter() {
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
}

bool LineWriter::push(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  if (state.error != 0 || state.pending.size() + state.writing_bytes + line.size() > state.bytes_max) {
    return false;
  }
  const bool was_empty = state.pending.empty();
  state.pending += line;
  ++state.pending_lines;
  if (was_empty && state.writing_bytes == 0) {
    state.changed.notify_all();
  }
  return true;
}

int LineWriter::error() const {
  const std::lock_guard lock(state_->mutex);
  return state_->error;
}

bool LineWriter::drain(std::chrono::milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(
      lock, timeout, [this] { return state_->error != 0 || (state_->pending.empty() && state_->writing_bytes == 0); });
}

std::uint64_t LineWriter::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pending_lines + state_->writing_lines;
}

}  // namespace socketio::cli::fleet
