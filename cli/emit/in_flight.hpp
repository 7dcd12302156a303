#pragma once

#include <deque>

#include "common/operation.hpp"
#include "position.hpp"

namespace socketio::cli {

/// The lines that have been emitted and have not completed, in order. Their results decide where a second run continues.
///
/// Cost       48 bytes per line.
class InFlight {
 public:
  /// `start`  input position up to which everything is done already.
  explicit InFlight(Position start) : done_(start) {}

  /// Result of a line, as far as a second run is concerned.
  enum class Fate : std::uint8_t {
    waiting,
    passed,  ///< sent, or given up: a second run skips it
    unsure,  ///< sent, but not known yet whether to all servers: pass() follows
    kept,    ///< not sent: a second run sends it
  };

  /// Adds a line that is about to be emitted; the emitter gives it the next id. `end` is the input position after the line.
  /// `kept_bytes`  bytes that Redis will buffer for each server. `by_main`  it goes by the main channel of its namespace.
  void push(Position end, Op op, std::uint16_t place = 0, bool to_all_servers = true, std::uint64_t kept_bytes = 0,
            bool by_main = true);
  /// Removes the line pushed last: it was refused before it got an id.
  void take_back();

  struct Line {
    std::uint64_t number;
    Op op;
    std::uint16_t place;  ///< as given to push()
    bool to_all_servers;
    bool by_main = true;  ///< as given to push()
  };
  /// Stores the result of a line and returns the line. `fate` must not be `waiting`.
  Line end(EmitId id, Fate fate);
  /// Makes an `unsure` line a passed one.
  void pass(EmitId id);

  [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_; }
  /// Input bytes from the first pending line to the last.
  [[nodiscard]] std::uint64_t waiting_bytes() const noexcept { return last_offset_ - done_.offset_bytes; }
  /// Bytes that Redis will buffer per server for the pending lines.
  [[nodiscard]] std::uint64_t waiting_kept_bytes() const noexcept { return waiting_kept_bytes_; }
  /// Input position up to which all lines have passed.
  [[nodiscard]] Position done() const noexcept { return done_; }
  /// Sets done() to `position` if no line is pending or kept, so that it includes lines that were not emitted.
  void skip_to(Position position);
  [[nodiscard]] bool all_passed() const noexcept { return entries_.empty(); }
  /// Lines after done() that have passed already.
  [[nodiscard]] std::vector<LineRange> passed_ahead() const;
  /// Input position after the last line that has passed.
  [[nodiscard]] Position last_passed() const;

 private:
  struct Entry {
    Position end;
    std::uint64_t kept_bytes;
    Op op;
    Fate fate;
    bool to_all_servers;
    bool by_main;
    std::uint16_t place;
  };
  Entry& entry_of(EmitId id, Fate fate);
  void drop_passed();

  std::deque<Entry> entries_;
  std::size_t waiting_ = 0;
  std::uint64_t waiting_kept_bytes_ = 0;
  EmitId first_id_ = 1;  ///< id of the first entry
  Position done_;
  std::uint64_t last_offset_ = 0;
};

}  // namespace socketio::cli
