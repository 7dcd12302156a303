#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace socketio::cli {

/// The file of --rejects: the lines of a batch that did not reach everybody, as they were read, so that it can be fed in again.
///
/// Keeps the text of the lines under way, which the Publisher bounds.
class Rejects {
 public:
  /// Makes the file, or empties it. Fails with Failure(usage), also when it is the input.
  Rejects(const std::string& path, int input_descriptor);
  ~Rejects();
  Rejects(const Rejects&) = delete;
  Rejects& operator=(const Rejects&) = delete;

  /// A line is about to be sent.
  void keep(std::uint64_t number, std::string_view line) { under_way_.emplace_hint(under_way_.end(), number, line); }
  /// It has ended.
  void end(std::uint64_t number, bool rejected);
  /// A line that was not sent.
  void add(std::string_view line);

  /// Writes what there is. Returns an empty text, or a sentence that says why the file is not whole.
  std::string flush();

 private:
  std::string path_;
  int descriptor_ = -1;
  int error_ = 0;
  std::string pending_;
  std::map<std::uint64_t, std::string> under_way_;
};

}  // namespace socketio::cli
