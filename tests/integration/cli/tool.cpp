#include "tool.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>

namespace support {
namespace {

using Clock = std::chrono::steady_clock;

std::string tool_path(const char* variable) {
  const char* const path = ::getenv(variable);
  if (path == nullptr) {
    throw std::runtime_error(std::string(variable) + " does not name a tool");
  }
  return path;
}

struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipe");
    }
  }
  int ends[2] = {-1, -1};
};

/// Both ends of a terminal, in the order of a pipe's ends.
Pipe terminal() {
  Pipe pair;
  ::close(pair.ends[0]);
  ::close(pair.ends[1]);
  pair.ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (pair.ends[0] < 0 || ::grantpt(pair.ends[0]) != 0 || ::unlockpt(pair.ends[0]) != 0) {
    throw std::runtime_error("no terminal");
  }
  pair.ends[1] = ::open(::ptsname(pair.ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
  return pair;
}

void close_end(int& fd) {
  if (fd >= 0) {
    ::close(fd);
    fd = -1;
  }
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Appends the available bytes; closes the descriptor at the end of file.
void drain(int& fd, std::string& text) {
  char piece[65536];
  const ssize_t count = ::read(fd, piece, sizeof piece);
  if (count > 0) {
    text.append(piece, static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    close_end(fd);
  }
}

}  // namespace

nlohmann::json Ended::summary() const {
  const std::size_t end = out.find_last_not_of('\n');
  const std::size_t begin = end == std::string::npos ? 0 : out.rfind('\n', end) + 1;
  return nlohmann::json::parse(out.substr(begin), nullptr, false);
}

Tool::Tool(Words arguments, const Surroundings& surroundings) {
  ::signal(SIGPIPE, SIG_IGN);
  Words words{tool_path(surroundings.tool)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Words variables = surroundings.variables;
  variables.push_back("PATH=/usr/bin:/bin");
  const std::vector<char*> argument_pointers = pointers(words);
  const std::vector<char*> variable_pointers = pointers(variables);
  Pipe in;
  Pipe out;
  Pipe begun;
  Pipe err = surroundings.error_is_terminal ? terminal() : Pipe();
  if (surroundings.no_reader) {
    close_end(out.ends[0]);
  }
  pid_ = ::fork();
  if (pid_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGHUP, surroundings.ignores_hangup ? SIG_IGN : SIG_DFL);
    ::dup2(in.ends[0], STDIN_FILENO);
    ::dup2(out.ends[1], STDOUT_FILENO);
    ::dup2(err.ends[1], STDERR_FILENO);
    if (surroundings.close_output) {
      ::close(STDOUT_FILENO);
    }
    if (surroundings.file_bytes_max >= 0) {
      const auto bytes = static_cast<rlim_t>(surroundings.file_bytes_max);
      const rlimit limit{bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execve(words[0].c_str(), argument_pointers.data(), variable_pointers.data());
    ::_exit(127);
  }
  // Waits until the program begins: until then the child has the test's own signal handlers.
  close_end(begun.ends[1]);
  char nothing = 0;
  while (::read(begun.ends[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  close_end(begun.ends[0]);
  close_end(in.ends[0]);
  close_end(out.ends[1]);
  close_end(err.ends[1]);
  in_ = in.ends[1];
  out_ = out.ends[0];
  err_ = err.ends[0];
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
}

Tool::~Tool() {
  close_end(in_);
  close_end(out_);
  close_end(err_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Tool::read_some(int timeout_ms) {
  pollfd watched[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  ::poll(watched, 2, timeout_ms);
  if (out_ >= 0 && watched[0].revents != 0) {
    drain(out_, ended_.out);
  }
  if (err_ >= 0 && watched[1].revents != 0) {
    drain(err_, ended_.err);
  }
}

void Tool::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(in_, text.data(), text.size());
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd watched{in_, POLLOUT, 0};
      ::poll(&watched, 1, 50);
      read_some(0);
    } else {
      return;  // the tool has ended, or closed its input
    }
  }
}

void Tool::close_input() { close_end(in_); }

void Tool::signal(int number) const { ::kill(pid_, number); }

bool Tool::running() const {
  siginfo_t about{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == 0;
}

const std::string& Tool::err() {
  read_some(0);
  return ended_.err;
}

Ended Tool::wait(std::chrono::milliseconds deadline) {
  close_input();
  const auto end = Clock::now() + deadline;
  while (out_ >= 0 || err_ >= 0) {
    if (Clock::now() > end) {
      throw std::runtime_error("socketio-emit did not end in time; it said: " + ended_.err);
    }
    read_some(50);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, 0, &usage) == pid_) {
    pid_ = -1;
    ended_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ended_.peak_kilobytes = usage.ru_maxrss;
  }
  return ended_;
}

Ended emit(const Words& arguments, std::string_view input, const Surroundings& surroundings) {
  Tool tool(arguments, surroundings);
  tool.write(input);
  return tool.wait();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  while (!condition()) {
    if (Clock::now() > end) {
      return false;
    }
    ::poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace support
