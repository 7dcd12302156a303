#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/types.hpp>

#include "reports.hpp"
#include "ring.hpp"
#include "writer.hpp"

namespace socketio::redis {

/// Callbacks of commands, and the commands that completed without a reply and are not reported yet.
class Completions {
 public:
  /// Keeps the callback of a command, and returns its Entry::tag.
  [[nodiscard]] std::uint64_t keep(CommandDone done);
  [[nodiscard]] CommandDone take(std::uint64_t tag);

  /// The command has completed without a reply. deliver() reports it.
  void add(const Entry& entry, Outcome outcome, std::string_view why);
  /// Number of commands to report.
  [[nodiscard]] std::size_t size() const noexcept { return ended_.size(); }
  /// Reports those that were added before this call, in order.
  void deliver(const Reports& reports);

 private:
  /// Consecutive commands with the same outcome and reason.
  struct Run {
    Outcome outcome;
    std::shared_ptr<const std::string> why;
    std::size_t count;
  };
  std::vector<CommandDone> dones_;  ///< by Entry::tag
  std::vector<std::uint64_t> free_tags_;
  Ring<Entry> ended_;
  std::deque<Run> runs_;
};

}  // namespace socketio::redis
