#pragma once

#include <string>
#include <vector>

#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/outlet.hpp>

/// An outlet that keeps what would have been published.
class Recorder final : public socketio::Outlet {
 public:
  explicit Recorder(std::string key = "socket.io") : encoder_(std::move(key)) {}

  socketio::EmitId publish(const socketio::Operation& operation) override {
    const auto publication = encoder_.encode(operation);
    channel = publication.channel;
    payload.assign(publication.payload.begin(), publication.payload.end());
    return ++count;
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
  socketio::Encoder encoder_;
};
