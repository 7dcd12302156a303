#include "engine_upgrade.hpp"

#include <utility>

#include <socketio/protocol/engineio_packet.hpp>

#include "engine_session.hpp"
#include "engine_shared.hpp"

namespace socketio::server {

using engineio_packet::Type;

EngineUpgrade::EngineUpgrade(EngineShared& shared, EngineSession& session, std::unique_ptr<WebSocketConnection> candidate)
    : shared_(shared), session_(session), candidate_(std::move(candidate)) {
  candidate_->set_listener(this);
  shared_.upgrade_due.start(timeout_);
}

void EngineUpgrade::start() { candidate_->start(); }

EngineUpgrade::~EngineUpgrade() {
  if (candidate_ != nullptr) {
    shared_.websockets.close(std::move(candidate_));
  }
}

void EngineUpgrade::on_websocket_message(Bytes data, bool binary) {
  Buffer scratch;
  const auto packet = decode_websocket_message(data, binary, session_.revision(), scratch);
  if (packet.ok() && packet->type == Type::ping && packet->text() == "probe") {
    candidate_->queue(shared_.frames.probe_answer);
    candidate_->flush();
    shared_.release_due.start(release_);
  } else if (packet.ok() && packet->type == Type::upgrade) {
    session_.switch_to(std::move(candidate_));  // destroys this
  } else {
    session_.abandon_upgrade();  // destroys this, too
  }
}

void EngineUpgrade::on_too_large() { ++shared_.counters.messages_too_large; }

void EngineUpgrade::on_websocket_ended(bool) { session_.abandon_upgrade(); }

void EngineUpgrade::on_timeout() { session_.abandon_upgrade(); }

void EngineUpgrade::on_release_due() {
  shared_.release_due.start(release_);
  session_.transports.release_client();
}

}  // namespace socketio::server
