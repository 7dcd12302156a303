#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/emitter/encoder.hpp>

namespace socketio::emitter {

/// An operation as the caller gave it. Borrows everything.
struct Operation {
  enum class Kind : std::uint8_t { event, join, leave, disconnect, server_side };
  Kind kind;
  const Target* target = nullptr;    ///< null for a server-side event
  std::string_view nsp = {};         ///< for a server-side event
  std::span<const Room> rooms = {};  ///< to join or leave
  Bytes data = {};                   ///< packed [event, args...]
  bool close = false;

  [[nodiscard]] bool selects_nobody() const noexcept { return target != nullptr && target->nobody; }
  [[nodiscard]] std::string_view name_space() const noexcept { return target != nullptr ? std::string_view(target->nsp) : nsp; }
};

inline Encoder::Publication encode(Encoder& encoder, const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::event: return encoder.event(*operation.target, operation.data);
    case Operation::Kind::join: return encoder.join(*operation.target, operation.rooms);
    case Operation::Kind::leave: return encoder.leave(*operation.target, operation.rooms);
    case Operation::Kind::disconnect: return encoder.disconnect(*operation.target, operation.close);
    case Operation::Kind::server_side: break;
  }
  return encoder.server_side(operation.nsp, operation.data);
}

/// A pending operation, with a copy of everything.
class HeldOperation {
 public:
  HeldOperation(EmitId id, const Operation& operation)
      : id_(id),
        kind_(operation.kind),
        target_(operation.target != nullptr ? *operation.target : Target{}),
        rooms_(operation.rooms.begin(), operation.rooms.end()),
        close_(operation.close) {
    if (operation.target == nullptr) {
      target_.nsp = operation.nsp;
    }
    data_.append(operation.data);
  }
  [[nodiscard]] EmitId id() const noexcept { return id_; }
  [[nodiscard]] Operation view() const noexcept { return {kind_, &target_, target_.nsp, rooms_, data_.bytes(), close_}; }

 private:
  EmitId id_;
  Operation::Kind kind_;
  Target target_;
  std::vector<Room> rooms_;
  Buffer data_;
  bool close_;
};

}  // namespace socketio::emitter
