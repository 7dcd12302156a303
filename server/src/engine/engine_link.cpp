#include "engine_link.hpp"

#include <utility>

#include <socketio/server/engine_socket.hpp>

namespace socketio {
namespace server {

std::shared_ptr<EngineLink> EngineLink::begin(Session& session) {
  const auto link = std::make_shared<EngineLink>(session);
  link->self_ = link;
  session.set_listener(link.get());
  return link;
}

void EngineLink::close() {
  if (session_ != nullptr) {
    session_->close(CloseReason::forced_close);
  }
}

void EngineLink::on_message(Bytes data, bool binary) {
  if (const auto listener = message_listener) {  // kept alive while it sets another one
    const auto self = shared_from_this();
    try {
      (*listener)(data, binary);
    } catch (...) {  // exceptions of the application must not pass through the loop: the connection is closed
      close();
    }
  }
}

void EngineLink::on_closed(CloseReason reason) {
  session_ = nullptr;
  const auto self = std::move(self_);
  message_listener = nullptr;
  if (const auto listener = std::exchange(close_listener, nullptr)) {
    try {
      listener(text_of(reason));
    } catch (...) {  // it is closed already
    }
  }
}

}  // namespace server

EngineSocket::EngineSocket(std::shared_ptr<server::EngineLink> link) noexcept : link_(std::move(link)) {}
std::string_view EngineSocket::id() const noexcept { return link_->id(); }
bool EngineSocket::send(std::string_view text) const { return link_->send(server::FrameRef::text(text)); }
bool EngineSocket::send_binary(Bytes data) const { return link_->send(server::FrameRef::binary(data)); }
void EngineSocket::close() const { link_->close(); }
void EngineSocket::on_message(std::function<void(Bytes, bool)> listener) const {
  using Listener = std::function<void(Bytes, bool)>;
  link_->message_listener = listener ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
}
void EngineSocket::on_close(std::function<void(std::string_view)> listener) const {
  link_->close_listener = std::move(listener);
}

}  // namespace socketio
