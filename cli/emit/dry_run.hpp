#pragma once

#include <socketio/emitter/encoder.hpp>

#include "common/console.hpp"
#include "destination.hpp"

namespace socketio::cli {

/// Encodes operations as the emitter does, without sending them: to show the bytes, and to check whether they can be sent.
class Rehearsal : public Outlet {
 public:
  explicit Rehearsal(const Options& options);

  EmitId publish(const Operation& operation) override;

  /// Publications of the last operation, one per transport; valid until the next operation.
  [[nodiscard]] const std::vector<Encoder::Publication>& publications() const noexcept { return publications_; }
  [[nodiscard]] const Encoder::Publication& publication() const noexcept { return publications_.front(); }

 private:
  std::vector<Encoder> encoders_;
  std::vector<Encoder::Publication> publications_;
  EmitId last_id_ = 0;
};

/// Output of --dry-run for one publication: lines for people, or one JSON object.
std::string describe_publication(const Encoder::Publication& publication, Output output);

/// Prints the operations instead of sending them.
class DryRun final : public Destination {
 public:
  DryRun(const Options& options, Console& console) : console_(console), rehearsal_(options) {}

  void send(const OwnedOperation& operation, Position end) override;
  Halt keep_up() override;
  Halt pause() override;
  Halt settle() override { return pause(); }

 private:
  Console& console_;
  Rehearsal rehearsal_;
  bool printed_ = false;
};

}  // namespace socketio::cli
