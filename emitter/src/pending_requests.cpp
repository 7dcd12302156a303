#include "pending_requests.hpp"

#include <utility>

namespace socketio::emitter {
namespace {

Gather::Condition condition_of(const PendingRequest& request) {
  using asking::Until;
  const Until until = request.options.until;
  return {request.kind == fleet::Request::Kind::acks ? Gather::Of::clients : Gather::Of::responders,
          until == Until::first    ? Gather::Until::first
          : until == Until::quorum ? Gather::Until::quorum
                                   : Gather::Until::all,
          request.options.expected};
}

}  // namespace

PendingRequests::Number PendingRequests::add(std::unique_ptr<PendingRequest> request) {
  request->gather = Gather(condition_of(*request));
  requests_.emplace(++last_number_, std::move(request));
  return last_number_;
}

PendingRequest* PendingRequests::find(Number number) {
  const auto found = requests_.find(number);
  return found == requests_.end() ? nullptr : found->second.get();
}

std::vector<PendingRequests::Number> PendingRequests::unsent(const std::function<bool(const PendingRequest&)>& which) const {
  std::vector<Number> numbers;
  for (const auto& [number, request] : requests_) {
    if (!request->asked && which(*request)) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

void PendingRequests::await_responses(Number number) { by_id_[requests_.at(number)->id] = number; }

void PendingRequests::on_response(const fleet::Message& response, std::size_t bytes) {
  const auto found = by_id_.find(std::string(response.request_id.value_or("")));
  if (found == by_id_.end()) {
    return;  // a response to another process
  }
  const Number number = found->second;
  const std::shared_ptr<PendingRequest> request = requests_.at(number);
  request->published = true;  // the reply to the PUBLISH may come later
  request->bytes += bytes;
  if (request->bytes > request->options.answers_bytes_max) {
    fail(number, "The answers have more than " + std::to_string(request->options.answers_bytes_max) + " bytes together.");
    return;
  }
  const bool is_ack = response.kind == fleet::Message::Kind::ack;
  const bool is_client = is_ack || response.kind == fleet::Message::Kind::client_count;
  if (is_client != (request->kind == fleet::Request::Kind::acks) || (!is_ack && !request->gather.is_new(response.uid))) {
    return;
  }
  const bool is_counted = request->take(response, loop_.now_ms() - request->asked_ms);
  if (is_ack) {
    request->gather.add_ack();
  } else if (is_client) {
    request->gather.add_announcement(response.client_count);
  } else if (is_counted) {
    request->gather.add_response();
  }
  check(number);
}

void PendingRequests::on_responses_lost(const std::string& why) {
  for (const auto& [number, request] : requests_) {
    if (request->asked && !request->take_names && request->answered.error.empty()) {
      request->answered.error = "The connection to Redis was lost, and answers with it: " + why;
    }
  }
}

void PendingRequests::check(Number number) {
  PendingRequest* const request = find(number);
  if (request != nullptr && request->published && request->gather.is_over()) {
    request->answered.complete = request->gather.is_complete();
    finish(number);
  }
}

void PendingRequests::finish(Number number) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) {
    return;
  }
  const std::shared_ptr<PendingRequest> request = std::move(found->second);
  requests_.erase(found);
  by_id_.erase(request->id);
  loop_.cancel(request->deadline);
  loop_.cancel(request->listing);
  asking::Answered& answered = request->answered;
  answered.asked = request->published;
  answered.servers_answered = request->gather.received();
  answered.servers_asked = request->gather.expected().value_or(answered.servers_answered);
  if (!answered.complete && answered.error.empty() && !request->asked) {
    answered.error = "Redis did not answer in time.";
  }
  answered.missing = request->gather.missing_of(std::move(request->listed));
  request->done(std::move(answered));
}

void PendingRequests::fail(Number number, std::string why) {
  if (PendingRequest* const request = find(number)) {
    request->answered.error = std::move(why);
    finish(number);
  }
}

void PendingRequests::fail_unsent(const std::function<bool(const PendingRequest&)>& which, const std::string& why) {
  for (const Number number : unsent(which)) {
    fail(number, why);
  }
}

void PendingRequests::fail_all(const std::string& why) {
  while (!requests_.empty()) {
    fail(requests_.begin()->first, why);
  }
}

}  // namespace socketio::emitter
