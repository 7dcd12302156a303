#include "operation.hpp"

namespace socketio::cli {

const char* name_of(Op op) noexcept {
  switch (op) {
    case Op::emit: return "emit";
    case Op::join: return "join";
    case Op::leave: return "leave";
    case Op::disconnect: return "disconnect";
    case Op::server_side: return "server-side";
  }
  return "";
}

void perform(Outlet& outlet, const OwnedOperation& operation) {
  Operation view = operation.view();
  if (view.kind == Op::server_side && view.target.nobody) {
    view.kind = Op::emit;  // checked as an event, and published nowhere
  }
  outlet.publish(view);
}

}  // namespace socketio::cli
