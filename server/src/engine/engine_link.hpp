#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/server/engine.hpp>

namespace socketio::server {

/// State behind the handle EngineSocket. Owns itself until the session has ended.
class EngineLink final : public SessionListener, public std::enable_shared_from_this<EngineLink> {
 public:
  static std::shared_ptr<EngineLink> begin(Session& session);
  explicit EngineLink(Session& session) : session_(&session), id_(session.id()) {}

  [[nodiscard]] std::string_view id() const noexcept { return id_; }
  bool send(const FrameRef& frame) { return session_ != nullptr && session_->send(frame); }
  void close();

  std::shared_ptr<const std::function<void(Bytes, bool)>> message_listener;  ///< null: none
  std::function<void(std::string_view)> close_listener;

 private:
  void on_message(Bytes data, bool binary) override;
  void on_closed(CloseReason reason) override;

  Session* session_;
  std::string id_;
  std::shared_ptr<EngineLink> self_;
};

}  // namespace socketio::server
