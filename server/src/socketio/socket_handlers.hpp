#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/value.hpp>
#include <socketio/server/handler.hpp>
#include <socketio/server/socket.hpp>

namespace socketio::server {

/// Functions that may be added and removed while they are called: callers use a copy of the list.
template <typename... Params>
class Listeners {
 public:
  using Function = std::function<void(Params...)>;
  using Functions = std::vector<std::shared_ptr<const Function>>;
  void add(Function function) { functions_.push_back(std::make_shared<const Function>(std::move(function))); }
  void clear() noexcept { functions_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return functions_.empty(); }
  /// Copy of the current list.
  [[nodiscard]] Functions list() const { return functions_; }

 private:
  Functions functions_;
};

/// Functions that an application has registered on one socket. There are many sockets, and most have event handlers only.
struct SocketHandlers {
  struct Entry {
    std::string event;
    std::shared_ptr<const EventHandler> handler;
    bool once;
  };
  struct Others {
    Listeners<const Value&, const Arguments&> any;
    Listeners<const Value&, const Arguments&> any_outgoing;
    Listeners<const Value&, const Arguments&, Next> middlewares;
    Listeners<std::string_view> disconnecting;
    Listeners<std::string_view> disconnect;
    Listeners<std::string_view> error;
  };
  std::vector<Entry> events;
  std::unique_ptr<Others> others;  ///< null while there are none

  [[nodiscard]] Others& make_others() {
    if (others == nullptr) {
      others = std::make_unique<Others>();
    }
    return *others;
  }
};

using EventHandlers = std::vector<std::shared_ptr<const EventHandler>>;

/// Name of an event as it is registered with handlers: numbers in JavaScript's form.
[[nodiscard]] std::string event_name_text(const event_data::Name& name);

/// The current handlers of an event; removes those registered for one event only.
[[nodiscard]] EventHandlers take_handlers(std::vector<SocketHandlers::Entry>& entries, std::string_view event);

}  // namespace socketio::server
