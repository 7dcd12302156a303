#include "socket_handlers.hpp"

namespace socketio::server {

std::vector<std::shared_ptr<const EventHandler>> take_handlers(std::vector<SocketHandlers::Entry>& entries,
                                                               std::string_view event) {
  std::vector<std::shared_ptr<const EventHandler>> handlers;
  for (const SocketHandlers::Entry& entry : entries) {
    if (entry.event == event) {
      handlers.push_back(entry.handler);
    }
  }
  if (!handlers.empty()) {
    std::erase_if(entries, [event](const SocketHandlers::Entry& entry) { return entry.once && entry.event == event; });
  }
  return handlers;
}

}  // namespace socketio::server
