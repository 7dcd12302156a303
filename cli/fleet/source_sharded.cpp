#include <map>
#include <set>

#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/sharded_channels.hpp>

#include "common/explain.hpp"
#include "names.hpp"
#include "source.hpp"

namespace socketio::cli::fleet {
namespace {

using cluster_message::Type;
using redis::SubscriptionKind;

/// Longest time until a new room is found.
constexpr std::chrono::milliseconds look_pause{500};

/// The part of a channel's name that determines its slot.
std::string_view hash_tag(std::string_view channel) {
  const std::size_t open = channel.find('{');
  const std::size_t close = open == std::string_view::npos ? open : channel.find('}', open + 1);
  return close == std::string_view::npos || close == open + 1 ? channel : channel.substr(open + 1, close - open - 1);
}

/// Sharded pub/sub has no patterns, so this is a server without sockets: it subscribes to the main channel of each namespace,
/// where it is counted, and responds at once to requests that servers wait for. It subscribes to the channels of rooms and to
/// response channels when they appear; these subscriptions are not counted.
class ShardedSource final : public Source, private redis::MessageListener, private redis::PublishListener {
 public:
  explicit ShardedSource(const TapParts& parts)
      : parts_(parts),
        uid_(names::new_uid()),
        answers_(parts.loop, connection_options(parts.options, "tap", parts.console)),
        client_(parts.loop, connection_options(parts.options, "tap", parts.console)) {
    watch(client_, parts_, "sharded");
    const std::string pattern = names::escaped(parts_.options.common.key) + "#*";
    parts_.redis.need({"PUBSUB", "SHARDCHANNELS", pattern});  // a Redis that is too old refuses this
    answers_.connect();
    if (!parts_.redis.wait([this] { return answers_.state() == redis::State::ready; }, parts_.options.common.timeout)) {
      refused_ = answers_.last_error().empty() ? explain::no_reply : answers_.last_error();
      return;
    }
    // Subscribes only now, because this source can respond to servers that count it.
    for (const std::string& nsp : parts_.options.namespaces) {
      follow(names::main_channel(parts_.options.common.key, nsp), nsp, true);
    }
    follow(parts_.options.common.key + "#" + uid_ + "#", {}, false);  // ready() needs at least one subscription
    client_.connect();
    look();
  }
  ~ShardedSource() override { *alive_ = false; }

  [[nodiscard]] bool ready() const override { return looked_ && client_.state() == redis::State::ready; }

  /// Unsubscribes, and waits for confirmations: after the last one no message arrives, and all requests have responses. In a
  /// Redis Cluster there is one confirmation per main channel, of a channel in the same slot.
  void leave() override {
    ends_ = {parts_.options.common.key + "#" + uid_ + "#end#"};
    for (const auto& [channel, followed] : followed_) {
      client_.unsubscribe(SubscriptionKind::shard, channel);
      if (followed.is_main && parts_.options.common.redis.topology == redis::Topology::cluster) {
        ends_.insert("{" + std::string(hash_tag(channel)) + "}" + uid_ + "#end#");
      }
    }
    followed_.clear();
    for (const std::string& end : std::vector<std::string>(ends_.begin(), ends_.end())) {
      client_.subscribe(SubscriptionKind::shard, end, *this);
    }
    parts_.loop.run_until([this] { return ends_.empty() || client_.state() != redis::State::ready; },
                          parts_.options.common.timeout);
    parts_.loop.run_until([this] { return answers_.in_flight_count() + answers_.queued_count() == 0; },
                          parts_.options.common.timeout);
  }

 private:
  struct Followed {
    std::string nsp;
    bool is_main;
    bool confirmed = false;
  };

  void follow(const std::string& channel, const std::string& nsp, bool is_main) {
    if (followed_.try_emplace(channel, Followed{nsp, is_main}).second) {
      client_.subscribe(SubscriptionKind::shard, channel, *this);
      if (is_main) {  // lets askers subtract the taps from the subscribers
        Buffer mark;
        sharded_channels::append_tap(mark, parts_.options.common.key, nsp);
        follow(std::string(mark.text()), {}, false);
      }
    }
  }

  // ---- channels ----

  void look() {
    const std::string pattern = names::escaped(parts_.options.common.key) + "#*";
    ask({"PUBSUB", "SHARDCHANNELS", pattern}, [this](const redis::Reply& reply) {
      std::vector<std::string> channels;
      for (const redis::Reply& element : reply.elements) {
        channels.push_back(element.text);
      }
      found(channels);
      count();
    });
  }

  void found(const std::vector<std::string>& channels) {
    const std::string start = parts_.options.common.key + "#";
    for (const std::string& channel : channels) {
      if (const auto nsp = sharded_channels::namespace_of(channel, start); nsp && parts_.options.namespaces.empty()) {
        follow(channel, std::string(*nsp), true);
      }
    }
    for (const std::string& channel : channels) {
      const auto of = std::find_if(followed_.begin(), followed_.end(), [&](const auto& main) {
        return main.second.is_main && channel.size() > main.first.size() && channel.starts_with(main.first);
      });
      if (of != followed_.end()) {
        follow(channel, of->second.nsp, false);
      }
    }
  }

  /// Unsubscribes from channels without other subscribers, which would otherwise exist as long as this source does.
  void count() {
    std::vector<std::string> channels;
    for (const auto& [channel, followed] : followed_) {
      if (followed.confirmed && !followed.nsp.empty() && (!followed.is_main || parts_.options.namespaces.empty())) {
        channels.push_back(channel);
      }
    }
    if (channels.empty()) {
      look_later();
      return;
    }
    Words words{"PUBSUB", "SHARDNUMSUB"};
    words.insert(words.end(), channels.begin(), channels.end());
    ask(words, [this](const redis::Reply& reply) {
      for (std::size_t index = 0; index + 1 < reply.elements.size(); index += 2) {
        if (reply.elements[index + 1].integer <= 1 && followed_.erase(reply.elements[index].text) != 0) {
          client_.unsubscribe(SubscriptionKind::shard, reply.elements[index].text);
        }
      }
      look_later();
    });
  }

  void look_later() {
    looked_ = true;
    parts_.loop.call_after(look_pause, [this, alive = alive_] {
      if (*alive) {
        look();
      }
    });
  }

  template <typename Function>
  void ask(const Words& words, Function then) {
    answers_.command(words, [this, alive = alive_, then](const redis::CommandResult& result) {
      if (!*alive) {
        return;
      }
      if (result.outcome == redis::Outcome::ok) {
        then(result.reply);
      } else {
        look_later();
      }
    });
  }

  // ---- messages ----

  void on_subscribed(std::string_view channel, std::string_view error) override {
    if (const auto end = ends_.find(channel); end != ends_.end()) {
      ends_.erase(end);
      return;
    }
    note_refusal(error);
    if (const auto followed = followed_.find(channel); followed != followed_.end()) {
      followed->second.confirmed = error.empty();
    }
  }

  void on_message(std::string_view channel, Bytes payload) override {
    const auto followed = followed_.find(channel);
    if (followed == followed_.end()) {
      return;
    }
    if (followed->second.is_main && as_text(payload).find("requestId") != std::string_view::npos) {
      answer(followed->second.nsp, payload);
    }
    if (!parts_.filter.wants_bytes(payload)) {
      parts_.output.passed_over(payload.size());
      return;
    }
    parts_.take(decoder_.cluster(Bus::sharded, channel, payload));
  }

  /// Responds as a server without sockets and without handlers for server-side events. Such a server would let the sender of an
  /// event wait; this one responds with no value.
  void answer(const std::string& nsp, Bytes payload) {
    const auto envelope = cluster_message::open(payload, scratch_);
    if (!envelope.ok() || envelope->nsp != nsp || envelope->uid.empty() || !cluster_message::is_known(envelope->type)) {
      return;
    }
    if (envelope->uid.starts_with("asker-")) {
      return;  // not a server: an asker subtracts the taps from the servers that respond
    }
    const auto question = cluster_message::decode(static_cast<Type>(envelope->type), envelope->data);
    if (!question.ok() || !question->request_id) {
      return;
    }
    Buffer data;
    Type type{};
    switch (question->type) {
      case Type::broadcast:
        type = Type::client_count;
        cluster_message::append_client_count(data, *question->request_id, 0);
        break;
      case Type::fetch_sockets:
        type = Type::fetch_sockets_answer;
        cluster_message::append_sockets(data, *question->request_id, 0, {});
        break;
      case Type::server_side_event:
        type = Type::server_side_answer;
        cluster_message::append_answer(data, *question->request_id, {});
        break;
      default: return;
    }
    Buffer message;
    if (cluster_message::encode_json(message, type, data.bytes(), uid_, nsp).ok()) {
      const std::string channel = names::main_channel(parts_.options.common.key, nsp) + std::string(envelope->uid) + "#";
      answers_.publish_sharded(channel, message.bytes(), *this, 0);
      answers_.flush();
    }
  }

  void on_published(std::uint64_t, redis::Outcome outcome, std::int64_t, std::string_view message) override {
    if (outcome != redis::Outcome::ok) {
      parts_.console.error("An answer to a server was not published, so that one waits until its timeout: " +
                           std::string(message));
    }
  }

  TapParts parts_;
  const std::string uid_;
  Decoder decoder_;
  Buffer scratch_;
  std::map<std::string, Followed, std::less<>> followed_;
  bool looked_ = false;
  std::set<std::string, std::less<>> ends_;  ///< channels whose confirmation leave() waits for
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  redis::Client answers_;  ///< declared last, because closing them calls back into the others
  redis::Client client_;
};

}  // namespace

std::unique_ptr<Source> listen_sharded(const TapParts& parts) { return std::make_unique<ShardedSource>(parts); }

}  // namespace socketio::cli::fleet
