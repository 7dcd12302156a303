#include <socketio/server/http_routes.hpp>

#include <utility>

#include "pending_calls.hpp"

namespace socketio {
namespace {

using server::CallAnswer;

CallAnswer response(int status, HttpHeaders headers, std::string_view body) {
  server::require_status(status, 200);
  server::require_headers(headers);
  return {CallAnswer::Kind::respond, status, 0, std::move(headers), std::string(body)};
}

}  // namespace

HttpResponse::HttpResponse(std::shared_ptr<server::CallTicket> ticket) noexcept : ticket_(std::move(ticket)) {}

void HttpResponse::send(int status, std::string_view body, std::string_view content_type) const {
  respond(status, {{"Content-Type", std::string(content_type)}}, body);
}

void HttpResponse::respond(int status, HttpHeaders headers, std::string_view body) const {
  ticket_->answer(response(status, std::move(headers), body));
}

bool HttpResponse::wanted() const noexcept { return ticket_->wanted(); }
const HttpRequest& HttpResponse::request() const noexcept { return ticket_->request(); }

HttpNext::HttpNext(std::shared_ptr<server::CallTicket> ticket)
    : ticket_(std::move(ticket)), headers_(std::make_shared<HttpHeaders>()) {}

void HttpNext::operator()() const { ticket_->answer({CallAnswer::Kind::proceed, 0, 0, *headers_}); }

void HttpNext::add_header(std::string_view name, std::string_view value) const {
  HttpHeaders one{{std::string(name), std::string(value)}};
  server::require_headers(one);
  if (!one.empty()) {
    headers_->push_back(std::move(one.front()));
  }
}

void HttpNext::respond(int status, HttpHeaders headers, std::string_view body) const {
  headers.insert(headers.end(), headers_->begin(), headers_->end());
  ticket_->answer(response(status, std::move(headers), body));
}

void HttpNext::fail() const { ticket_->answer({CallAnswer::Kind::fail, 0, 0, *headers_}); }
bool HttpNext::wanted() const noexcept { return ticket_->wanted(); }
const HttpRequest& HttpNext::request() const noexcept { return ticket_->request(); }

}  // namespace socketio
