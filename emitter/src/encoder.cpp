#include <socketio/emitter/encoder.hpp>

#include <span>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/fleet/dialect.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {
namespace {

void check_rooms(std::span<const Room> rooms) {
  if (rooms.size() > limits::rooms_max) {
    throw Error(ErrorCode::too_large, "One request can name at most " + std::to_string(limits::rooms_max) + " rooms.");
  }
  for (const Room& room : rooms) {
    if (!utf8::valid(room.name())) {
      throw Error(ErrorCode::bad_utf8, "The name of a room is not UTF-8.");
    }
  }
}

Fleet classic_fleet(std::string key) {
  Fleet fleet;
  fleet.key = std::move(key);
  return fleet;
}

}  // namespace

Encoder::Encoder(std::string key, std::size_t message_bytes_max) : Encoder(classic_fleet(std::move(key)), message_bytes_max) {}

Encoder::Encoder(Fleet fleet, std::size_t message_bytes_max)
    : dialect_(fleet::Dialect::make(fleet, {})), message_bytes_max_(message_bytes_max) {
  if (dialect_ == nullptr) {
    throw Error(ErrorCode::bad_option, "The transport has to be named here; find_transport() tells which one the servers use.");
  }
}
Encoder::Encoder(Encoder&& other) noexcept = default;
Encoder& Encoder::operator=(Encoder&& other) noexcept = default;
Encoder::~Encoder() = default;

Publication Encoder::encode(const Operation& operation) {
  if (!operation.rooms.empty()) {
    check_rooms(operation.rooms);
  }
  const Publication publication = dialect_->encode(operation.target.nsp, operation);
  if (publication.payload.size() > message_bytes_max_) {
    throw Error(ErrorCode::too_large, "The message has " + std::to_string(publication.payload.size()) +
                                          " bytes; the limit is " + std::to_string(message_bytes_max_) +
                                          " (message_bytes_max).");
  }
  return publication;
}

const Fleet& Encoder::fleet() const noexcept { return dialect_->fleet(); }

}  // namespace socketio
