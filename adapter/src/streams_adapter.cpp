#include "streams_adapter.hpp"

#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace adapter {
namespace {

Fleet streams_fleet(Fleet fleet) {
  fleet.transport = Transport::streams;
  return fleet;
}

}  // namespace

StreamsAdapter::StreamsAdapter(Host& host, std::shared_ptr<StreamsHub> hub)
    : ClusterAdapter(host, hub->bus(), streams_fleet(hub->options()),
                     {.role = fleet::Participant::Role::server, .only_plaintext = hub->options().only_plaintext}),
      hub_(std::move(hub)),
      stream_(link_.dialect->stream(host.nsp())),
      recovery_enabled_(host.recovery().enabled) {
  confirmations_.add(stream_);
  hub_->add(host.nsp(), stream_, *this);
}

StreamsAdapter::~StreamsAdapter() {
  if (!link_.closed) {
    StreamsAdapter::close();
  }
}

void StreamsAdapter::close() {
  if (!link_.closed) {
    hub_->remove(link_.host.nsp());
    for (const auto& action : local_) {
      action->ready = true;
    }
    run_ready();
  }
  ClusterAdapter::close();
  give_up_recoveries();
}

/// Entries added to the stream while Redis is unreachable are read afterwards; events with acks arrive on the channel.
std::vector<std::string> StreamsAdapter::event_channels(std::span<const Room> rooms) const {
  std::vector<std::string> channels = ClusterAdapter::event_channels(rooms);
  channels.push_back(stream_);
  return channels;
}

void StreamsAdapter::on_stream_reading(std::string_view stream) {
  if (stream == stream_) {
    confirmations_.on_subscribed(stream_, {});
  }
}

// ---- this server's own sockets, in the order of the calls -------------------------------------------------------------------

std::shared_ptr<StreamsAdapter::LocalAction> StreamsAdapter::act_later(std::function<void(std::string_view)> act) {
  const auto action = std::make_shared<LocalAction>();
  action->act = std::move(act);
  local_.push_back(action);
  return action;
}

void StreamsAdapter::mark_ready(const std::shared_ptr<LocalAction>& action, std::string offset) {
  if (!std::exchange(action->ready, true)) {
    action->offset = std::move(offset);
    run_ready();
  }
}

void StreamsAdapter::run_ready() {
  while (!local_.empty() && local_.front()->ready) {
    const auto action = std::move(local_.front());
    local_.pop_front();
    action->act(action->offset);
  }
}

void StreamsAdapter::apply(const Operation& operation) {
  const Target& target = operation.target;
  const bool is_emit = operation.kind == Operation::Kind::emit;
  const bool gets_offset = is_emit && keeps_packets() && !target.local && !target.flags.has(Flag::is_volatile);
  if ((!gets_offset && local_.empty()) || operation.kind == Operation::Kind::server_side) {
    ClusterAdapter::apply(operation);
    return;
  }
  link_.counters.broadcasts += is_emit ? 1 : 0;
  const auto action = act_later([this, kept = std::make_shared<const OwnedOperation>(operation)](std::string_view offset) {
    ShardOperation here = ShardOperation::of(kept->view());
    Buffer with_offset;
    if (!offset.empty()) {
      event_data::append_argument(with_offset, here.data, offset);
      here.data = with_offset.bytes();
    }
    responder_.apply(here);
  });
  if (!gets_offset) {
    if (!target.local) {
      publish(operation);
    }
    mark_ready(action, {});
    return;
  }
  const auto timer = link_.host.scheduler().call_after(hub_->options().local_delay_max,
                                                       [this, alive = link_.alive, weak = std::weak_ptr(action)] {
                                                         const auto late = weak.lock();
                                                         if (*alive && late != nullptr) {
                                                           mark_ready(late, {});
                                                         }
                                                       });
  const auto take_id = [this, alive = link_.alive, weak = std::weak_ptr(action), timer](const redis::CommandResult& result) {
    if (!*alive) {
      return;
    }
    link_.host.scheduler().cancel(timer);
    if (const auto waiting = weak.lock()) {
      mark_ready(waiting, result.outcome == redis::Outcome::ok ? result.reply.text : std::string());
    }
  };
  link_.send(link_.dialect->encode(link_.host.nsp(), operation), take_id);
}

void StreamsAdapter::when_delivered(std::function<void()> done) {
  if (local_.empty()) {
    done();
  } else {
    mark_ready(act_later([done = std::move(done)](std::string_view) { done(); }), {});
  }
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void StreamsAdapter::on_stream_entry(std::string_view id, const fleet::Entry& entry) {
  ++link_.counters.messages;
  fleet::Message message;
  if (!accept(link_.dialect->decode_entry(entry, filter(), message))) {
    return;
  }
  if (message.kind == fleet::Message::Kind::emit && !message.request_id) {
    deliver_entry(id, message);
  } else {
    act_on(message);
  }
}

void StreamsAdapter::deliver_entry(std::string_view id, const fleet::Message& message) {
  Selection selection{message.target.rooms, message.target.except};
  std::vector<std::string> except;
  if (!recovered_.empty()) {
    const StreamId entry = parse_stream_id(id).value_or(StreamId{0, 0});
    std::erase_if(recovered_, [&entry](const Recovered& one) { return one.until < entry; });
    for (const Recovered& one : recovered_) {
      except.push_back(one.sid);
    }
    if (!except.empty()) {
      for (const std::string_view room : message.target.except) {
        except.emplace_back(room);
      }
      selection.except = std::span<const std::string>(except);
    }
  }
  Bytes event = message.event;
  Buffer with_offset;
  if (keeps_packets() && !message.target.flags.has(Flag::is_volatile) && !message.ack_id) {
    event_data::append_argument(with_offset, event, id);
    event = with_offset.bytes();
  }
  responder_.apply({Operation::Kind::emit, selection, event, message.target.flags});
}

}  // namespace adapter

adapter::AdapterFactory streams_adapter(std::shared_ptr<adapter::Bus> bus, StreamsOptions options) {
  options.check();
  if (!utf8::valid(options.session_key_prefix)) {
    throw Error(ErrorCode::bad_utf8, "The prefix of the sessions' keys is not UTF-8.");
  }
  if (options.read_count == 0 || in_ms(options.block_time) == 0) {
    throw Error(ErrorCode::bad_option, "read_count and block_time must not be 0.");
  }
  const auto hub = std::make_shared<adapter::StreamsHub>(std::move(bus), std::move(options));
  return [hub](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    return std::make_unique<adapter::StreamsAdapter>(host, hub);
  };
}

}  // namespace socketio
