#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <socketio/emitter/asking.hpp>
#include <socketio/emitter/find_transport.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/redis/client.hpp>

#include "ask_dialect.hpp"

namespace socketio::emitter {

/// A pending request. `take` and `done` are set by the caller and build the result.
struct Inquiry {
  Question question;
  asking::Options options;
  /// Adds a response to the result. Returns false for a response that is not counted: a duplicate, or one of the wrong kind.
  std::function<bool(const Answer&)> take;
  std::function<void(asking::Answered)> done;
  /// Set for a request that channel names can satisfy: receives the names, and no server is asked.
  std::function<void(std::vector<std::string>)> take_names;

  std::string id;
  bool asked = false;
  bool published = false;  ///< Redis has accepted the request
  asking::Answered answered;
  std::optional<std::size_t> servers;  ///< empty until they are counted
  std::uint64_t clients = 0;
  std::size_t acks = 0;
  std::size_t bytes = 0;
  std::unordered_set<std::string> responders;
  std::vector<std::string> listed;  ///< servers whose response channels existed shortly before the deadline
  std::uint64_t began_ms = 0;
  std::uint64_t asked_ms = 0;
  Loop::TimerId deadline = 0;
  Loop::TimerId listing = 0;
};

/// Sends requests and combines the responses: subscribes to the response channels, waits until Redis confirms that, then counts
/// the servers and publishes the request in one write. On a loop, with two connections.
class AskCore final : public std::enable_shared_from_this<AskCore>,
                      private redis::MessageListener,
                      private redis::PublishListener {
 public:
  AskCore(Loop& loop, redis::Options redis, Fleet fleet);
  ~AskCore() override;

  /// Throws Error(bad_arguments) for an event that the fleet's transport cannot encode; nothing is sent then. While the
  /// transport is not known yet, the request waits for it, and such an event makes it fail.
  void ask(std::unique_ptr<Inquiry> inquiry);
  void connect();
  /// Ends all pending requests with an error.
  void close();

  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  /// Protocol of the fleet; not null while responses are handled.
  [[nodiscard]] AskDialect& dialect() noexcept { return *dialect_; }

 private:
  using Number = std::uint64_t;
  /// The response channels of a namespace, and those of them that Redis has not confirmed.
  struct Place {
    std::vector<Channel> channels;
    std::set<std::string, std::less<>> unconfirmed;
  };

  void prepare(Inquiry& inquiry);
  void begin(Number number);
  void find_dialect();
  void on_found(const std::string& nsp, const FoundTransport& found);
  void listen(const std::string& nsp);
  void forget(const std::string& nsp);
  void go_on();
  [[nodiscard]] bool is_ready_for(const Inquiry& inquiry) const;
  void begin_question(Number number);
  void publish_question(Number number);
  void take_names(Number number);
  void list_servers(Number number);
  void check(Number number);
  void end(Number number);
  void fail(Number number, std::string why);
  void fail_waiting(const std::function<bool(const Inquiry&)>& whose, const std::string& why);
  void on_commands_state(redis::State state, std::string_view why);
  void on_answers_state(redis::State state, std::string_view why);
  void lost(std::string_view why);
  void take_answer(Inquiry& inquiry, Number number, const Answer& answer);
  /// Counts client acks for a request to clients, and servers' responses for every other request.
  [[nodiscard]] static std::size_t answer_count(const Inquiry& inquiry);
  [[nodiscard]] bool has_enough(const Inquiry& inquiry) const;
  [[nodiscard]] Inquiry* find(Number number);
  void list(const Inquiry& inquiry, std::function<void(Inquiry&, std::vector<std::string>)> take, Number number);

  void on_message(std::string_view channel, Bytes payload) override;
  void on_subscribed(std::string_view channel, std::string_view error) override;
  void on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) override;

  Loop& loop_;
  SystemRandom random_;
  const Fleet fleet_;
  std::unique_ptr<AskDialect> dialect_;  ///< null until the transport is known
  bool is_searching_ = false;
  std::map<std::string, Place> places_;                       ///< by namespace
  std::map<std::string, std::string, std::less<>> place_of_;  ///< answer channel -> namespace
  std::map<Number, std::shared_ptr<Inquiry>> inquiries_;      // shared: a callback may end the request that calls it
  std::unordered_map<std::string, Number> by_id_;
  Number last_number_ = 0;
  Buffer payload_;
  std::optional<redis::Client> commands_;
  std::optional<redis::Client> answers_;
};

}  // namespace socketio::emitter
