#include "namespace_shard.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>

#include "namespace_core.hpp"
#include "server_core.hpp"
#include "socket_core.hpp"

namespace socketio::server {

using adapter::Selection;

namespace {

SocketCore& socket_of(adapter::Member& member) { return static_cast<SocketCore&>(member); }

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

NamespaceShard::NamespaceShard(NamespaceCore& of_nsp, ServerLoop& home)
    : nsp_(of_nsp),
      home_(&home),
      loop_(home.shared_loop),
      backlog_(home.backlog),
      place_(home.place),
      is_shared_(home.server.is_threaded()) {}

// ---- its sockets -----------------------------------------------------------------------------------------------------------

void NamespaceShard::add(SocketCore& socket) {
  const auto held = lock();
  index_.add(socket);
}

void NamespaceShard::remove(SocketCore& socket) {
  const auto held = lock();
  index_.remove(socket);
}

void NamespaceShard::join(SocketCore& socket, std::string_view room) {
  const auto held = lock();
  index_.join(socket, room);
}

void NamespaceShard::leave(SocketCore& socket, std::string_view room) {
  const auto held = lock();
  index_.leave(socket, room);
}

std::vector<std::shared_ptr<SocketCore>> NamespaceShard::collect(const Selection& selection) {
  std::vector<std::shared_ptr<SocketCore>> sockets;
  index_.select(selection, [&sockets](adapter::Member& member) { sockets.push_back(socket_of(member).shared_from_this()); });
  return sockets;
}

// ---- from any thread -------------------------------------------------------------------------------------------------------

std::size_t NamespaceShard::size() const {
  const auto held = lock();
  return index_.size();
}

std::vector<std::shared_ptr<SocketCore>> NamespaceShard::sockets() const {
  const auto held = lock();
  std::vector<std::shared_ptr<SocketCore>> sockets;
  sockets.reserve(index_.size());
  for (adapter::Member* const member : index_.members()) {
    sockets.push_back(socket_of(*member).shared_from_this());
  }
  return sockets;
}

std::shared_ptr<SocketCore> NamespaceShard::find(std::string_view id) const {
  const auto held = lock();
  adapter::Member* const member = index_.find(id);
  return member == nullptr ? nullptr : socket_of(*member).shared_from_this();
}

bool NamespaceShard::has_room(std::string_view room) const {
  if (expected_ != 0) {
    return true;
  }
  const auto held = lock();
  return index_.has_room(room);
}

bool NamespaceShard::may_have(const Selection& selection) const {
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

// ---- the adapter's side ----------------------------------------------------------------------------------------------------

void NamespaceShard::tell_outgoing(const std::vector<std::shared_ptr<SocketCore>>& listening, Bytes data) {
  for (const auto& socket : listening) {
    socket->tell_outgoing(data);
  }
}

void NamespaceShard::apply(const adapter::ShardOperation& operation) {
  Encoded encoded;
  apply(operation, encoded);
}

void NamespaceShard::apply(const adapter::ShardOperation& operation, Encoded& encoded) {
  const auto& rooms = operation.rooms;
  if (operation.kind == Operation::Kind::emit) [[likely]] {
    deliver(operation, encoded);
    return;
  }
  for (const auto& socket : collect(operation.selection)) {
    if (operation.kind == Operation::Kind::disconnect) {
      socket->disconnect(operation.close);
    }
    for (std::size_t index = 0; index < rooms.size(); ++index) {
      if (operation.kind == Operation::Kind::leave) {
        socket->leave(rooms[index]);
      } else if (!socket->join(rooms[index])) {
        ++home()->counters.joins_refused;
      }
    }
  }
}

bool NamespaceShard::encode(const adapter::ShardOperation& operation, Encoded& encoded) {
  if (!encoded.frame && !encoded.failed) {
    const bool compress = operation.flags.compress().value_or(true);
    encoded.frame = home()->writer.event(nsp_.name(), operation.data, std::nullopt, compress);
    encoded.failed = !encoded.frame;
    home()->counters.unsendable += encoded.failed ? 1 : 0;
  }
  return !encoded.failed;
}

/// The frame is built for the first socket, and shared by all.
void NamespaceShard::deliver(const adapter::ShardOperation& operation, Encoded& encoded) {
  const Bytes data = operation.data;
  if (encoded.failed) {
    return;
  }
  std::vector<std::shared_ptr<SocketCore>> listening;
  const bool is_volatile = operation.flags.is_volatile();
  const bool has_offset = nsp_.keeps_packets() && !operation.flags.has(Flag::is_volatile);
  std::string_view offset;
  index_.select(operation.selection, [&](adapter::Member& member) {
    if (!encoded.frame && !encode(operation, encoded)) {
      return;
    }
    SocketCore& socket = socket_of(member);
    socket.send(encoded.frame, is_volatile);
    if (has_offset) {
      offset = offset.empty() ? event_data::last_text(data) : offset;
      socket.note_offset(offset);
    }
    if (socket.hears_outgoing()) [[unlikely]] {
      listening.push_back(socket.shared_from_this());
    }
  });
  tell_outgoing(listening, data);
}

void NamespaceShard::deliver_with_ack(const Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                                      std::shared_ptr<adapter::AckListener> listener) {
  const FrameRef frame =
      home()->writer.event(nsp_.name(), data, static_cast<std::int64_t>(ack_id), flags.compress().value_or(true));
  if (!frame) {
    ++home()->counters.unsendable;
    listener->on_clients(0);
    return;
  }
  ask(frame, selection, data, flags, ack_id, listener);
}

void NamespaceShard::ask(const FrameRef& frame, const Selection& selection, Bytes data, const Flags& flags,
                         std::uint64_t ack_id, const std::shared_ptr<adapter::AckListener>& listener) {
  const std::uint64_t due_ms = loop().now_ms() + flags.timeout_ms().value_or(adapter::Adapter::ack_timeout_ms);
  const auto sockets = collect(selection);
  std::size_t asked = 0;
  for (const auto& socket : sockets) {
    const auto answered = [listener](AckStatus status, Bytes array) {
      if (status == AckStatus::ok) {
        listener->on_ack(array);
      }
    };
    asked += socket->ask(frame, {ack_id, due_ms, 0, answered}) ? 1 : 0;
  }
  listener->on_clients(asked);
  tell_outgoing(sockets, data);
}

void NamespaceShard::fetch(const Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) {
  adapter::Sockets result;
  static_cast<void>(result.packed.reserve(answer_bytes_));
  index_.select(selection, [form, &result](adapter::Member& member) {
    SocketCore& socket = socket_of(member);
    if (form == adapter::Form::msgpack) {
      socket.describe(result.packed);
      ++result.count;
      return;
    }
    const std::size_t start = result.packed.size();
    if (result.count != 0) {
      result.packed.push_back(',');
    }
    if (socket.describe_json(result.packed)) {
      ++result.count;
    } else {  // its data is no JSON: the socket is left out
      result.packed.truncate(start);
    }
  });
  answer_bytes_ = result.packed.size();
  done(std::move(result));
}

void NamespaceShard::rooms(std::function<void(std::vector<std::string>)> done) {
  std::vector<std::string> names;
  index_.for_each_room([&names](std::string_view room) { names.emplace_back(room); });
  done(std::move(names));
}

// ---- calls of the application's functions ----------------------------------------------------------------------------------

void NamespaceShard::threw(std::string_view what, std::string_view socket_id, std::string_view message) {
  if (ServerLoop* const at = home()) {
    ++at->counters.handlers_threw;
    at->server.report({Problem::Kind::handler_threw, nsp_.name(), socket_id, what, message});
  }
}

void NamespaceShard::call_handler(const EventHandler& handler, EventCall& call, std::string_view event,
                                  std::string_view socket_id) {
  bool fits = true;
  Misfit misfit;
  call.misfit = &misfit;
  guard(event, socket_id, [&] { fits = handler(call); });
  if (!fits) [[unlikely]] {
    report_misfit(misfit, call.arguments, event, socket_id);
  }
}

void NamespaceShard::report_misfit(const Misfit& misfit, const Arguments& arguments, std::string_view event,
                                   std::string_view socket_id) {
  ServerLoop* const at = home();
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
