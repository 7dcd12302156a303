#include "streams_hub.hpp"

#include <utility>
#include <vector>

namespace socketio::adapter {

StreamsHub::StreamsHub(std::shared_ptr<Bus> bus, StreamsOptions options) : bus_(std::move(bus)), options_(std::move(options)) {}
StreamsHub::~StreamsHub() = default;

void StreamsHub::add(std::string_view nsp, const std::string& stream, StreamsMember& member) {
  members_[std::string(nsp)] = &member;
  auto& reader = readers_[stream];
  if (reader == nullptr) {
    reader = bus_->read_stream({stream, options_.read_count, options_.block_time}, *this);
  }
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

fleet::Entry entry_of(std::span<const redis::Reply> names_and_values) noexcept {
  fleet::Entry entry;
  for (std::size_t index = 0; index + 1 < names_and_values.size(); index += 2) {
    const std::string_view name = names_and_values[index].text;
    const std::string_view value = names_and_values[index + 1].text;
    if (name == "uid") {
      entry.uid = value;
    } else if (name == "nsp") {
      entry.nsp = value;
    } else if (name == "type") {
      entry.type = value;
    } else if (name == "data") {
      entry.data = value;
    }
  }
  return entry;
}

void StreamsHub::on_entry(std::string_view id, std::span<const redis::Reply> names_and_values) {
  const fleet::Entry entry = entry_of(names_and_values);
  if (const auto member = members_.find(entry.nsp); member != members_.end()) {
    member->second->on_stream_entry(id, entry);
  }
}

}  // namespace socketio::adapter
