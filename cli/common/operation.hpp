#pragma once

#include <cstdint>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/emitter/outlet.hpp>

namespace socketio::cli {

enum class Op : std::uint8_t { emit, join, leave, disconnect, server_side };

/// Name of the operation in a batch line.
[[nodiscard]] const char* name_of(Op op) noexcept;

/// One operation for the fleet, ready to be sent.
struct Operation {
  Op op = Op::emit;
  Target target;
  std::vector<Room> rooms;  ///< join, leave: the rooms, without duplicates
  bool close = false;       ///< disconnect: close the whole connection
  Buffer data;              ///< emit, server_side: packed [event, args...]
};

/// Passes the operation to an emitter or a dry run. Throws Error when it cannot be sent.
void perform(Outlet& outlet, const Operation& operation);

}  // namespace socketio::cli
