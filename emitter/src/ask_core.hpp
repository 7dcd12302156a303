#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/find_transport.hpp>
#include <socketio/fleet/dialect.hpp>
#include <socketio/redis/client.hpp>

#include "pending_requests.hpp"
#include "response_channels.hpp"

namespace socketio::emitter {

/// Sends requests and combines the responses: subscribes to the response channels, waits until Redis confirms that, then counts
/// the servers and publishes the request in one write. On a loop, with two connections.
class AskCore final : public std::enable_shared_from_this<AskCore>,
                      private ResponseChannels::Listener,
                      private redis::PublishListener {
 public:
  AskCore(Loop& loop, redis::Options redis, Fleet fleet);
  ~AskCore() override;

  /// Throws Error(bad_arguments) for an event that the fleet's transport cannot encode; nothing is sent then. While the
  /// transport is not known yet, the request waits for it, and such an event makes it fail.
  void ask(std::unique_ptr<PendingRequest> request);
  void connect();
  /// Ends all pending requests with an error.
  void close();

  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  /// Protocol of the fleet; not null while responses are handled.
  [[nodiscard]] const fleet::Dialect& dialect() const noexcept { return *dialect_; }

 private:
  using Number = PendingRequests::Number;

  [[nodiscard]] std::unique_ptr<fleet::Dialect> make_dialect(const Fleet& fleet);
  void prepare(PendingRequest& request);
  void begin(Number number);
  void find_dialect();
  void on_found(const std::string& nsp, const FoundTransport& found);
  void go_on();
  [[nodiscard]] bool is_ready_for(const PendingRequest& request) const;
  void begin_question(Number number);
  void publish_question(Number number);
  void take_names(Number number);
  void list_servers(Number number);
  void on_commands_state(redis::State state, std::string_view why);
  void lost(std::string_view why);
  void list(const PendingRequest& request, std::function<void(PendingRequest&, std::vector<std::string>)> take, Number number);

  void on_response(Bytes payload) override;
  void on_confirmed() override;
  void on_refused(const std::string& nsp, std::string_view error) override;
  void on_responses_lost(std::string_view why) override;
  void on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t receivers, std::string_view message) override;

  Loop& loop_;
  Random& random_ = loop_.random();
  const Fleet fleet_;
  std::unique_ptr<fleet::Dialect> dialect_;  ///< null until the transport is known
  bool is_searching_ = false;
  PendingRequests requests_;
  std::optional<redis::Client> commands_;
  std::optional<ResponseChannels> responses_;
};

}  // namespace socketio::emitter
