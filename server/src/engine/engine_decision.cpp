#include <socketio/server/decision.hpp>

#include <utility>

#include "http/http_text.hpp"
#include "http/pending_calls.hpp"

namespace socketio {

using server::CallAnswer;

Decision::Decision(std::shared_ptr<server::CallTicket> ticket) noexcept : ticket_(std::move(ticket)) {}

void Decision::allow() const { ticket_->answer({CallAnswer::Kind::proceed}); }

void Decision::refuse(const HandshakeRefusal& refusal) const {
  if (refusal.status != 0) {
    server::require_status(refusal.status, 400);
  }
  ticket_->answer({CallAnswer::Kind::refuse, refusal.status, refusal.code, {}, refusal.message});
}

void Decision::refuse(std::string_view message) const { refuse(HandshakeRefusal{std::string(message)}); }
bool Decision::wanted() const noexcept { return ticket_->wanted(); }
const HandshakeRequest& Decision::request() const noexcept { return ticket_->request(); }

std::string_view ConnectionError::detail(std::string_view name) const noexcept { return server::value_of(context, name); }

}  // namespace socketio
