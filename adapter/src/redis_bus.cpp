#include <socketio/adapter/redis_bus.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <list>
#include <utility>
#include <vector>

#include "redis_stream_reader.hpp"

namespace socketio {

namespace adapter {
Bus::~Bus() = default;
StreamListener::~StreamListener() = default;
void StreamListener::on_reading(std::string_view) {}
StreamReader::~StreamReader() = default;
}  // namespace adapter

using redis::SubscriptionKind;

using adapter::RedisStreamReader;

namespace {

using std::chrono::milliseconds;

constexpr milliseconds server_command_timeout{10'000};
constexpr milliseconds keepalive{2'500};
constexpr milliseconds subscriber_backoff_max{200};
constexpr milliseconds publisher_backoff_max{1'000};
/// Longer than the official clients wait between their attempts to reconnect: up to 2.2 s.
constexpr milliseconds resume_wait_max{2'250};
constexpr milliseconds silent_wait{1'000};
constexpr std::uint64_t refusal_log_interval_ms = 10'000;

/// Shortens the wait between attempts to connect: a disconnected subscriber misses messages.
redis::Options subscriber_options(redis::Options options) {
  options.backoff_max = std::min(options.backoff_max, subscriber_backoff_max);
  return options;
}

}  // namespace

struct RedisBus::Impl final : redis::PublishListener {
  /// One call of when_ready().
  struct Waiting {
    std::uint64_t timer = 0;  ///< of the loop
    std::function<void(bool, std::string_view)> done;
  };

  Impl(Loop& bus_loop, const redis::Options& bus_options)
      : loop(bus_loop), options(bus_options), publisher(loop, options), subscriber(loop, subscriber_options(options)) {
    publisher.on_state([this](redis::State state, std::string_view why) { on_client_state(state, why); });
    subscriber.on_state([this](redis::State state, std::string_view why) { on_client_state(state, why); });
    subscriber.on_subscriptions([this] { end_waiting(); });
    publisher.connect();
    subscriber.connect();
  }

  [[nodiscard]] bool ready() const noexcept {
    return publisher.state() == redis::State::ready && subscriber.state() == redis::State::ready &&
           std::all_of(readers.begin(), readers.end(), [](const RedisStreamReader* reader) { return reader->is_reading(); });
  }

  [[nodiscard]] bool misses_nothing() const noexcept { return ready() && subscriber.unconfirmed_count() == 0; }

  void on_client_state(redis::State, std::string_view why) { state_may_have_changed(why); }

  /// Reports each change, and each new reason while the bus remains not ready.
  void state_may_have_changed(std::string_view why) {
    const bool now = ready();
    const bool is_new_reason = !now && !why.empty() && why != told_why;
    if (now == was_ready && !is_new_reason) {
      return;
    }
    was_ready = now;
    const std::string reason(now ? std::string_view() : why);
    told_why = reason;
    std::list<Waiting> ended = take_waiting();
    if (const auto call = changed) {  // shared: the function may set another one, or destroy the bus
      (*call)(now, reason);
    }
    for (const Waiting& one : ended) {
      one.done(true, {});
    }
  }

  /// Removes and returns the waiting calls of when_ready(), if their condition is met.
  [[nodiscard]] std::list<Waiting> take_waiting() {
    std::list<Waiting> ended;
    if (misses_nothing()) {
      ended.swap(waiting);
    }
    for (const Waiting& one : ended) {
      loop.cancel(one.timer);
    }
    return ended;
  }

  void end_waiting() {
    for (const Waiting& one : take_waiting()) {
      one.done(true, {});
    }
  }

  /// The reason why messages are not received takes precedence over the reason why messages cannot be sent.
  [[nodiscard]] std::string last_error() const {
    if (subscriber.state() != redis::State::ready && !subscriber.last_error().empty()) {
      return subscriber.last_error();
    }
    for (const RedisStreamReader* const reader : readers) {
      if (!reader->is_reading() && !reader->last_error().empty()) {
        return reader->last_error();
      }
    }
    return publisher.last_error();
  }

  void wait(std::chrono::milliseconds patience, std::function<void(bool, std::string_view)> done) {
    waiting.push_back({0, std::move(done)});
    const auto added = std::prev(waiting.end());
    added->timer = loop.call_after(misses_nothing() ? patience.zero() : patience, [this, added] {
      const auto call = std::move(added->done);
      waiting.erase(added);
      const bool is_ready = misses_nothing();
      std::string why = is_ready ? std::string() : last_error();
      if (!is_ready && (ready() || why.empty())) {
        why = ready() ? "Redis has not confirmed every subscription yet." : "Redis has not answered yet.";
      }
      call(is_ready, why);
    });
  }

  void on_published(std::uint64_t, redis::Outcome outcome, std::int64_t, std::string_view message) override {
    if (outcome == redis::Outcome::unconfirmed) {
      ++unconfirmed;
    } else if (outcome != redis::Outcome::ok) {
      ++failed;
      if (outcome == redis::Outcome::refused) {
        log_refusal("Redis refuses what this server publishes: other servers do not get it.", message);
      }
    }
  }

  /// Logs one refusal in ten seconds, as there may be thousands a second; the counters count all of them.
  void log_refusal(std::string_view sentence, std::string_view error) {
    const std::uint64_t now_ms = loop.now_ms();
    if (!options.log || now_ms < next_refusal_log_ms) {
      return;
    }
    next_refusal_log_ms = now_ms + refusal_log_interval_ms;
    options.log({LogLevel::warning, "redis", sentence, error});
  }

  Loop& loop;
  redis::Options options;
  redis::Client publisher;
  redis::Client subscriber;
  std::vector<RedisStreamReader*> readers;                                     ///< each leaves when it is destroyed
  std::shared_ptr<const std::function<void(bool, std::string_view)>> changed;  ///< null without a callback
  std::list<Waiting> waiting;
  bool was_ready = false;
  std::string told_why;
  std::uint64_t failed = 0;
  std::uint64_t unconfirmed = 0;
  std::uint64_t next_refusal_log_ms = 0;
};

redis::Options RedisBus::options_for(std::string_view url) {
  redis::Options options = redis::parse_url(url);
  options.command_timeout = server_command_timeout;
  options.keepalive = keepalive;
  options.backoff_max = publisher_backoff_max;
  options.resume_wait_max = resume_wait_max;
  options.silent_wait = silent_wait;
  return options;
}

RedisBus::RedisBus(Loop& loop, std::string_view url) : RedisBus(loop, options_for(url)) {}
RedisBus::RedisBus(Loop& loop, redis::Options options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
RedisBus::~RedisBus() {
  for (const Impl::Waiting& one : impl_->waiting) {
    impl_->loop.cancel(one.timer);
  }
  for (RedisStreamReader* const reader : impl_->readers) {  // their owners may keep them longer
    reader->on_change({});
  }
}

bool RedisBus::is_ready() const noexcept { return impl_->ready(); }

std::size_t RedisBus::unconfirmed_count() const noexcept { return impl_->subscriber.unconfirmed_count(); }

std::string RedisBus::last_error() const { return impl_->last_error(); }

void RedisBus::on_state(std::function<void(bool, std::string_view)> changed) {
  using Function = const std::function<void(bool, std::string_view)>;
  impl_->changed = changed ? std::make_shared<Function>(std::move(changed)) : nullptr;
}

void RedisBus::when_ready(std::chrono::milliseconds patience, std::function<void(bool, std::string_view)> done) {
  impl_->wait(patience, std::move(done));
}

RedisBus::Counters RedisBus::counters() const {
  return {impl_->publisher.counters(), impl_->subscriber.counters(), impl_->failed, impl_->unconfirmed};
}

void RedisBus::publish(SubscriptionKind kind, std::string_view channel, Bytes payload) {
  if (kind == SubscriptionKind::shard) {
    impl_->publisher.publish_sharded(channel, payload, *impl_, 0);
  } else {
    impl_->publisher.publish(channel, payload, *impl_, 0);
  }
}

void RedisBus::subscribe(SubscriptionKind kind, std::string_view name, redis::MessageListener& listener) {
  impl_->subscriber.subscribe(kind, name, listener);
}

void RedisBus::unsubscribe(SubscriptionKind kind, std::string_view name) { impl_->subscriber.unsubscribe(kind, name); }

void RedisBus::count_subscribers(SubscriptionKind kind, std::string_view channel,
                                 std::function<void(std::optional<std::size_t>)> done) {
  const std::array<std::string_view, 3> words{"PUBSUB", kind == SubscriptionKind::shard ? "SHARDNUMSUB" : "NUMSUB", channel};
  impl_->publisher.command(words, [impl = impl_.get(), done = std::move(done)](const redis::CommandResult& result) {
    if (result.outcome == redis::Outcome::refused) {
      impl->log_refusal("Redis does not tell how many servers there are: requests to them end without their answers.",
                        result.message);
    }
    const auto& elements = result.reply.elements;
    const bool told = result.outcome == redis::Outcome::ok && elements.size() == 2 && elements[1].integer >= 0;
    done(told ? std::optional(static_cast<std::size_t>(elements[1].integer)) : std::nullopt);
  });
}

void RedisBus::command(std::span<const std::string_view> words, redis::CommandDone done) {
  impl_->publisher.command(words, std::move(done));
}

std::unique_ptr<adapter::StreamReader> RedisBus::read_stream(const adapter::StreamReading& reading,
                                                             adapter::StreamListener& listener) {
  auto reader = std::make_unique<RedisStreamReader>(impl_->loop, impl_->options, reading, listener);
  RedisStreamReader* const added = reader.get();
  impl_->readers.push_back(added);
  added->on_change([impl = impl_.get(), added](bool ended, std::string_view why) {
    if (ended) {
      std::erase(impl->readers, added);
    }
    impl->state_may_have_changed(why);
  });
  impl_->state_may_have_changed({});
  return reader;
}

}  // namespace socketio
