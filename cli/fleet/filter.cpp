#include "filter.hpp"

#include <socketio/protocol/classic_channels.hpp>

namespace socketio::cli::fleet {
namespace {

bool contains(std::string_view bytes, std::string_view part) noexcept {
  return ::memmem(bytes.data(), bytes.size(), part.data(), part.size()) != nullptr;
}

/// True if the text begins like a JavaScript number: 42, -1.5, Infinity, NaN. Empty texts count too.
bool may_be_number(std::string_view text) noexcept {
  return text.empty() || (text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == 'I' || text[0] == 'N';
}

/// True for JSON with escapes: a name in it may be written differently, so it cannot be searched for in the bytes.
bool is_escaped_json(std::string_view bytes) noexcept {
  return bytes.starts_with('{') && bytes.find('\\') != std::string_view::npos;
}

}  // namespace

Filter::Filter(std::string key, std::vector<std::string> namespaces, std::vector<std::string> rooms,
               std::vector<std::string> events)
    : key_(std::move(key)),
      namespaces_(std::move(namespaces)),
      rooms_(names_of(std::move(rooms))),
      events_(names_of(std::move(events))) {}

std::vector<Filter::Name> Filter::names_of(std::vector<std::string> texts) {
  std::vector<Name> names;
  for (std::string& text : texts) {
    const bool number = may_be_number(text);
    names.push_back({std::move(text), number});
  }
  return names;
}

bool Filter::any_in(const std::vector<Name>& names, std::string_view bytes) noexcept {
  return names.empty() || std::any_of(names.begin(), names.end(),
                                      [&](const Name& name) { return name.may_be_number || contains(bytes, name.text); });
}

bool Filter::wants_channel(std::string_view channel, std::string_view nsp) const noexcept {
  if (rooms_.empty() || nsp.empty()) {  // K#N# and K#N#R# are ambiguous if N may contain any #
    return true;
  }
  const std::string_view room = classic_channels::room_filter(channel, key_, nsp).value_or("");
  return room.empty() || std::any_of(rooms_.begin(), rooms_.end(), [&](const Name& name) { return name.text == room; });
}

bool Filter::wants_bytes(Bytes payload) const noexcept {
  const std::string_view bytes = as_text(payload);
  return (any_in(rooms_, bytes) && any_in(events_, bytes)) || is_escaped_json(bytes);
}

bool Filter::wants_nsp(std::string_view nsp) const noexcept {
  return namespaces_.empty() || std::find(namespaces_.begin(), namespaces_.end(), nsp) != namespaces_.end();
}

bool Filter::wants(const Message& message) const {
  if (message.kind == Kind::malformed) {
    return message.nsp.empty() || wants_nsp(message.nsp);
  }
  if (!wants_nsp(message.nsp) || (names_something() && is_answer(message.kind))) {
    return false;
  }
  const auto names_room = [&](const Name& name) {
    const auto has = [&](const RoomList& list) { return std::find(list.begin(), list.end(), name.text) != list.end(); };
    return has(message.to) || has(message.rooms);
  };
  if (!rooms_.empty() && std::none_of(rooms_.begin(), rooms_.end(), names_room)) {
    return false;
  }
  if (events_.empty()) {
    return true;
  }
  const auto event = event_data::name(message.event);
  if (!event.ok()) {
    return false;
  }
  const std::string text = event_name(event.value());
  return std::any_of(events_.begin(), events_.end(), [&](const Name& name) { return name.text == text; });
}

}  // namespace socketio::cli::fleet
