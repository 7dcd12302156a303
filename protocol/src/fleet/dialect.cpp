#include <socketio/fleet/dialect.hpp>

#include <utility>

namespace socketio {

std::string_view name_of(Publication::Command command) noexcept {
  switch (command) {
    case Publication::Command::publish: return "PUBLISH";
    case Publication::Command::publish_sharded: return "SPUBLISH";
    case Publication::Command::add_entry: return "XADD";
  }
  return "";
}

namespace fleet {

std::unique_ptr<Dialect> Dialect::make(const Fleet& fleet, Participant self, Random* random) {
  fleet.check();
  switch (fleet.transport) {
    case Transport::classic: return make_classic(fleet, self, random);
    case Transport::sharded: return make_sharded(fleet, self, random);
    case Transport::streams: return make_streams(fleet, self, random);
    case Transport::automatic: break;
  }
  return nullptr;
}

Dialect::Dialect(Fleet fleet, Participant self, Random* random)
    : fleet_(std::move(fleet)), self_(self), random_(random) {}

Dialect::~Dialect() = default;

Bytes Dialect::publishable(Bytes data) {
  if (!is_server_itself()) {
    return data;
  }
  publishable_.clear_and_shrink(limits::kept_bytes_max);
  return event_data::publishable(data, publishable_);
}

Publication Dialect::refuse(DecodeError error) const {
  if (self_.role == Role::emitter) {
    event_data::refuse(error);
  }
  return {};
}

Received Dialect::malformed(Message& message, DecodeError error) noexcept {
  message.error = error;
  return Received::malformed;
}

}  // namespace fleet
}  // namespace socketio
