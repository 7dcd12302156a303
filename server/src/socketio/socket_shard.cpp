#include "socket_shard.hpp"

#include <string>

#include <socketio/protocol/cursor.hpp>

namespace socketio::server {
namespace {

/// The kind of a received value in words; a number with its value.
std::string words_of(const Value& value) {
  Cursor cursor(value.packed());
  Item item;
  if (value.is_nothing() || !cursor.next(item)) {
    return "null";
  }
  switch (item.kind) {
    case Kind::boolean: return "a boolean";
    case Kind::integer:
    case Kind::real: return "the number " + value.json();
    case Kind::text: return "a string";
    case Kind::binary: return "binary";
    case Kind::array: return "an array";
    case Kind::map: return "an object";
    case Kind::nil:
    case Kind::extension: break;
  }
  return "a date or another extension";
}

}  // namespace

SocketShard::SocketShard(SocketNamespace& of_nsp, LoopContext& home)
    : nsp_(of_nsp),
      home_(&home),
      loop_(home.shared_loop),
      backlog_(home.backlog),
      loop_index_(home.index),
      is_shared_(home.server.is_threaded()) {}

// ---- its sockets -----------------------------------------------------------------------------------------------------------

void SocketShard::add(adapter::Member& socket) {
  const auto held = lock();
  index_.add(socket);
}

void SocketShard::remove(adapter::Member& socket) {
  const auto held = lock();
  index_.remove(socket);
}

void SocketShard::join(adapter::Member& socket, std::string_view room) {
  const auto held = lock();
  index_.join(socket, room);
}

void SocketShard::leave(adapter::Member& socket, std::string_view room) {
  const auto held = lock();
  index_.leave(socket, room);
}

std::size_t SocketShard::size() const {
  const auto held = lock();
  return index_.size();
}

bool SocketShard::may_have(std::string_view room) const {
  if (expected_ != 0) {
    return true;
  }
  const auto held = lock();
  return index_.has_room(room);
}

bool SocketShard::may_have(const adapter::Selection& selection) const {
  if (expected_ != 0) {
    return true;
  }
  const auto held = lock();
  if (selection.rooms.empty()) {
    return index_.size() != 0;
  }
  for (std::size_t index = 0; index < selection.rooms.size(); ++index) {
    if (index_.has_room(selection.rooms[index])) {
      return true;
    }
  }
  return false;
}

// ---- calls of the application's functions ----------------------------------------------------------------------------------

void SocketShard::call_handler(const EventHandler& handler, EventCall& call, std::string_view event,
                               std::string_view socket_id) {
  bool fits = true;
  Misfit misfit;
  call.misfit = &misfit;
  guard(event, socket_id, [&] { fits = handler(call); });
  if (!fits) [[unlikely]] {
    report_misfit(misfit, call.arguments, event, socket_id);
  }
}

void SocketShard::report_misfit(const Misfit& misfit, const Arguments& arguments, std::string_view event,
                                std::string_view socket_id) {
  LoopContext* const at = home();
  if (at == nullptr) {
    return;
  }
  ++at->counters.arguments_did_not_fit;
  Problem problem{Problem::Kind::arguments_do_not_fit, nsp_.name(), socket_id, event,
                  "The event came with arguments that the handler does not take."};
  std::string got;
  std::string message;
  if (!misfit.expected.empty()) {
    const bool is_missing = misfit.index >= arguments.size();
    got = is_missing ? std::string() : words_of(arguments[misfit.index]);
    message = "Argument " + std::to_string(misfit.index + 1) +
              (is_missing ? " is missing: the handler takes " : ": the handler takes ") + std::string(misfit.expected) +
              (is_missing ? "." : ", the event came with " + got + ".");
    problem.argument = misfit.index;
    problem.expected = misfit.expected;
    problem.got = got;
    problem.message = message;
  }
  at->server.report(problem);
}

}  // namespace socketio::server
