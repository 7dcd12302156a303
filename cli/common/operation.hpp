#pragma once

#include <socketio/emitter/outlet.hpp>

namespace socketio::cli {

using Op = Operation::Kind;

/// Name of the operation in a batch line.
[[nodiscard]] const char* name_of(Op op) noexcept;

/// Passes the operation to an emitter or a dry run. Throws Error when it cannot be sent.
void perform(Outlet& outlet, const OwnedOperation& operation);

}  // namespace socketio::cli
