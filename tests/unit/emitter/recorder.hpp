#pragma once

#include <string>
#include <vector>

#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/outlet.hpp>

/// An outlet that keeps what would have been published.
class Recorder final : public socketio::Outlet {
 public:
  explicit Recorder(std::string key = "socket.io") : encoder_(std::move(key)) {}

  socketio::EmitId send_event(const socketio::Target& target, socketio::Bytes data) override {
    return keep(encoder_.event(target, data));
  }
  socketio::EmitId send_join(const socketio::Target& target, std::span<const socketio::Room> rooms) override {
    return keep(encoder_.join(target, rooms));
  }
  socketio::EmitId send_leave(const socketio::Target& target, std::span<const socketio::Room> rooms) override {
    return keep(encoder_.leave(target, rooms));
  }
  socketio::EmitId send_disconnect(const socketio::Target& target, bool close) override {
    return keep(encoder_.disconnect(target, close));
  }
  socketio::EmitId send_server_side(std::string_view nsp, socketio::Bytes data) override {
    return keep(encoder_.server_side(nsp, data));
  }

  [[nodiscard]] socketio::NamespaceEmitter io(std::string_view nsp = "/") {
    return socketio::NamespaceEmitter(*this, socketio::Target{}).of(nsp);
  }
  /// The payload of the last publication as text.
  [[nodiscard]] std::string text() const { return {payload.begin(), payload.end()}; }

  std::string channel;
  std::vector<std::uint8_t> payload;
  std::size_t count = 0;

 private:
  socketio::EmitId keep(const socketio::Encoder::Publication& publication) {
    channel = publication.channel;
    payload.assign(publication.payload.begin(), publication.payload.end());
    return ++count;
  }

  socketio::Encoder encoder_;
};
