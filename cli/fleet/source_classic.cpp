#include <deque>

#include <socketio/protocol/classic_channels.hpp>

#include "names.hpp"
#include "source.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::SubscriptionKind;

/// Subscribes only to patterns: servers count the subscribers of their request channel by name, and patterns are not among
/// them.
///
///   K#N#*              broadcasts            K#*             of all namespaces
///   K-request#N#       requests              K-request#*
///   K-response#N#*     responses             K-response#*
class ClassicSource final : public Source {
 public:
  explicit ClassicSource(const TapParts& parts)
      : parts_(parts), client_(parts.loop, connection_options(parts.options, "tap", parts.console)) {
    watch(client_, parts_, "classic");
    const std::string key = names::escaped(parts_.options.common.key);
    if (parts_.options.namespaces.empty()) {
      add(Role::broadcast, {}, key + "#*");
      add(Role::request, {}, key + "-request#*");
      add(Role::response, {}, key + "-response#*");
    }
    for (const std::string& nsp : parts_.options.namespaces) {
      const std::string name = "#" + names::escaped(nsp) + "#";
      add(Role::broadcast, nsp, key + name + "*");
      add(Role::request, nsp, key + "-request" + name);
      add(Role::response, nsp, key + "-response" + name + "*");
    }
    client_.connect();
  }

  [[nodiscard]] bool ready() const override { return client_.state() == redis::State::ready; }

 private:
  enum class Role : std::uint8_t { broadcast, request, response };

  struct Listener final : redis::MessageListener {
    Listener(ClassicSource& its_source, Role its_role, std::string its_nsp)
        : source(its_source), role(its_role), nsp(std::move(its_nsp)) {}
    void on_message(std::string_view channel, Bytes payload) override { source.on_channel(*this, channel, payload); }
    void on_subscribed(std::string_view, std::string_view error) override { source.note_refusal(error); }
    ClassicSource& source;
    const Role role;
    const std::string nsp;  ///< empty: all
  };

  void add(Role role, const std::string& nsp, const std::string& pattern) {
    listeners_.emplace_back(*this, role, nsp);
    client_.subscribe(SubscriptionKind::pattern, pattern, listeners_.back());
  }

  void on_channel(const Listener& listener, std::string_view channel, Bytes payload) {
    switch (listener.role) {
      case Role::broadcast: return on_broadcast(listener.nsp, channel, payload);
      case Role::request: return on_request(channel, payload);
      case Role::response: return on_response(listener.nsp, channel, payload);
    }
  }

  void on_broadcast(const std::string& nsp, std::string_view channel, Bytes payload) {
    if (parts_.several_buses && is_packed_map(payload)) {
      return;
    }
    if (!parts_.filter.wants_channel(channel, nsp) || !parts_.filter.wants_bytes(payload)) {
      parts_.output.passed_over(payload.size());
      return;
    }
    const Message& message = decoder_.classic_broadcast(channel, payload);
    if (!nsp.empty() && message.nsp != nsp && message.kind != Kind::malformed) {
      return;  // of a namespace like "/#x", whose channels look like those of rooms
    }
    parts_.take(message);
  }

  void on_request(std::string_view channel, Bytes payload) {
    if (!parts_.filter.wants_bytes(payload)) {
      parts_.output.passed_over(payload.size());
      return;
    }
    const std::size_t start = parts_.options.common.key.size() + std::string_view("-request#").size();
    const std::string_view nsp = channel.size() > start ? channel.substr(start, channel.size() - start - 1) : "";
    parts_.take(decoder_.classic_request(channel, nsp, payload));
  }

  void on_response(const std::string& nsp, std::string_view channel, Bytes payload) {
    if (parts_.filter.names_something()) {
      parts_.output.passed_over(payload.size());
      return;
    }
    const std::size_t start = parts_.options.common.key.size() + std::string_view("-response#").size();
    std::string_view of = nsp;
    if (of.empty() && channel.size() > start) {  // N#, or N#U#
      of = channel.substr(start, channel.size() - start - 1);
      of = of.substr(0, of.rfind('#'));
    }
    parts_.take(decoder_.classic_response(channel, of, payload));
  }

  TapParts parts_;
  Decoder decoder_;
  std::deque<Listener> listeners_;
  redis::Client client_;  ///< declared last, because closing it calls back into the others
};

}  // namespace

bool is_packed_map(Bytes payload) noexcept {
  return !payload.empty() && ((payload[0] & 0xf0U) == 0x80U || payload[0] == 0xdeU || payload[0] == 0xdfU);
}

void Source::watch(redis::Client& client, const TapParts& parts, std::string_view what) {
  client.on_state([&output = parts.output, &console = parts.console, name = std::string(what), was_ready = false,
                   is_away = false, is_refused = false](redis::State state, std::string_view why) mutable {
    if (state == redis::State::ready) {
      is_away = is_refused = false;
      if (std::exchange(was_ready, true)) {
        console.note("Listening again (" + name + ").");
      }
      return;
    }
    const bool is_loss = was_ready && (state == redis::State::disconnected || state == redis::State::refused);
    if (!is_loss) {
      return;
    }
    const bool is_new =
        !std::exchange(is_away, true);  // attempts to reconnect, until one succeeds, belong to the same interruption
    output.counts().interruptions += is_new ? 1U : 0U;
    if (state == redis::State::refused && !std::exchange(is_refused, true)) {
      console.error(std::string(why) + " (" + name + ")");
    } else if (is_new) {
      console.error(std::string(why) + " What is said until the connection is back is missed (" + name + ").");
    }
  });
}

std::optional<std::string> Sources::wait() {
  const auto is_refused = [](const auto& source) { return !source->refused().empty(); };
  const auto all_ready = [&] {
    return std::all_of(sources_.begin(), sources_.end(),
                       [&](const auto& source) { return source->ready() || is_refused(source); });
  };
  const bool in_time = parts_.redis.wait(all_ready, parts_.options.common.timeout);
  const auto refused = std::find_if(sources_.begin(), sources_.end(), is_refused);
  return refused != sources_.end() ? std::optional((*refused)->refused())
         : in_time                 ? std::nullopt
                                   : std::optional(std::string());
}

std::unique_ptr<Source> listen_classic(const TapParts& parts) { return std::make_unique<ClassicSource>(parts); }

}  // namespace socketio::cli::fleet
