#pragma once

#include "options.hpp"

namespace socketio::cli {

/// Writes data to standard output, and everything for people to standard error.
///
/// Writing does not throw: output_error() is set when standard output accepts no more.
class Console {
 public:
  /// Prints text until configure() chooses another form. Uses colours and progress only when standard error is a terminal.
  explicit Console(std::string_view tool = "socketio-emit");
  void configure(Output output, bool verbose);

  /// Prints a sentence about an error.
  void error(std::string_view sentence);
  /// Prints a sentence that is not an error, unless the output is quiet.
  void note(std::string_view sentence);
  /// Prints a detail if the output is verbose.
  void detail(std::string_view sentence);

  /// Prints records of the library as details. The console must outlive it.
  [[nodiscard]] Log log() {
    return [this](const LogRecord& record) {
      detail(std::string(record.component) + ": " + std::string(record.message) +
             (record.detail.empty() ? "" : " [" + std::string(record.detail) + "]"));
    };
  }

  /// Writes text unchanged to standard error.
  void usage(std::string_view text);

  [[nodiscard]] bool shows_progress() const noexcept { return error_is_terminal_ && output_ != Output::quiet; }
  /// Replaces the progress line; it is cleared before the next sentence.
  void progress(std::string_view line);
  void clear_progress();

  /// Appends to a buffer for standard output, which is written in large pieces and by flush().
  void data(std::string_view text);
  void flush();
  /// 0, or the errno of the first write to standard output that failed. Nothing is written after it.
  [[nodiscard]] int output_error() const noexcept { return output_error_; }

  /// Writes the buffered output. True when some of it is lost, after printing an error. A pipe that its reader has closed is
  /// not a loss: the reader had read enough.
  [[nodiscard]] bool loses_output();

  [[nodiscard]] Output output() const noexcept { return output_; }
  [[nodiscard]] bool verbose() const noexcept { return verbose_; }

 private:
  void print(std::string_view sentence, std::string_view colour);

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
