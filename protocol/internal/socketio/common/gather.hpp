#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace socketio {

/// Counts the responses to one request: whether it is complete, and which responders are missing. It has no clock and keeps no
/// results: at its deadline the owner calls finish(), and has what was received until then.
///
/// Responders are servers, or parts of one server. Either the response of each is an answer (`Of::responders`), or each
/// announces the number of its clients that were asked, and the clients' acks are the answers (`Of::clients`).
class Gather {
 public:
  enum class Of : std::uint8_t { responders, clients };
  enum class Until : std::uint8_t {
    all,     ///< all that were asked
    first,   ///< one answer
    quorum,  ///< more than half of those that were asked
  };
  struct Condition {
    Of of = Of::responders;
    Until until = Until::all;
    std::optional<std::size_t> answers = {};  ///< this number of answers, whatever the number of responders; replaces `until`
  };

  Gather() = default;
  explicit Gather(Condition condition) noexcept : condition_(condition) {}

  /// Adds expected responders. Before the first call their number is unknown.
  void expect(std::size_t responders) noexcept { expected_ = expected_.value_or(0) + responders; }
  /// Records the name of a responder. False when it has responded before; never for an empty name.
  [[nodiscard]] bool is_new(std::string_view responder) { return responder.empty() || responders_.emplace(responder).second; }
  void add_response() noexcept { ++received_; }
  /// Adds the response of a responder that has asked that number of clients.
  void add_announcement(std::uint64_t clients) noexcept {
    ++received_;
    clients_ += clients;
  }
  void add_ack() noexcept { ++acks_; }

  /// True once all responders have responded; with `Of::clients`, the number of clients is then known.
  [[nodiscard]] bool have_all_responded() const noexcept { return expected_ && received_ >= *expected_; }
  /// True when there is nothing more to wait for: the condition is met, or nobody was asked.
  [[nodiscard]] bool is_over() const noexcept;
  /// True when is_over(), and not merely because there is nobody who could give the first answer.
  [[nodiscard]] bool is_complete() const noexcept {
    return is_over() && (condition_.until == Until::all || condition_.answers || answers() != 0);
  }
  /// Ends the request. True the first time only.
  bool finish() noexcept { return !std::exchange(finished_, true); }
  [[nodiscard]] bool is_finished() const noexcept { return finished_; }

  [[nodiscard]] std::optional<std::size_t> expected() const noexcept { return expected_; }
  [[nodiscard]] std::size_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t clients() const noexcept { return clients_; }
  /// Number of responders that have not responded; 0 while the number of the expected ones is unknown.
  [[nodiscard]] std::size_t missing() const noexcept {
    return expected_ && *expected_ > received_ ? *expected_ - received_ : 0;
  }
  /// The names among `all` that have not responded, sorted. Empty when nobody is missing, or when responses have no names.
  [[nodiscard]] std::vector<std::string> missing_of(std::vector<std::string> all) const;

 private:
  [[nodiscard]] std::uint64_t answers() const noexcept { return condition_.of == Of::clients ? acks_ : received_; }

  Condition condition_;
  bool finished_ = false;
  std::optional<std::size_t> expected_;
  std::size_t received_ = 0;
  std::uint64_t clients_ = 0;
  std::uint64_t acks_ = 0;
  std::unordered_set<std::string> responders_;
};

}  // namespace socketio
