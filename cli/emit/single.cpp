#include "single.hpp"

#include "common/values.hpp"
#include "dry_run.hpp"
#include "publisher.hpp"

namespace socketio::cli {
namespace {

OwnedOperation operation_of(const Options& options) {
  OwnedOperation operation;
  operation.kind = options.op;
  operation.target = options.target();
  operation.rooms = options.op_rooms;
  operation.close = options.close;
  if (options.event) {
    values::pack_event(operation.data, *options.event, options.arguments, options.plain_strings);
  }
  return operation;
}

ExitStatus dry_run(const Options& options, Console& console, const OwnedOperation& operation) {
  DryRun destination(options, console);
  destination.send(operation, {});
  return with_output(ExitStatus::ok, console.loses_output());
}

}  // namespace

ExitStatus run_single(Options& options, Console& console, const Signals& signals) {
  const auto began = std::chrono::steady_clock::now();
  const OwnedOperation operation = operation_of(options);
  if (options.ack) {
    return run_asking(options, console, signals, operation);
  }
  if (options.dry_run) {
    return dry_run(options, console, operation);
  }
  Rehearsal rehearsal(options);
  perform(rehearsal, operation);
  Tally tally;
  LineErrors errors(console, false);
  Publisher publisher(options, console, signals, tally, errors);
  publisher.expect(operation, std::string(rehearsal.publication().channel));
  publisher.connect();
  publisher.make_room(operation, {1, 0});
  publisher.send(operation, {1, 0});
  Halt halt = publisher.settle();
  if (const Halt ended = publisher.finish(halt); halt == Halt::none) {
    halt = ended;
  }
  report::summarize(console, tally, options, std::chrono::steady_clock::now() - began);
  return report::status(tally, options, halt, signals.pending());
}

}  // namespace socketio::cli
