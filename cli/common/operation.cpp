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

void perform(Outlet& outlet, const Operation& operation) {
  switch (operation.op) {
    case Op::emit: outlet.send_event(operation.target, operation.data.bytes()); return;
    case Op::join: outlet.send_join(operation.target, operation.rooms); return;
    case Op::leave: outlet.send_leave(operation.target, operation.rooms); return;
    case Op::disconnect: outlet.send_disconnect(operation.target, operation.close); return;
    case Op::server_side:
      if (operation.target.nobody) {  // checked as an event, and published nowhere
        outlet.send_event(operation.target, operation.data.bytes());
        return;
      }
      outlet.send_server_side(operation.target.nsp, operation.data.bytes());
      return;
  }
}

}  // namespace socketio::cli
