#include "fake_redis.hpp"

#include <algorithm>

namespace nodes {
namespace {

/// Matches Redis' patterns, as far as adapters use them: `*`, `?`, and characters escaped by a backslash. Shares no code with
/// the library.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) {
    return text.empty();
  }
  if (pattern[0] == '*') {
    for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (matches(pattern.substr(1), text.substr(skipped))) {
        return true;
      }
    }
    return false;
  }
  const bool is_escape = pattern[0] == '\\' && pattern.size() > 1;
  const char wanted = pattern[is_escape ? 1 : 0];
  const bool fits = !text.empty() && (text[0] == wanted || (!is_escape && wanted == '?'));
  return fits && matches(pattern.substr(is_escape ? 2 : 1), text.substr(1));
}

const char* command_of(SubscriptionKind kind, bool subscribe) {
  switch (kind) {
    case SubscriptionKind::pattern: return subscribe ? "PSUBSCRIBE " : "PUNSUBSCRIBE ";
    case SubscriptionKind::shard: return subscribe ? "SSUBSCRIBE " : "SUNSUBSCRIBE ";
    case SubscriptionKind::channel: break;
  }
  return subscribe ? "SUBSCRIBE " : "UNSUBSCRIBE ";
}

}  // namespace

void FakeRedis::publish(SubscriptionKind kind, std::string_view channel, Bytes payload) {
  const auto message =
      std::make_shared<Message>(Message{kind, std::string(channel), std::vector<std::uint8_t>(payload.begin(), payload.end())});
  published.push_back(*message);
  for (FakeBus* const bus : buses_) {
    for (const auto& [key, listener] : bus->subscriptions_) {
      const bool by_pattern = key.first == SubscriptionKind::pattern;
      const bool wants = by_pattern ? kind == SubscriptionKind::channel && matches(key.second, message->channel)
                                    : key.first == kind && key.second == message->channel;
      if (!wants || dice_.percent(faults.lost_percent)) {
        continue;
      }
      const unsigned copies = dice_.percent(faults.doubled_percent) ? 2 : 1;
      for (unsigned copy = 0; copy < copies; ++copy) {
        hand_on(*bus, key.first, key.second, message);
      }
    }
  }
}

/// Delivers a message to the listener that has the subscription when it arrives.
void FakeRedis::hand_on(FakeBus& bus, SubscriptionKind kind, const std::string& name, const std::shared_ptr<Message>& message) {
  const std::uint64_t delay_ms = dice_.below(faults.delay_ms_max + 1);
  time_.call_after(std::chrono::milliseconds(delay_ms), [&bus, alive = bus.alive_, kind, name, message] {
    if (!*alive || bus.cut_) {
      return;
    }
    const auto found = bus.subscriptions_.find({kind, name});
    if (found != bus.subscriptions_.end()) {
      const std::vector<std::uint8_t> exact(message->payload);  // of exact size, so that a sanitizer detects a read beyond it
      found->second->on_message(message->channel, exact);
    }
  });
}

/// Reads one stream. Its entries arrive in order, whatever their delays.
class FakeBus::Reader final : public socketio::adapter::StreamReader {
 public:
  Reader(FakeBus& bus, std::string stream, socketio::adapter::StreamListener& listener)
      : bus_(bus), bus_alive_(bus.alive_), stream_(std::move(stream)), listener_(listener) {
    bus_.readers_.push_back(this);
  }
  ~Reader() override {
    *alive_ = false;
    if (*bus_alive_) {
      std::erase(bus_.readers_, this);
    }
  }
  [[nodiscard]] std::string_view position() const noexcept override { return position_; }
  [[nodiscard]] const std::string& stream() const noexcept { return stream_; }

  void hand_on(FakeTime& time, std::uint64_t delay_ms, const std::string& id,
               const std::shared_ptr<std::vector<socketio::redis::Reply>>& fields) {
    due_ms_ = std::max(due_ms_, time.now_ms() + delay_ms);
    time.call_after(std::chrono::milliseconds(due_ms_ - time.now_ms()), [this, alive = alive_, id, fields] {
      if (*alive && *bus_alive_ && !bus_.cut_) {
        position_ = id;
        listener_.on_entry(id, *fields);
      }
    });
  }

 private:
  FakeBus& bus_;
  std::shared_ptr<bool> bus_alive_;
  std::string stream_;
  socketio::adapter::StreamListener& listener_;
  std::string position_ = "0-0";
  std::uint64_t due_ms_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

std::string FakeRedis::add_entry(const std::string& stream, std::span<const std::string_view> fields) {
  const auto replies = std::make_shared<std::vector<socketio::redis::Reply>>();
  for (const std::string_view field : fields) {
    replies->push_back({socketio::redis::Reply::Type::text, 0, std::string(field), {}});
  }
  const std::string id = std::to_string(time_.wall_ms()) + "-" + std::to_string(++last_entry_);
  const std::string_view data = fields.empty() ? std::string_view() : fields.back();
  published.push_back({SubscriptionKind::channel, stream, {data.begin(), data.end()}});
  for (FakeBus* const bus : buses_) {
    for (FakeBus::Reader* const reader : bus->readers_) {
      if (reader->stream() == stream) {
        reader->hand_on(time_, dice_.below(faults.delay_ms_max + 1), id, replies);
      }
    }
  }
  return id;
}

std::size_t FakeRedis::subscriber_count(SubscriptionKind kind, std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(buses_.begin(), buses_.end(), [&](const FakeBus* bus) {
    return bus->subscriptions_.contains({kind, std::string(name)});
  }));
}

std::size_t FakeRedis::subscription_count() const {
  std::size_t count = 0;
  for (const FakeBus* const bus : buses_) {
    count += bus->subscription_count();
  }
  return count;
}

FakeBus::FakeBus(FakeRedis& redis) : redis_(redis) { redis_.buses_.push_back(this); }

FakeBus::~FakeBus() {
  *alive_ = false;
  std::erase(redis_.buses_, this);
}

void FakeBus::publish(SubscriptionKind kind, std::string_view channel, Bytes payload) {
  if (!cut_) {
    redis_.publish(kind, channel, payload);
  }
}

void FakeBus::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  redis_.commands.push_back(command_of(kind, true) + std::string(name));
  subscriptions_[{kind, std::string(name)}] = &listener;
}

void FakeBus::unsubscribe(SubscriptionKind kind, std::string_view name) {
  redis_.commands.push_back(command_of(kind, false) + std::string(name));
  subscriptions_.erase({kind, std::string(name)});
}

void FakeBus::count_subscribers(SubscriptionKind kind, std::string_view channel,
                                std::function<void(std::optional<std::size_t>)> done) {
  redis_.commands.push_back((kind == SubscriptionKind::shard ? "SHARDNUMSUB " : "NUMSUB ") + std::string(channel));
  if (!redis_.answers_counts) {
    return;
  }
  std::optional<std::size_t> count;
  if (redis_.counts) {
    count = redis_.count_lie.value_or(redis_.subscriber_count(kind, channel));
  }
  const std::uint64_t delay_ms = redis_.dice_.below(redis_.faults.delay_ms_max + 1);
  redis_.time_.call_after(std::chrono::milliseconds(delay_ms), [count, done = std::move(done)] { done(count); });
}

void FakeBus::command(std::span<const std::string_view> words, socketio::redis::CommandDone done) {
  redis_.other_commands.emplace_back(words.begin(), words.end());
  const auto star = std::find(words.begin(), words.end(), "*");
  socketio::redis::CommandResult result;
  if (cut_ || words[0] != "XADD" || star == words.end()) {
    result.outcome = socketio::redis::Outcome::not_sent;
  } else {
    result.reply.type = socketio::redis::Reply::Type::text;
    result.reply.text = redis_.add_entry(std::string(words[1]), {star + 1, words.end()});
  }
  const std::uint64_t delay_ms = redis_.dice_.below(redis_.faults.delay_ms_max + 1);
  redis_.time_.call_after(std::chrono::milliseconds(delay_ms),
                          [result = std::move(result), done = std::move(done)] { done(result); });
}

std::unique_ptr<socketio::adapter::StreamReader> FakeBus::read_stream(const socketio::adapter::StreamReading& reading,
                                                                      socketio::adapter::StreamListener& listener) {
  redis_.readings.push_back(reading);
  return std::make_unique<Reader>(*this, reading.stream, listener);
}

}  // namespace nodes
