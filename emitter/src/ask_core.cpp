#include "ask_core.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>

#include "stream_search.hpp"

namespace socketio::emitter {
namespace {

using redis::SubscriptionKind;

/// Time before the deadline at which the subscribed servers are listed, to name the missing ones at the deadline.
constexpr std::uint64_t listing_ms = 250;

std::uint64_t timeout_ms(const Inquiry& inquiry) { return std::max<std::uint64_t>(in_ms(inquiry.options.timeout), 1); }

/// Turns the offline queue off: a request that could not be written must not be sent later.
redis::Options without_queue(redis::Options options) {
  options.offline = redis::OfflinePolicy::fail;
  return options;
}

}  // namespace

AskCore::AskCore(Loop& loop, redis::Options redis, Fleet fleet)
    : loop_(loop),
      fleet_(std::move(fleet)),
      dialect_(AskDialect::make(fleet_, random_)),
      commands_(std::in_place, loop, without_queue(redis)),
      answers_(std::in_place, loop, std::move(redis)) {
  commands_->on_state([this](redis::State state, std::string_view why) { on_commands_state(state, why); });
  answers_->on_state([this](redis::State state, std::string_view why) { on_answers_state(state, why); });
}

AskCore::~AskCore() { close(); }

void AskCore::connect() {
  if (commands_ && commands_->state() == redis::State::idle) {
    commands_->connect();
  }
}

void AskCore::close() {
  commands_.reset();
  answers_.reset();
  while (!inquiries_.empty()) {
    fail(inquiries_.begin()->first, "The asker was closed.");
  }
}

Inquiry* AskCore::find(Number number) {
  const auto found = inquiries_.find(number);
  return found == inquiries_.end() ? nullptr : found->second.get();
}

// ---- asking ----------------------------------------------------------------------------------------------------------------

void AskCore::listen(const std::string& nsp) {
  const auto [found, is_new] = places_.try_emplace(nsp);
  if (!is_new) {
    return;
  }
  Place& place = found->second;
  place.channels = dialect_->answer_channels(nsp);
  for (const Channel& channel : place.channels) {
    place.unconfirmed.insert(channel.name);
    place_of_[channel.name] = nsp;
    answers_->subscribe(channel.kind, channel.name, *this);
  }
  if (answers_->state() == redis::State::idle) {
    answers_->connect();
  }
}

void AskCore::forget(const std::string& nsp) {
  for (const Channel& channel : places_[nsp].channels) {
    answers_->unsubscribe(channel.kind, channel.name);
    place_of_.erase(channel.name);
  }
  places_.erase(nsp);
}

bool AskCore::is_ready_for(const Inquiry& inquiry) const {
  if (commands_->state() != redis::State::ready) {
    return false;
  }
  const auto place = places_.find(inquiry.question.target.nsp);
  return inquiry.take_names != nullptr || (place != places_.end() && place->second.unconfirmed.empty());
}

/// Sends the requests that were waiting for a connection, or for their response channels to be subscribed.
void AskCore::go_on() {
  if (!dialect_) {
    find_dialect();
    return;
  }
  std::vector<Number> ready;
  for (const auto& [number, inquiry] : inquiries_) {
    if (!inquiry->asked && is_ready_for(*inquiry)) {
      ready.push_back(number);
    }
  }
  for (const Number number : ready) {
    inquiries_[number]->take_names ? take_names(number) : begin_question(number);
  }
}

void AskCore::ask(std::unique_ptr<Inquiry> given) {
  if (!commands_) {
    throw Error(ErrorCode::closed, "This asker was closed. Make a new one to ask again.");
  }
  if (dialect_) {
    prepare(*given);
  }
  const Number number = ++last_number_;
  Inquiry& inquiry = *given;
  inquiries_[number] = std::move(given);
  if (inquiry.question.target.nobody) {  // valid, but no server has to be asked
    inquiry.asked = inquiry.published = true;
    inquiry.answered.complete = inquiry.options.until == asking::Until::all && !inquiry.options.expected;
    inquiry.deadline = loop_.call_after(0, [this, number] { end(number); });
    return;
  }
  connect();
  inquiry.began_ms = loop_.now_ms();
  inquiry.deadline = loop_.call_after(timeout_ms(inquiry), [this, number] { end(number); });
  if (dialect_) {
    begin(number);
  }
  go_on();
}

/// Adapts the request to the fleet's protocol, and checks that it can be encoded.
void AskCore::prepare(Inquiry& inquiry) {
  if (!dialect_->channels_tell_rooms()) {
    inquiry.take_names = nullptr;
  }
  inquiry.question.wish = dialect_->possible(inquiry.question);
  inquiry.id = dialect_->make_request_id();
  if (inquiry.question.wish == Wish::acks) {
    constexpr std::uint64_t most = 0x7fffffff;
    inquiry.question.target.flags.set_timeout_ms(static_cast<std::uint32_t>(std::min(timeout_ms(inquiry), most)));
  }
  payload_.clear();
  if (!inquiry.take_names && !dialect_->encode(payload_, inquiry.question, inquiry.id)) {
    throw Error(ErrorCode::bad_arguments, "The arguments cannot be sent in the form that this transport has.");
  }
  if (payload_.size() > limits::message_bytes_max) {
    throw Error(ErrorCode::too_large, "The question has " + std::to_string(payload_.size()) + " bytes; the limit is " +
                                          std::to_string(limits::message_bytes_max) + ".");
  }
}

void AskCore::begin(Number number) {
  const Inquiry& inquiry = *inquiries_[number];
  by_id_[inquiry.id] = number;
  if (!inquiry.take_names) {
    listen(inquiry.question.target.nsp);
  }
}

/// Detects the transport in the namespace of the first pending request.
void AskCore::find_dialect() {
  const auto waiting = std::find_if(inquiries_.begin(), inquiries_.end(), [](const auto& one) { return !one.second->asked; });
  if (is_searching_ || waiting == inquiries_.end() || commands_->state() != redis::State::ready) {
    return;
  }
  is_searching_ = true;
  const std::string nsp = waiting->second->question.target.nsp;
  find_transport(*commands_, fleet_, nsp, [this, nsp](const FoundTransport& found) { on_found(nsp, found); });
}

void AskCore::on_found(const std::string& nsp, const FoundTransport& found) {
  const auto self = weak_from_this().lock();  // null while this is being destroyed
  is_searching_ = false;
  if (!commands_) {
    return;  // close() ends all requests
  }
  std::optional<Transport> transport = found.transport;
  if (found.streams_servers != 0 && found.classic_servers + found.sharded_servers == 0) {
    transport = Transport::streams;  // the stream may still be unknown: no request is written to one
  }
  if (!transport) {
    const bool is_answer = found.outcome == redis::Outcome::ok;  // which other namespaces may not share
    fail_waiting([&](const Inquiry& inquiry) { return !is_answer || inquiry.question.target.nsp == nsp; }, found.message);
    if (commands_) {  // not closed by a callback
      go_on();
    }
    return;
  }
  dialect_ = AskDialect::make(with_found(fleet_, *transport, found), random_);
  std::map<Number, std::string> refused;
  for (const auto& [number, inquiry] : inquiries_) {
    if (inquiry->asked) {
      continue;  // the request selects no client
    }
    try {
      prepare(*inquiry);
      begin(number);
    } catch (const Error& error) {
      refused.emplace(number, error.what());
    }
  }
  for (auto& [number, why] : refused) {
    fail(number, std::move(why));
  }
  go_on();
}

void AskCore::begin_question(Number number) {
  Inquiry& inquiry = *inquiries_[number];
  inquiry.asked = true;
  inquiry.asked_ms = loop_.now_ms();
  const auto endangered = dialect_->endangered_channel(inquiry.question.target.nsp);
  if (!endangered) {
    publish_question(number);
    return;
  }
  const std::array<std::string_view, 3> count{"PUBSUB", "NUMSUB", *endangered};
  commands_->command(count, [this, number](const redis::CommandResult& result) {
    if (find(number) == nullptr) {
      return;
    }
    const auto& elements = result.reply.elements;
    if (result.outcome != redis::Outcome::ok || elements.size() != 2) {
      fail(number, "Redis does not tell whether classic servers listen with the same key, which the question would end: " +
                       result.message);
    } else if (elements[1].integer != 0) {
      fail(number,
           "Classic servers listen with the same key, and this question would end them. Give the streams servers another "
           "channelPrefix.");
    } else {
      publish_question(number);
    }
  });
}

/// Sends the count and the request in one write, so that the count is that of the servers that receive the request.
void AskCore::publish_question(Number number) {
  Inquiry& inquiry = *inquiries_[number];
  inquiry.asked_ms = loop_.now_ms();
  const Channel servers = dialect_->servers_channel(inquiry.question.target.nsp);
  const bool sharded = servers.kind == SubscriptionKind::shard;
  const std::string taps = dialect_->taps_channel(inquiry.question.target.nsp).value_or(servers.name);
  const std::array<std::string_view, 4> count{"PUBSUB", sharded ? "SHARDNUMSUB" : "NUMSUB", servers.name, taps};
  const bool has_taps = taps != servers.name;
  commands_->command(std::span(count).first(has_taps ? 4 : 3), [this, number, has_taps](const redis::CommandResult& result) {
    Inquiry* const asked = find(number);
    if (asked == nullptr) {
      return;
    }
    const auto& elements = result.reply.elements;
    if (result.outcome == redis::Outcome::ok && elements.size() == (has_taps ? 4U : 2U) && elements[1].integer >= 0) {
      const std::int64_t others = has_taps ? std::clamp<std::int64_t>(elements[3].integer, 0, elements[1].integer) : 0;
      asked->servers = static_cast<std::size_t>(elements[1].integer - others);
      check(number);
    } else if (asked->answered.error.empty()) {  // responses may still arrive
      asked->answered.error = "Redis does not tell how many servers there are: " + result.message;
    }
  });
  payload_.clear();
  if (!dialect_->encode(payload_, inquiry.question, inquiry.id)) {
    return;  // never: prepare() has encoded it before
  }
  if (sharded) {
    commands_->publish_sharded(servers.name, payload_.bytes(), *this, number);
  } else {
    commands_->publish(servers.name, payload_.bytes(), *this, number);
  }
  const std::uint64_t spent_ms = inquiry.asked_ms - inquiry.began_ms;
  const std::uint64_t left_ms = timeout_ms(inquiry) > spent_ms ? timeout_ms(inquiry) - spent_ms : 0;
  inquiry.listing = loop_.call_after(left_ms - std::min(left_ms / 4, listing_ms), [this, number] { list_servers(number); });
}

void AskCore::on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t, std::string_view message) {
  if (outcome != redis::Outcome::ok) {
    fail(tag, std::string(message));
  } else if (Inquiry* const inquiry = find(tag)) {
    inquiry->published = true;
    check(tag);
  }
}

/// Lists the existing response or room channels of the namespace; passes the text between prefix and last character of each to
/// `take`.
void AskCore::list(const Inquiry& inquiry, std::function<void(Inquiry&, std::vector<std::string>)> take, Number number) {
  const std::string& nsp = inquiry.question.target.nsp;
  const Channel pattern = dialect_->named_channels(nsp);
  const std::array<std::string_view, 3> words{"PUBSUB", pattern.kind == SubscriptionKind::shard ? "SHARDCHANNELS" : "CHANNELS",
                                              pattern.name};
  commands_->command(
      words, [this, number, prefix = dialect_->named_prefix(nsp), take = std::move(take)](const redis::CommandResult& result) {
        Inquiry* const asked = find(number);
        if (asked == nullptr) {
          return;
        }
        if (result.outcome != redis::Outcome::ok) {
          if (asked->take_names) {
            fail(number, result.message);
          }
          return;
        }
        std::vector<std::string> names;
        for (const redis::Reply& channel : result.reply.elements) {
          if (channel.text.size() > prefix.size() && channel.text.starts_with(prefix)) {
            names.push_back(channel.text.substr(prefix.size(), channel.text.size() - prefix.size() - 1));
          }
        }
        take(*asked, std::move(names));
      });
}

void AskCore::take_names(Number number) {
  list(
      *inquiries_[number],
      [this, number](Inquiry& inquiry, std::vector<std::string> names) {
        inquiry.asked = true;
        inquiry.published = true;
        inquiry.take_names(std::move(names));
        inquiry.answered.complete = true;
        end(number);
      },
      number);
}

/// Lists the subscribed servers shortly before the deadline.
void AskCore::list_servers(Number number) {
  Inquiry* const inquiry = find(number);
  if (inquiry != nullptr) {
    list(
        *inquiry,
        [this](Inquiry& asked, std::vector<std::string> names) {
          std::erase_if(names, [this](const std::string& name) { return !dialect_->is_server(name); });
          asked.listed = std::move(names);
        },
        number);
  }
}

// ---- answers ---------------------------------------------------------------------------------------------------------------

void AskCore::on_subscribed(std::string_view channel, std::string_view error) {
  const auto self = shared_from_this();  // callbacks may destroy the asker
  const auto found = place_of_.find(channel);
  if (found == place_of_.end()) {
    return;
  }
  const std::string nsp = found->second;
  if (error.empty()) {
    places_[nsp].unconfirmed.erase(std::string(channel));
    go_on();
    return;
  }
  const std::string why = "Redis refuses to let answers be heard: " + std::string(error);
  forget(nsp);
  fail_waiting([&nsp](const Inquiry& inquiry) { return inquiry.question.target.nsp == nsp && !inquiry.take_names; }, why);
}

void AskCore::on_message(std::string_view, Bytes payload) {
  if (inquiries_.empty()) {
    return;
  }
  Answer answer;
  if (!dialect_->read(payload, answer)) {
    return;
  }
  const auto found = by_id_.find(std::string(answer.request_id));
  if (found == by_id_.end()) {
    return;  // a response to another process
  }
  const auto self = shared_from_this();
  const Number number = found->second;
  const std::shared_ptr<Inquiry> kept = inquiries_[number];
  Inquiry& inquiry = *kept;
  inquiry.published = true;  // the reply to the PUBLISH may come later
  inquiry.bytes += payload.size();
  if (inquiry.bytes > inquiry.options.answers_bytes_max) {
    fail(number, "The answers have more than " + std::to_string(inquiry.options.answers_bytes_max) + " bytes together.");
    return;
  }
  answer.after_ms = loop_.now_ms() - inquiry.asked_ms;
  take_answer(inquiry, number, answer);
}

void AskCore::take_answer(Inquiry& inquiry, Number number, const Answer& answer) {
  const bool is_ack = answer.kind == Answer::Kind::ack;
  const bool is_client = is_ack || answer.kind == Answer::Kind::client_count;
  if (is_client != (inquiry.question.wish == Wish::acks)) {
    return;
  }
  if (!is_ack && !answer.server.empty() && !inquiry.responders.emplace(answer.server).second) {
    return;  // a duplicate
  }
  if (answer.kind == Answer::Kind::client_count) {
    inquiry.clients += answer.client_count;
    ++inquiry.answered.servers_answered;
    if (inquiry.take) {
      inquiry.take(answer);
    }
  } else if (is_ack) {
    ++inquiry.acks;
    inquiry.take(answer);
  } else if (inquiry.take(answer)) {
    ++inquiry.answered.servers_answered;
  }
  check(number);
}

std::size_t AskCore::answer_count(const Inquiry& inquiry) {
  return inquiry.question.wish == Wish::acks ? inquiry.acks : inquiry.answered.servers_answered;
}

bool AskCore::has_enough(const Inquiry& inquiry) const {
  const bool of_clients = inquiry.question.wish == Wish::acks;
  const std::size_t answers = answer_count(inquiry);
  if (inquiry.options.expected) {
    return answers >= *inquiry.options.expected;
  }
  if (inquiry.options.until == asking::Until::first && answers != 0) {
    return true;
  }
  if (!inquiry.servers) {
    return false;
  }
  const bool all_servers = inquiry.answered.servers_answered >= *inquiry.servers;
  const std::uint64_t asked = of_clients ? inquiry.clients : *inquiry.servers;
  if (of_clients && !all_servers) {
    return false;  // the number of clients is not known yet
  }
  return inquiry.options.until == asking::Until::quorum && asked != 0 ? answers > asked / 2 : answers >= asked;
}

void AskCore::check(Number number) {
  Inquiry* const inquiry = find(number);
  if (inquiry != nullptr && inquiry->published && has_enough(*inquiry)) {
    // With no one to ask, the request ends; `first` and `quorum` are then not complete, because there is no response.
    const asking::Options& wanted = inquiry->options;
    inquiry->answered.complete = wanted.until == asking::Until::all || wanted.expected || answer_count(*inquiry) != 0;
    end(number);
  }
}

void AskCore::fail(Number number, std::string why) {
  if (Inquiry* const inquiry = find(number)) {
    inquiry->answered.error = std::move(why);
    end(number);
  }
}

void AskCore::end(Number number) {
  const auto found = inquiries_.find(number);
  if (found == inquiries_.end()) {
    return;
  }
  const std::shared_ptr<Inquiry> inquiry = std::move(found->second);
  inquiries_.erase(found);
  by_id_.erase(inquiry->id);
  loop_.cancel(inquiry->deadline);
  loop_.cancel(inquiry->listing);
  asking::Answered& answered = inquiry->answered;
  answered.asked = inquiry->published;
  answered.servers_asked = inquiry->servers.value_or(answered.servers_answered);
  if (!answered.complete && answered.error.empty() && !inquiry->asked) {
    answered.error = "Redis did not answer in time.";
  }
  const bool answers_tell = !inquiry->responders.empty() || answered.servers_answered == 0;
  if (answered.servers_missing() != 0 && answers_tell) {
    std::erase_if(inquiry->listed, [&](const std::string& server) { return inquiry->responders.contains(server); });
    answered.missing = std::move(inquiry->listed);
    std::sort(answered.missing.begin(), answered.missing.end());
  }
  inquiry->done(std::move(answered));
}

void AskCore::fail_waiting(const std::function<bool(const Inquiry&)>& whose, const std::string& why) {
  std::vector<Number> waiting;
  for (const auto& [number, inquiry] : inquiries_) {
    if (!inquiry->asked && whose(*inquiry)) {
      waiting.push_back(number);
    }
  }
  for (const Number number : waiting) {
    fail(number, why);
  }
}

void AskCore::on_commands_state(redis::State state, std::string_view why) {
  const auto self = weak_from_this().lock();  // null while this is being destroyed
  if (state == redis::State::ready) {
    go_on();
  } else if (state == redis::State::disconnected) {
    lost(why);
  }
}

void AskCore::on_answers_state(redis::State state, std::string_view why) {
  const auto self = weak_from_this().lock();
  if (state != redis::State::disconnected) {
    return;
  }
  for (auto& [nsp, place] : places_) {
    for (const Channel& channel : place.channels) {
      place.unconfirmed.insert(channel.name);
    }
  }
  for (const auto& [number, inquiry] : inquiries_) {
    if (inquiry->asked && !inquiry->take_names && inquiry->answered.error.empty()) {
      inquiry->answered.error = "The connection to Redis was lost, and answers with it: " + std::string(why);
    }
  }
  lost(why);
}

/// Fails the requests that were not sent after one connection attempt, so that callers get the error at once.
void AskCore::lost(std::string_view why) {
  const std::string sentence(why);
  fail_waiting([](const Inquiry&) { return true; }, sentence);
}

}  // namespace socketio::emitter
