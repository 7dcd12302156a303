#include "socket_handlers.hpp"

#include <socketio/protocol/js_number.hpp>

namespace socketio::server {

std::string event_name_text(const event_data::Name& name) {
  if (name.kind == Kind::text || name.kind == Kind::binary) {
    return std::string(name.text);
  }
  Buffer text;
  js_number::append(text, name.number);
  return std::string(text.text());
}

EventHandlers take_handlers(std::vector<SocketHandlers::Entry>& entries, std::string_view event) {
  EventHandlers handlers;
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
