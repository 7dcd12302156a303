#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/adapter/adapter.hpp>
#include <socketio/net/loop.hpp>

#include "loop_context.hpp"
#include "server_context.hpp"

namespace socketio::server {

/// A namespace, as its sockets know it: its name, and its adapter, which runs on the server's first loop.
///
/// Outlives its server as long as a handle exists; it is closed then.
class SocketNamespace : public adapter::Host, public std::enable_shared_from_this<SocketNamespace> {
 public:
  SocketNamespace(ServerContext& server, std::string name) : server_(&server), loop_(server.loop), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The server's first loop.
  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  /// False once the server or the namespace has ended. On the first loop.
  [[nodiscard]] bool is_open() const noexcept { return server_ != nullptr; }
  /// While it is open, on the first loop. Not for a parent namespace.
  [[nodiscard]] adapter::Adapter& adapter() const noexcept { return *adapter_; }
  /// True when events for a single socket must pass the adapter, too. On each loop of the server.
  [[nodiscard]] bool keeps_packets() const noexcept { return is_threaded_ ? keeps_packets_ : adapter_->keeps_packets(); }
  /// Calls `function` on the first loop: now, or when the calling thread is another one later, unless the namespace has ended
  /// by then.
  template <typename Function>
  void on_first_loop(Function function) {
    if (loop_.on_loop_thread()) {
      function();
      return;
    }
    loop_.post([self = shared_from_this(), function = std::move(function)] {
      if (self->is_open()) {
        function();
      }
    });
  }
  /// A client of `from` that was expected has left, or was refused.
  virtual void client_gone(LoopContext& from) = 0;

  // Host
  [[nodiscard]] std::string_view nsp() const override { return name_; }
  [[nodiscard]] adapter::Scheduler& scheduler() override { return server_->scheduler; }
  [[nodiscard]] Random& random() override { return server_->random; }
  [[nodiscard]] const adapter::RecoveryOptions& recovery() const override { return server_->options.recovery; }
  [[nodiscard]] std::uint64_t next_ack_id() override { return ack_id_.fetch_add(1, std::memory_order_relaxed); }

 protected:
  ServerContext* server_;  ///< null once it has ended
  std::unique_ptr<adapter::Adapter> adapter_;
  bool is_threaded_ = server_->is_threaded();
  bool keeps_packets_ = false;  ///< with several loops; the adapter is for the first one

 private:
  Loop& loop_;
  std::string name_;
  std::atomic<std::uint64_t> ack_id_ = 0;
};

}  // namespace socketio::server
