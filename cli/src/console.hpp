#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "options.hpp"

namespace socketio::cli {

/// Standard output for data, standard error for everything that is for people.
///
/// Writing never fails loudly: output_error() tells when standard output took no more.
class Console {
 public:
  /// Text until configure() says otherwise. Colours and progress only when standard error is a terminal.
  explicit Console(std::string_view tool = "socketio-emit");
  void configure(Output output, bool verbose);

  /// A sentence about what went wrong.
  void error(std::string_view sentence);
  /// A sentence that is no error; not when quiet.
  void note(std::string_view sentence);
  /// A detail; only when verbose.
  void detail(std::string_view sentence);

  /// Text as it is, to standard error.
  void usage(std::string_view text);

  [[nodiscard]] bool shows_progress() const noexcept { return error_is_terminal_ && output_ != Output::quiet; }
  /// Replaces the line of progress; it goes away before the next sentence.
  void progress(std::string_view line);
  void clear_progress();

  /// Appends to standard output, which is written in large pieces and by flush().
  void data(std::string_view text);
  void flush();
  /// 0, or the errno of the first write to standard output that failed. Nothing is written after it.
  [[nodiscard]] int output_error() const noexcept { return output_error_; }

  /// Writes what waits. True when something is lost, which is said; not when a reader has closed the pipe: who has read enough
  /// has got what was wanted.
  [[nodiscard]] bool loses_output();

  [[nodiscard]] Output output() const noexcept { return output_; }
  [[nodiscard]] bool verbose() const noexcept { return verbose_; }

 private:
  void say(std::string_view sentence, std::string_view colour);

  const std::string tool_;
  Output output_ = Output::text;
  bool verbose_ = false;
  const bool error_is_terminal_;
  const bool colours_;
  bool progress_shown_ = false;
  std::string pending_;
  int output_error_ = 0;
};

}  // namespace socketio::cli
