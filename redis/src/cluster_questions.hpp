#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/types.hpp>

#include "cluster_nodes.hpp"
#include "context.hpp"
#include "routing.hpp"

namespace socketio::redis {

/// Commands that are sent to every node of a cluster, and whose replies are joined.
class ClusterQuestions {
 public:
  /// All outlive this.
  ClusterQuestions(Context& context, ClusterNodes& nodes, ClusterLinks& links, ClusterDriver& driver) noexcept
      : context_(context), nodes_(nodes), links_(links), driver_(driver) {}
  ~ClusterQuestions();

  void add(std::string encoded, Route::Kind whom, CommandDone done);
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

  Context& context_;
  ClusterNodes& nodes_;
  ClusterLinks& links_;
  ClusterDriver& driver_;
  std::list<std::shared_ptr<Question>> questions_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace socketio::redis
