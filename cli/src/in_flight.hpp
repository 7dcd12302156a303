#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <socketio/emitter/outlet.hpp>

#include "operation.hpp"
#include "position.hpp"

namespace socketio::cli {

/// The lines that were emitted and have not ended, in order: what becomes of them decides where a second run would go on.
///
/// Cost       32 bytes a line, used again; no allocation once it has grown to the number of lines under way.
class InFlight {
 public:
  /// `start`  what lies behind already.
  explicit InFlight(Position start) : done_(start) {}

  /// How a line ended, as far as a second run is concerned.
  enum class Fate : std::uint8_t {
    waiting,
    passed,  ///< it was sent, or given up: not again
    kept,    ///< it was not sent: again
  };

  /// A line is about to be emitted; the emitter will number it next. `end` is behind the line.
  /// `kept_bytes`  what Redis will keep for each server.
  void push(Position end, Op op, std::uint16_t place = 0, bool to_all_servers = true, std::uint64_t kept_bytes = 0);
  /// It was refused before it got a number.
  void take_back();

  struct Line {
    std::uint64_t number;
    Op op;
    std::uint16_t place;  ///< as it was given to push()
    bool to_all_servers;
  };
  /// `fate` is not waiting.
  Line end(EmitId id, Fate fate);

  [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_; }
  /// Input bytes from the first line under way to the last.
  [[nodiscard]] std::uint64_t waiting_bytes() const noexcept { return last_offset_ - done_.offset_bytes; }
  /// What Redis will keep for a server of the lines under way.
  [[nodiscard]] std::uint64_t waiting_kept_bytes() const noexcept { return waiting_kept_bytes_; }
  /// Behind the last line of which all lines up to it have passed.
  [[nodiscard]] Position done() const noexcept { return done_; }
  /// Nothing is under way and nothing was kept: everything read lies behind, also what was no emit.
  void skip_to(Position position);
  [[nodiscard]] bool all_passed() const noexcept { return size_ == 0; }
  /// Lines behind done() that have passed already.
  [[nodiscard]] std::vector<LineRange> passed_ahead() const;

 private:
  struct Entry {
    std::uint64_t line;
    std::uint64_t offset_bytes;
    std::uint64_t kept_bytes;
    Op op;
    Fate fate;
    bool to_all_servers;
    std::uint16_t place;
  };
  [[nodiscard]] Entry& at(std::size_t index) noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  [[nodiscard]] const Entry& at(std::size_t index) const noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  void grow();

  std::vector<Entry> ring_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t waiting_kept_bytes_ = 0;
  EmitId first_id_ = 1;  ///< of the entry at `head_`
  Position done_;
  std::uint64_t last_offset_ = 0;
};

}  // namespace socketio::cli
