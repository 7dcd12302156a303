#include "ack_request.hpp"

#include <utility>

namespace socketio::adapter {

AckRequest::AckRequest(Scheduler& scheduler, AckArrived arrived, AckDone done)
    : scheduler_(scheduler), arrived_(std::move(arrived)), done_(std::move(done)) {}

void AckRequest::start(std::uint64_t timeout_ms) {
  timer_ = scheduler_.call_after(timeout_ms, [self = shared_from_this()] { self->give_up(); });
}

void AckRequest::expect(std::size_t reports) {
  reports_expected_ = reports;
  expectation_known_ = true;
  check();
}

void AckRequest::on_clients(std::size_t count) {
  if (finished_) {
    return;
  }
  ++reports_;
  summary_.clients_asked += count;
  check();
}

void AckRequest::on_ack(Bytes arguments) {
  if (finished_) {
    return;
  }
  summary_.acks.emplace_back().append(arguments);
  if (arrived_) {
    arrived_(summary_.acks.back().bytes());
  }
  check();
}

void AckRequest::check() {
  if (!finished_ && expectation_known_ && reports_ >= reports_expected_ && summary_.acks.size() >= summary_.clients_asked) {
    finished_ = true;
    scheduler_.cancel(timer_);
    // Never inside the call that started the request, even when no client was asked.
    timer_ = scheduler_.call_after(0, [self = shared_from_this()] { self->finish(); });
  }
}

void AckRequest::give_up() {
  if (!std::exchange(finished_, true)) {
    summary_.timed_out = true;
    summary_.servers_missing = reports_expected_ > reports_ ? reports_expected_ - reports_ : 0;
  }
  scheduler_.cancel(timer_);
  finish();
}

void AckRequest::finish() {
  timer_ = 0;
  arrived_ = nullptr;
  if (const AckDone done = std::exchange(done_, nullptr)) {
    done(std::move(summary_));
  }
}

}  // namespace socketio::adapter
