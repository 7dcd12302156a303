#include "streams_adapter.hpp"

#include <array>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace adapter {
using redis::SubscriptionKind;

StreamsAdapter::StreamsAdapter(Host& adapter_host, std::shared_ptr<StreamsHub> hub)
    : MessageAdapter(adapter_host, ids::make_hex(adapter_host.random())),
      hub_(std::move(hub)),
      stream_(hub_->stream_of(host().nsp())),
      public_channel_(hub_->options().key + "#" + std::string(host().nsp()) + "#"),
      private_channel_(public_channel_ + uid() + "#"),
      recovery_enabled_(host().recovery().enabled),
      confirmations_(adapter_host.scheduler()) {
  hub_->bus().subscribe(channel_kind(), public_channel_, *this);
  hub_->bus().subscribe(channel_kind(), private_channel_, *this);
  confirmations_.add(public_channel_);
  confirmations_.add(stream_);
  hub_->add(host().nsp(), *this);
}

StreamsAdapter::~StreamsAdapter() {
  if (!is_closed()) {
    StreamsAdapter::close();
  }
  *alive_ = false;
}

void StreamsAdapter::close() {
  if (!is_closed()) {
    hub_->remove(host().nsp());
    hub_->bus().unsubscribe(channel_kind(), public_channel_);
    hub_->bus().unsubscribe(channel_kind(), private_channel_);
    for (const auto& action : local_) {
      action->ready = true;
    }
    run_ready();
  }
  MessageAdapter::close();
  confirmations_.close();
  give_up_recoveries();
}

/// Entries added to the stream while Redis is unreachable are read afterwards; events with acks arrive on the channel.
void StreamsAdapter::when_subscribed(std::span<const Room>, std::function<void(bool)> done) {
  confirmations_.when_confirmed({public_channel_, stream_}, Confirmations::patience_ms, std::move(done));
}

void StreamsAdapter::on_stream_reading(std::string_view stream) {
  if (stream == stream_) {
    confirmations_.on_subscribed(stream_, {});
  }
}

SubscriptionKind StreamsAdapter::channel_kind() const noexcept {
  return hub_->options().use_sharded_pubsub ? SubscriptionKind::shard : SubscriptionKind::channel;
}

void StreamsAdapter::count_servers(std::function<void(std::optional<std::size_t>)> done) {
  hub_->bus().count_subscribers(channel_kind(), public_channel_, std::move(done));
}

// ---- publishing ------------------------------------------------------------------------------------------------------------

void StreamsAdapter::publish(std::string_view channel, Type type, Bytes data) {
  payload_.clear_and_shrink(limits::kept_bytes_max);
  cluster_message::encode_msgpack(payload_, type, data, uid(), host().nsp());
  hub_->bus().publish(channel_kind(), channel, payload_.bytes());
}

void StreamsAdapter::send(Type type, Bytes data, const Target*, bool wants_answer) {
  const bool is_for_stream = !wants_answer && type >= Type::broadcast && type <= Type::disconnect;
  if (is_for_stream) {
    add_entry(type, data);
  } else {
    publish(public_channel_, type, data);
  }
}

/// `@msgpack/msgpack` encodes undefined members as nil.
Bytes StreamsAdapter::undefined_answer() const {
  static constexpr std::uint8_t nil = 0xc0;
  return {&nil, 1};
}

void StreamsAdapter::respond(Type type, Bytes data, std::string_view asker) {
  publish(public_channel_ + std::string(asker) + "#", type, data);
}

void StreamsAdapter::add_entry(Type type, Bytes data, redis::CommandDone done) {
  const StreamsOptions& options = hub_->options();
  payload_.clear_and_shrink(limits::kept_bytes_max);
  if (!cluster_message::encode_entry_data(payload_, type, data, options.only_plaintext).ok()) {
    return;  // never: checked before
  }
  const std::string length = std::to_string(options.stream_length_max);
  const std::string number = std::to_string(static_cast<int>(type));
  const std::array<std::string_view, 13> words{"XADD", stream_, "MAXLEN",     "~",    length, "*",   "uid",
                                               uid(),  "nsp",   host().nsp(), "type", number, "data"};
  std::array<std::string_view, 14> all;
  std::copy(words.begin(), words.end(), all.begin());
  all.back() = payload_.text();
  if (!done) {
    done = [](const redis::CommandResult&) {};
  }
  hub_->bus().command(all, [this, alive = alive_, done = std::move(done)](redis::CommandResult result) {
    if (*alive && result.outcome != redis::Outcome::ok) {
      ++count().entries_failed;
    }
    done(std::move(result));
  });
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
    MessageAdapter::apply(operation);
    return;
  }
  count().broadcasts += is_emit ? 1 : 0;
  const auto action = act_later([this, kept = std::make_shared<const OwnedOperation>(operation)](std::string_view offset) {
    ShardOperation here = ShardOperation::of(kept->view());
    Buffer with_offset;
    if (!offset.empty()) {
      event_data::append_argument(with_offset, here.data, offset);
      here.data = with_offset.bytes();
    }
    apply_here(here);
  });
  if (!gets_offset) {
    if (!target.local) {
      publish_operation(operation);
    }
    mark_ready(action, {});
    return;
  }
  const auto timer = host().scheduler().call_after(in_ms(hub_->options().local_delay_max),
                                                   [this, alive = alive_, weak = std::weak_ptr(action)] {
                                                     const auto late = weak.lock();
                                                     if (*alive && late != nullptr) {
                                                       mark_ready(late, {});
                                                     }
                                                   });
  const Type type = encode(operation);
  add_entry(type, encoded(), [this, alive = alive_, weak = std::weak_ptr(action), timer](const redis::CommandResult& result) {
    if (!*alive) {
      return;
    }
    host().scheduler().cancel(timer);
    if (const auto waiting = weak.lock()) {
      mark_ready(waiting, result.outcome == redis::Outcome::ok ? result.reply.text : std::string());
    }
  });
}

void StreamsAdapter::when_delivered(std::function<void()> done) {
  if (local_.empty()) {
    done();
  } else {
    mark_ready(act_later([done = std::move(done)](std::string_view) { done(); }), {});
  }
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void StreamsAdapter::on_message(std::string_view channel, Bytes payload) {
  ++count().messages;
  const auto envelope = cluster_message::open(payload, scratch_);
  if (!envelope.ok()) {
    ++count().malformed;
  } else if (channel == private_channel_) {
    on_response(envelope.value());
  } else {
    on_envelope(envelope.value());
  }
}

Bytes StreamsAdapter::unpack_entry(std::string_view data, Buffer& scratch) {
  scratch.clear();
  transcode::JsonOptions options;
  options.lone_surrogates = true;
  const bool read = data.starts_with('{') ? transcode::json_to_msgpack(data, scratch, options).ok() : base64::decode(scratch, data);
  return read ? scratch.bytes() : Bytes();
}

void StreamsAdapter::on_stream_entry(std::string_view id, const EntryFields& fields) {
  ++count().messages;
  if (fields.uid == uid()) {
    ++count().dropped_own;
    return;
  }
  const Bytes packed = unpack_entry(fields.data, scratch_);
  if (fields.type != static_cast<int>(Type::broadcast)) {
    on_envelope({fields.type, fields.uid, host().nsp(), packed});
    return;
  }
  const auto decoded = cluster_message::decode(Type::broadcast, packed);
  if (!decoded.ok()) {
    ++count().malformed;
  } else if (decoded->request_id) {
    on_envelope({fields.type, fields.uid, host().nsp(), packed});
  } else {
    deliver_entry(id, decoded.value());
  }
}

void StreamsAdapter::deliver_entry(std::string_view id, const cluster_message::View& view) {
  Selection selection{view.target.rooms, view.target.except};
  std::vector<std::string> except;
  if (!recovered_.empty()) {
    const StreamId entry = parse_stream_id(id).value_or(StreamId{0, 0});
    std::erase_if(recovered_, [&entry](const Recovered& one) { return one.until < entry; });
    for (const Recovered& one : recovered_) {
      except.push_back(one.sid);
    }
    if (!except.empty()) {
      for (const std::string_view room : view.target.except) {
        except.emplace_back(room);
      }
      selection.except = std::span<const std::string>(except);
    }
  }
  const bool gets_offset = keeps_packets() && !view.target.flags.has(Flag::is_volatile) && !view.ack_id;
  if (!gets_offset) {
    apply_here({Operation::Kind::emit, selection, view.event, view.target.flags});
    return;
  }
  Buffer with_offset;
  event_data::append_argument(with_offset, view.event, id);
  apply_here({Operation::Kind::emit, selection, with_offset.bytes(), view.target.flags});
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
