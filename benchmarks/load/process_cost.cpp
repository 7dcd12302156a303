// Measures the cost of a process from start to end: process_cost CALLS INPUT_FILE COMMAND... Runs the command CALLS times, one
// after the other, with the file as its input, and drops its output. Prints one line of JSON: the median of the wall times, the
// mean of the CPU times, the largest resident size. This program is static and uses no streams, because a child's largest size
// starts at that of its parent.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

double wall_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double microseconds(const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); }

[[noreturn]] void become(const char* input, char** command) {
  const int in = ::open(input, O_RDONLY), out = ::open("/dev/null", O_WRONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::execvp(command[0], command);
  ::_exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: process_cost CALLS INPUT_FILE COMMAND...\n", stderr);
    return 1;
  }
  std::vector<double> walls;
  double cpu_us = 0;
  long resident_kb = 0;
  const int calls = std::atoi(argv[1]);
  for (int call = 0; call < calls; ++call) {
    const double began = wall_ms();
    const pid_t child = ::vfork();
    if (child == 0) {
      become(argv[2], argv + 3);
    }
    int status = 0;
    rusage used{};
    if (child < 0 || ::wait4(child, &status, 0, &used) != child || status != 0) {
      std::fprintf(stderr, "%s: status %d\n", argv[3], status);
      return 1;
    }
    walls.push_back(wall_ms() - began);
    cpu_us += microseconds(used.ru_utime) + microseconds(used.ru_stime);
    resident_kb = std::max(resident_kb, used.ru_maxrss);
  }
  std::sort(walls.begin(), walls.end());
  std::printf("{\"wall_ms\":%.4f,\"cpu_us\":%.1f,\"resident_kb\":%ld}\n", walls[walls.size() / 2], cpu_us / calls, resident_kb);
}
