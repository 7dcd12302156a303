#include <socketio/redis/client.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>

#include "client_impl.hpp"

namespace socketio::redis {

PublishListener::~PublishListener() = default;
MessageListener::~MessageListener() = default;

// ---- the handle ------------------------------------------------------------------------------------------------------------

Client::Client(Loop& loop, Options options, Random* random) : impl_(std::make_shared<Impl>(loop, std::move(options), random)) {}

Client::~Client() {
  const std::shared_ptr<Impl> alive = impl_;
  alive->destroy();
}

void Client::connect() {
  assert(impl_->loop.on_loop_thread());
  if (impl_->state == State::idle && !impl_->closing) {
    impl_->attempt_wanted = true;
    impl_->set_state(State::connecting, {});
  }
}

void Client::on_state(StateChanged changed) { impl_->changed = std::move(changed); }
State Client::state() const noexcept { return impl_->state; }
const std::string& Client::last_error() const noexcept { return impl_->last_error; }
bool Client::last_error_is_refusal() const noexcept { return impl_->last_error_is_refusal; }

void Client::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  impl_->publish(channel, payload, listener, tag);
}
void Client::command(std::span<const std::string_view> words, CommandDone done) { impl_->command(words, std::move(done)); }

void Client::subscribe(SubscriptionKind kind, std::string_view channel_or_pattern, MessageListener& listener) {
  impl_->subscribe(kind, channel_or_pattern, listener);
}
void Client::unsubscribe(SubscriptionKind kind, std::string_view channel_or_pattern) {
  impl_->unsubscribe(kind, channel_or_pattern);
}

void Client::flush() {
  assert(impl_->loop.on_loop_thread());
  impl_->write_out();
}
void Client::abandon(std::string_view why) { impl_->abandon(why); }

std::size_t Client::queued_bytes() const noexcept { return impl_->queue.waiting_bytes(); }
std::size_t Client::queued_count() const noexcept { return impl_->queue.waiting_count(); }
std::size_t Client::in_flight_count() const noexcept { return impl_->queue.in_flight_count(); }
const Counters& Client::counters() const noexcept { return impl_->counters; }

void Client::close(std::uint64_t deadline_ms, std::function<void()> done) { impl_->close(deadline_ms, std::move(done)); }

// ---- lifetime, and telling -------------------------------------------------------------------------------------------------

namespace {

/// With room for no command in flight, nothing would ever be written.
Options usable(Options options) {
  options.in_flight_max = std::max<std::size_t>(options.in_flight_max, 1);
  return options;
}

}  // namespace

Client::Impl::Impl(Loop& its_loop, Options its_options, Random* its_random)
    : loop(its_loop),
      options(usable(std::move(its_options))),
      where(describe(options)),
      random(its_random != nullptr ? *its_random : system_random),
      turn_end(loop, [this] { on_turn_end(); }),
      connect_timer(loop, [this] { on_connect_timeout(); }),
      retry_timer(loop,
                  [this] {
                    const auto alive = shared_from_this();
                    set_state(State::connecting, {});
                    begin_attempt();
                    deliver();
                  }),
      answer_timer(loop, [this] { check_answers(); }),
      close_timer(loop, [this] {
        close_now = true;
        turn_end.request();
      }) {}

Client::Impl::~Impl() = default;

void Client::Impl::on_turn_end() {
  const auto alive = shared_from_this();
  if (std::exchange(attempt_wanted, false) && !close_now) {
    begin_attempt();
  }
  deliver();
  if (destroyed) {
    return;
  }
  request_subscriptions();
  write_out();
  const bool can_wait = state != State::idle && state != State::closed && !queue.empty();
  if (closing && (close_now || !can_wait) && (state != State::closed || !close_dones.empty())) {
    finish_close();
  }
}

/// Tells what has gathered. What the callbacks bring about in turn is told in the next turn, so that nobody can keep the loop
/// here.
void Client::Impl::deliver() {
  for (std::size_t count = state_news.size(); count != 0 && !state_news.empty(); --count) {
    const StateNews news = std::move(state_news.front());
    state_news.pop_front();
    if (const StateChanged call = changed) {  // a copy: it may set another one
      guarded([&] { call(news.state, news.why); });
    }
  }
  deliver_subscription_news();
  deliver_ended();
  if (!state_news.empty() || !ended.empty() || !refused_subscriptions.empty()) {
    turn_end.request();
  }
}

void Client::Impl::set_state(State next, std::string_view why) {
  state = next;
  state_news.push_back({next, std::string(why)});
  turn_end.request();
}

void Client::Impl::close(std::uint64_t deadline_ms, std::function<void()> done) {
  assert(loop.on_loop_thread());
  if (done) {
    close_dones.push_back(std::move(done));
  }
  closing = true;
  if (deadline_ms == 0) {
    close_now = true;
  } else if (!close_now) {
    close_timer.start(deadline_ms);
  }
  turn_end.request();
}

void Client::Impl::finish_close() {
  constexpr std::string_view why = "The client was closed.";
  close_timer.stop();
  connect_timer.stop();
  retry_timer.stop();
  answer_timer.stop();
  stream.reset();
  reader.reset();
  end_in_flight(why);
  queue.rewind();
  end_waiting(why, counters.not_sent_closed);
  if (state != State::closed) {
    set_state(State::closed, why);
  }
  deliver();
  for (std::vector<std::function<void()>> dones = std::exchange(close_dones, {}); const auto& done : dones) {
    guarded(done);
  }
}

void Client::Impl::destroy() {
  destroyed = true;
  closing = true;
  changed = nullptr;
  finish_close();
  while (!ended.empty()) {
    deliver_ended();
  }
}

void Client::Impl::log(LogLevel level, std::string_view message, std::string_view detail) const noexcept {
  if (options.log) {
    try {
      options.log({level, "redis", message, detail});
    } catch (...) {  // there is nobody left to tell
    }
  }
}

}  // namespace socketio::redis
