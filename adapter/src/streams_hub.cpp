#include "streams_hub.hpp"

#include <utility>
#include <vector>

#include <socketio/protocol/name_by.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio::adapter {
namespace {

/// Reads leading digits, as C's strtol does.
int type_of(std::string_view text) noexcept {
  int value = 0;
  for (const char character : text) {
    if (character < '0' || character > '9' || value > 1'000) {
      break;
    }
    value = value * 10 + (character - '0');
  }
  return value;
}

}  // namespace

StreamsHub::StreamsHub(std::shared_ptr<Bus> bus, StreamsOptions options) : bus_(std::move(bus)), options_(std::move(options)) {}
StreamsHub::~StreamsHub() = default;

std::string StreamsHub::stream_of(std::string_view nsp) const {
  return name_by([&](Buffer& out) { stream_names::append(out, options_, nsp); });
}

void StreamsHub::add(std::string_view nsp, StreamsMember& member) {
  members_[std::string(nsp)] = &member;
  const std::string stream = stream_of(nsp);
  read(stream);
  if (!position(stream).empty()) {
    member.on_stream_reading(stream);
  }
}

/// Iterates over a copy of the names: members may add and remove namespaces when they are called.
void StreamsHub::on_reading(std::string_view stream) {
  std::vector<std::string> names;
  for (const auto& [nsp, member] : members_) {
    names.push_back(nsp);
  }
  for (const std::string& nsp : names) {
    if (const auto found = members_.find(nsp); found != members_.end()) {
      found->second->on_stream_reading(stream);
    }
  }
}

void StreamsHub::read(const std::string& stream) {
  auto& reader = readers_[stream];
  if (reader == nullptr) {
    reader = bus_->read_stream({stream, options_.read_count, options_.block_time}, *this);
  }
}

void StreamsHub::remove(std::string_view nsp) {
  members_.erase(std::string(nsp));
  if (members_.empty()) {
    readers_.clear();
  }
}

std::string_view StreamsHub::position(const std::string& stream) const {
  const auto found = readers_.find(stream);
  return found != readers_.end() ? found->second->position() : std::string_view();
}

EntryFields EntryFields::of(std::span<const redis::Reply> names_and_values) noexcept {
  EntryFields fields;
  for (std::size_t index = 0; index + 1 < names_and_values.size(); index += 2) {
    const std::string_view name = names_and_values[index].text;
    const std::string_view value = names_and_values[index + 1].text;
    if (name == "uid") {
      fields.uid = value;
    } else if (name == "nsp") {
      fields.nsp = value;
    } else if (name == "type") {
      fields.type = type_of(value);
    } else if (name == "data") {
      fields.data = value;
    }
  }
  return fields;
}

void StreamsHub::on_entry(std::string_view id, std::span<const redis::Reply> names_and_values) {
  const EntryFields fields = EntryFields::of(names_and_values);
  if (const auto member = members_.find(fields.nsp); member != members_.end()) {
    member->second->on_stream_entry(id, fields);
  }
}

}  // namespace socketio::adapter
