#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

// Runs socketio-emit, or socketio-fleet, as a shell would.
namespace support {

using Words = std::vector<std::string>;

/// Result of a run.
struct Ended {
  int status = -1;  ///< exit status; 128 and more for the signal that killed it
  std::string out;
  std::string err;
  long peak_kilobytes = 0;

  /// The last line of standard output.
  [[nodiscard]] nlohmann::json summary() const;
  [[nodiscard]] bool says(std::string_view part) const { return err.find(part) != std::string::npos; }
};

struct Surroundings {
  std::vector<std::string> variables;  ///< "NAME=value", besides PATH
  bool close_output = false;           ///< standard output is closed from the beginning
  bool no_reader = false;              ///< standard output is a pipe whose reader is gone
  bool error_is_terminal = false;
  bool ignores_hangup = false;         ///< as under nohup
  long file_bytes_max = -1;            ///< ulimit -f, in bytes
  const char* tool = "SOCKETIO_EMIT";  ///< environment variable with the program's path; or SOCKETIO_FLEET
};

/// A running tool with pipes to its standard input, output and error. The destructor kills it if it still runs.
class Tool {
 public:
  explicit Tool(Words arguments, const Surroundings& surroundings = {});
  ~Tool();
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;

  /// Writes to its standard input, as fast as the tool reads.
  void write(std::string_view text);
  void close_input();
  void signal(int number) const;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// True until it has ended.
  [[nodiscard]] bool running() const;
  /// Its standard error so far.
  [[nodiscard]] const std::string& err();

  /// Closes the input and waits for the end. Throws when the deadline passes.
  Ended wait(std::chrono::milliseconds deadline = std::chrono::seconds(30));

 private:
  void read_some(int timeout_ms);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ended ended_;
};

/// Runs the tool from start to end.
Ended emit(const Words& arguments, std::string_view input = {}, const Surroundings& surroundings = {});

/// Waits until `condition` holds; false when it does not within the deadline.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline = std::chrono::seconds(10));

}  // namespace support
