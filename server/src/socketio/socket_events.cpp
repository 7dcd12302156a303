#include "socket_events.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <socketio/protocol/event_data.hpp>

namespace socketio::server::socket_events {
namespace {

void send_ack(SocketCore& socket, std::int64_t id, Bytes array) {
  LoopContext* const home = socket.home();
  if (!socket.may_send() || home == nullptr) {
    return;
  }
  const FrameRef frame = home->writer.ack(socket.nsp().name(), id, array);
  if (!frame) {
    ++home->counters.unsendable;
    return;
  }
  socket.send(frame);
}

Ack ack_for(SocketCore& socket, std::optional<std::int64_t> id) {
  if (!id) {
    return {};
  }
  return Ack([weak = socket.weak_from_this(), id = *id](Bytes array) {
    const auto self = weak.lock();
    if (self == nullptr) {
      return;
    }
    Loop& loop = self->shard().loop();
    if (!loop.on_loop_thread()) {
      loop.post([self, id, kept = std::vector<std::uint8_t>(array.begin(), array.end())] { send_ack(*self, id, kept); });
      return;
    }
    send_ack(*self, id, array);
  });
}

void dispatch(SocketCore& socket, Bytes data, const Ack& ack) {
  const auto name = event_data::name(data);
  if (!name.ok()) {
    return;  // never: the parser refuses such events
  }
  const auto self = socket.shared_from_this();  // a handler may end it
  SocketHandlers* const handlers = socket.find_handlers();
  EventCall call{Arguments::of_array(data, 1), ack};
  const std::string event = event_name_text(name.value());
  const auto called = handlers != nullptr ? take_handlers(handlers->events, event) : EventHandlers();
  if (called.empty()) {
    ++socket.home()->counters.events_unhandled;
  }
  for (const auto& handler : called) {
    socket.shard().call_handler(*handler, call, event, socket.id());
    if (!socket.is_connected()) {
      return;
    }
  }
}

void pass_middlewares(SocketCore& socket, std::shared_ptr<Buffer> data, const Ack& ack, std::size_t index) {
  if (!socket.is_connected()) {
    return;
  }
  const auto middlewares = socket.handlers()->make_others().middlewares.list();
  if (index >= middlewares.size()) {
    dispatch(socket, data->bytes(), ack);
    return;
  }
  const Next next([weak = socket.weak_from_this(), data, ack, index](const Refusal* refusal) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_connected()) {
      return;
    }
    if (refusal != nullptr) {
      ++self->home()->counters.events_refused;
      on_error(*self, refusal->message());
    } else {
      pass_middlewares(*self, data, ack, index + 1);
    }
  });
  const bool returned = socket.shard().guard("a middleware", socket.id(), [&] {
    (*middlewares[index])(Arguments::of_array(data->bytes())[0], Arguments::of_array(data->bytes(), 1), next);
  });
  if (!returned) {
    next(Refusal("The middleware failed."));
  }
}

}  // namespace

/// As in the reference, these listeners also receive events that a middleware refuses.
void on_arrived(SocketCore& socket, Bytes data) {
  ++socket.home()->counters.events_received;
  const SocketHandlers::Others* const others = socket.other_handlers();
  if (others == nullptr || others->any.empty()) {
    return;
  }
  const auto self = socket.shared_from_this();  // a listener may end it
  const Value event = Arguments::of_array(data)[0];
  const Arguments arguments = Arguments::of_array(data, 1);
  for (const auto& listener : others->any.list()) {
    socket.shard().guard("on_any", socket.id(), [&] { (*listener)(event, arguments); });
  }
}

void on_event(SocketCore& socket, const socketio_packet::Packet& packet) {
  if (!socket.is_connected()) {  // a listener may have ended it, or its client
    return;
  }
  const auto self = socket.shared_from_this();  // a handler may end it
  const Ack ack = ack_for(socket, packet.id);
  const SocketHandlers::Others* const others = socket.other_handlers();
  if (others == nullptr || others->middlewares.empty()) {
    dispatch(socket, packet.data, ack);
    return;
  }
  auto data = std::make_shared<Buffer>();  // a copy: a middleware may call next() later
  data->append(packet.data);
  pass_middlewares(socket, std::move(data), ack, 0);
}

void on_error(SocketCore& socket, std::string_view message) {
  const SocketHandlers::Others* const others = socket.other_handlers();
  if (others == nullptr) {
    return;
  }
  const auto self = socket.shared_from_this();
  for (const auto& listener : others->error.list()) {
    socket.shard().guard("on_error", socket.id(), [&] { (*listener)(message); });
  }
}

}  // namespace socketio::server::socket_events
