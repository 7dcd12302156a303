#include <socketio/adapter/redis_bus.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "redis_stream_reader.hpp"

namespace socketio {

namespace adapter {
Bus::~Bus() = default;
StreamListener::~StreamListener() = default;
StreamReader::~StreamReader() = default;
}  // namespace adapter

using redis::SubscriptionKind;

using adapter::RedisStreamReader;

namespace {

constexpr std::uint32_t patience_ms = 10'000;
constexpr std::uint32_t keepalive_ms = 2'500;
constexpr std::uint32_t subscriber_backoff_max_ms = 200;
constexpr std::uint32_t publisher_backoff_max_ms = 1'000;
/// The official clients wait up to 2.2 s between their attempts.
constexpr std::uint32_t resume_wait_max_ms = 2'250;
constexpr std::uint32_t silent_wait_ms = 1'000;

/// A subscriber that is away misses what is said: it hurries.
redis::Options subscriber_options(redis::Options options) {
  options.backoff_max_ms = std::min(options.backoff_max_ms, subscriber_backoff_max_ms);
  return options;
}

}  // namespace

struct RedisBus::Impl final : redis::PublishListener {
  Impl(Loop& bus_loop, const redis::Options& bus_options)
      : loop(bus_loop), options(bus_options), publisher(loop, options), subscriber(loop, subscriber_options(options)) {
    publisher.on_state([this](redis::State state, std::string_view why) { on_client_state(state, why); });
    subscriber.on_state([this](redis::State state, std::string_view why) { on_client_state(state, why); });
    publisher.connect();
    subscriber.connect();
  }

  [[nodiscard]] bool ready() const noexcept {
    return publisher.state() == redis::State::ready && subscriber.state() == redis::State::ready &&
           std::all_of(readers.begin(), readers.end(), [](const RedisStreamReader* reader) { return reader->is_reading(); });
  }

  void on_client_state(redis::State, std::string_view why) { state_may_have_changed(why); }

  void state_may_have_changed(std::string_view why) {
    if (const bool now = ready(); now != was_ready) {
      was_ready = now;
      if (changed) {
        changed(now, now ? std::string_view() : why);
      }
    }
  }

  void on_published(std::uint64_t, redis::Outcome outcome, std::int64_t, std::string_view) override {
    if (outcome == redis::Outcome::unconfirmed) {
      ++unconfirmed;
    } else if (outcome != redis::Outcome::ok) {
      ++failed;
    }
  }

  Loop& loop;
  redis::Options options;
  redis::Client publisher;
  redis::Client subscriber;
  std::vector<RedisStreamReader*> readers;  ///< each leaves when it is destroyed
  std::function<void(bool, std::string_view)> changed;
  bool was_ready = false;
  std::uint64_t failed = 0;
  std::uint64_t unconfirmed = 0;
};

redis::Options RedisBus::options_for(std::string_view url) {
  redis::Options options = redis::parse_url(url);
  options.command_timeout_ms = patience_ms;
  options.keepalive_ms = keepalive_ms;
  options.backoff_max_ms = publisher_backoff_max_ms;
  options.resume_wait_max_ms = resume_wait_max_ms;
  options.silent_wait_ms = silent_wait_ms;
  return options;
}

RedisBus::RedisBus(Loop& loop, std::string_view url) : RedisBus(loop, options_for(url)) {}
RedisBus::RedisBus(Loop& loop, redis::Options options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
RedisBus::~RedisBus() {
  for (RedisStreamReader* const reader : impl_->readers) {  // whoever holds them may hold them longer
    reader->on_change({});
  }
}

bool RedisBus::is_ready() const noexcept { return impl_->ready(); }

std::string RedisBus::last_error() const {
  return impl_->subscriber.state() == redis::State::ready ? impl_->publisher.last_error() : impl_->subscriber.last_error();
}

void RedisBus::on_state(std::function<void(bool, std::string_view)> changed) { impl_->changed = std::move(changed); }

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
  impl_->publisher.command(words, [done = std::move(done)](const redis::CommandResult& result) {
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
