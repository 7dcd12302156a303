#include "pending_request.hpp"

#include <utility>

#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio::adapter {

PendingRequest::PendingRequest(Scheduler& scheduler, RequestKind kind, Done done, AckArrived arrived)
    : servers({kind == RequestKind::acks ? Gather::Of::clients : Gather::Of::responders}),
      scheduler_(scheduler),
      kind_(kind),
      done_(std::move(done)),
      arrived_(std::move(arrived)) {}

void PendingRequest::start(std::uint64_t timeout_ms) {
  timer_ = scheduler_.call_after(timeout_ms, [self = shared_from_this()] { self->end(true); });
}

void PendingRequest::expect(std::size_t responders) {
  servers.expect(responders);
  check();
}

void PendingRequest::collect_sockets(std::span<Shard* const> shards, const Selection& selection) {
  shards_left_ = shards.size();
  for (Shard* const shard : shards) {
    shard->fetch(selection, Form::msgpack, [self = shared_from_this()](const Sockets& found) {
      if (!self->is_finished()) {
        for (const Value socket : Arguments(found.packed.bytes(), found.count)) {
          self->socket_ids.insert(socket.member("id").as<std::string>().value_or(""));
        }
        self->sockets.count += found.count;
        self->sockets.packed.append(found.packed.bytes());
        self->take_shard();
      }
    });
  }
}

void PendingRequest::collect_rooms(std::span<Shard* const> shards) {
  shards_left_ = shards.size();
  for (Shard* const shard : shards) {
    shard->rooms([self = shared_from_this()](const std::vector<std::string>& found) {
      if (!self->is_finished()) {
        self->rooms.insert(self->rooms.end(), found.begin(), found.end());
        self->take_shard();
      }
    });
  }
}

void PendingRequest::take_shard() {
  --shards_left_;
  check();
}

void PendingRequest::add_response() {
  servers.add_response();
  check();
}

void PendingRequest::on_clients(std::size_t count) {
  if (!is_finished()) {
    servers.add_announcement(count);
    check();
  }
}

void PendingRequest::on_ack(Bytes arguments) {
  if (is_finished()) {
    return;
  }
  servers.add_ack();
  answers.emplace_back().append(arguments);
  if (arrived_) {
    arrived_(answers.back().bytes());
  }
  check();
}

void PendingRequest::check() {
  if (is_finished() || !servers.is_over() || shards_left_ != 0) {
    return;
  }
  if (kind_ != RequestKind::acks) {
    end(false);
    return;
  }
  // Never inside the call that started the request, even when no client was asked.
  servers.finish();
  scheduler_.cancel(timer_);
  timer_ = scheduler_.call_after(0, [self = shared_from_this()] { self->call_done(); });
}

void PendingRequest::end(bool timed_out) {
  if (servers.finish()) {
    timed_out_ = timed_out;
  }
  const auto self = shared_from_this();
  scheduler_.cancel(timer_);
  call_done();
}

void PendingRequest::cancel() {
  done_ = nullptr;
  end(false);
}

void PendingRequest::call_done() {
  timer_ = 0;
  arrived_ = nullptr;
  if (const Done done = std::exchange(done_, nullptr)) {
    done(*this);
  }
}

AckSummary PendingRequest::take_acks() {
  AckSummary summary;
  summary.timed_out = timed_out_;
  summary.clients_asked = static_cast<std::size_t>(servers.clients());
  summary.servers_missing = servers.missing();
  summary.acks = std::move(answers);
  return summary;
}

}  // namespace socketio::adapter
