#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "cluster_driver.hpp"
#include "reports.hpp"
#include "routing.hpp"

namespace socketio::redis {

/// Commands that are sent to every node of a cluster, and whose replies are joined.
class ClusterQuestions {
 public:
  /// All outlive this.
  ClusterQuestions(const Options& options, ClusterNodes& nodes, const Reports& reports, Counters& counters,
                   ClusterDriver& driver) noexcept
      : options_(options), nodes_(nodes), reports_(reports), counters_(counters), driver_(driver) {}
  ~ClusterQuestions();

  void add(std::span<const std::string_view> words, std::size_t size, Route::Kind whom, CommandDone done);
  /// Sends what can be sent, and ends the questions that all nodes have answered. Precondition: the slot map is known.
  void pump();
  /// `counter`  counts the questions that no node has been asked.
  void end_all(std::string_view why, std::uint64_t& counter);
  /// Questions that have not completed.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Question;

  void begin(Question& question);
  void ask_part(const std::shared_ptr<Question>& question, std::size_t part);
  void take_part(Question& question, std::size_t part, CommandResult result);
  void check(Question& question);
  void finish(Question& question, CommandResult result);

  const Options& options_;
  ClusterNodes& nodes_;
  const Reports& reports_;
  Counters& counters_;
  ClusterDriver& driver_;
  std::list<std::shared_ptr<Question>> questions_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace socketio::redis
