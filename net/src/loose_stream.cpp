// Connections that are being moved from one loop to another.

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "listener_impl.hpp"

namespace socketio::net {

std::size_t OpenCounts::total() const noexcept {
  std::size_t sum = 0;
  for (const auto& count : counts_) {
    sum += count;
  }
  return sum;
}

std::size_t OpenCounts::emptiest() const noexcept {
  const auto place = std::min_element(counts_.begin(), counts_.end(),
                                      [](const auto& left, const auto& right) { return left.load() < right.load(); });
  return static_cast<std::size_t>(place - counts_.begin());
}

LooseStream::State::State(State&& other) noexcept
    : peer(other.peer),
      descriptor(std::exchange(other.descriptor, -1)),
      failure(other.failure),
      end_pending(other.end_pending),
      tls(std::move(other.tls)),
      proxy_header(std::move(other.proxy_header)),
      counts(std::move(other.counts)),
      loop(other.loop) {}

LooseStream::State::~State() {
  if (descriptor >= 0) {
    ::close(descriptor);
    if (counts) {
      counts->closed(loop);
    }
  }
}

LooseStream::LooseStream() noexcept = default;
LooseStream::LooseStream(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
LooseStream::LooseStream(LooseStream&&) noexcept = default;
LooseStream& LooseStream::operator=(LooseStream&&) noexcept = default;
LooseStream::~LooseStream() = default;

void LooseStream::count_for(std::size_t loop) noexcept {
  if (state_->counts) {
    state_->counts->opened(loop);  // first, so that no thread sees it counted for no loop
    state_->counts->closed(std::exchange(state_->loop, loop));
  }
}

LooseStream ServerStream::release() { return std::exchange(impl_, nullptr)->release(); }

LooseStream ServerStream::Impl::release() {
  assert(!closed && !lost && !finishing);
  auto state = std::make_unique<LooseStream::State>(descriptor, peer);
  state->failure = failure;
  state->end_pending = end_pending;
  state->tls = std::move(tls);
  state->proxy_header = std::move(proxy_header);
  state->counts = shared->options.counts;
  state->loop = shared->options.loop;
  let_go();
  shared->stream_closed();
  return LooseStream(std::move(state));
}

}  // namespace socketio::net
