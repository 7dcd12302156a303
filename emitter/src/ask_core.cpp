#include "ask_core.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <span>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>

#include "stream_search.hpp"

namespace socketio::emitter {
namespace {

/// Time before the deadline at which the subscribed servers are listed, to name the missing ones at the deadline.
constexpr std::uint64_t listing_ms = 250;

std::uint64_t timeout_ms(const PendingRequest& request) { return std::max<std::uint64_t>(in_ms(request.options.timeout), 1); }

/// Turns the offline queue off: a request that could not be written must not be sent later.
redis::Options without_queue(redis::Options options) {
  options.offline = redis::OfflinePolicy::fail;
  return options;
}

}  // namespace

AskCore::AskCore(Loop& loop, redis::Options redis, Fleet fleet)
    : loop_(loop),
      fleet_(std::move(fleet)),
      dialect_(make_dialect(fleet_)),
      requests_(loop),
      commands_(std::in_place, loop, without_queue(redis)),
      responses_(std::in_place, loop, std::move(redis), static_cast<ResponseChannels::Listener&>(*this)) {
  commands_->on_state([this](redis::State state, std::string_view why) { on_commands_state(state, why); });
}

AskCore::~AskCore() { close(); }

std::unique_ptr<fleet::Dialect> AskCore::make_dialect(const Fleet& fleet) {
  return fleet::Dialect::make(fleet, {.role = fleet::Participant::Role::asker}, &random_);
}

void AskCore::connect() {
  if (commands_ && commands_->state() == redis::State::idle) {
    commands_->connect();
  }
}

void AskCore::close() {
  commands_.reset();
  responses_.reset();
  requests_.fail_all("The asker was closed.");
}

// ---- asking ----------------------------------------------------------------------------------------------------------------

bool AskCore::is_ready_for(const PendingRequest& request) const {
  if (commands_->state() != redis::State::ready) {
    return false;
  }
  return request.take_names != nullptr || responses_->are_confirmed(request.target.nsp);
}

/// Sends the requests that were waiting for a connection, or for their response channels to be subscribed.
void AskCore::go_on() {
  if (!dialect_) {
    find_dialect();
    return;
  }
  for (const Number number : requests_.unsent([this](const PendingRequest& request) { return is_ready_for(request); })) {
    if (const PendingRequest* const request = requests_.find(number)) {
      request->take_names ? take_names(number) : begin_question(number);
    }
  }
}

void AskCore::ask(std::unique_ptr<PendingRequest> given) {
  if (!commands_) {
    throw Error(ErrorCode::closed, "This asker was closed. Make a new one to ask again.");
  }
  if (dialect_) {
    prepare(*given);
  }
  PendingRequest& request = *given;
  const Number number = requests_.add(std::move(given));
  if (request.target.nobody) {  // valid, but no server has to be asked
    request.asked = request.published = true;
    request.answered.complete = request.options.until == asking::Until::all && !request.options.expected;
    request.deadline = loop_.call_after(std::chrono::milliseconds(0), [this, number] { requests_.finish(number); });
    return;
  }
  connect();
  request.began_ms = loop_.now_ms();
  request.deadline =
      loop_.call_after(std::chrono::milliseconds(timeout_ms(request)), [this, number] { requests_.finish(number); });
  if (dialect_) {
    begin(number);
  }
  go_on();
}

/// Adapts the request to the fleet's protocol, and checks that it can be encoded.
void AskCore::prepare(PendingRequest& request) {
  if (!dialect_->has_room_channels()) {
    request.take_names = nullptr;
  }
  request.id = dialect_->make_request_id();
  if (request.kind == fleet::Request::Kind::acks) {
    constexpr std::uint64_t most = 0x7fffffff;
    request.target.flags.set_timeout_ms(static_cast<std::uint32_t>(std::min(timeout_ms(request), most)));
  }
  if (request.take_names) {
    return;
  }
  const std::size_t bytes = dialect_->encode(request.target.nsp, request.view()).payload.size();
  if (bytes == 0) {
    throw Error(ErrorCode::bad_arguments, "The arguments cannot be sent in the form that this transport has.");
  }
  if (bytes > limits::message_bytes_max) {
    throw Error(ErrorCode::too_large, "The question has " + std::to_string(bytes) + " bytes; the limit is " +
                                          std::to_string(limits::message_bytes_max) + ".");
  }
}

void AskCore::begin(Number number) {
  const PendingRequest& request = *requests_.find(number);
  requests_.await_responses(number);
  if (!request.take_names) {
    const std::string& nsp = request.target.nsp;
    responses_->listen(nsp, [&] { return dialect_->response_channels(nsp); });
  }
}

/// Detects the transport in the namespace of the first pending request.
void AskCore::find_dialect() {
  const auto waiting = requests_.unsent([](const PendingRequest&) { return true; });
  if (is_searching_ || waiting.empty() || commands_->state() != redis::State::ready) {
    return;
  }
  is_searching_ = true;
  const std::string nsp = requests_.find(waiting.front())->target.nsp;
  find_transport(*commands_, fleet_, nsp, [this, nsp](const FoundTransport& found) { on_found(nsp, found); });
}

void AskCore::on_found(const std::string& nsp, const FoundTransport& found) {
  const auto self = weak_from_this().lock();  // null while this is being destroyed
  is_searching_ = false;
  if (!commands_) {
    return;  // close() ends all requests
  }
  const std::optional<Transport> transport = transport_for_requests(found);
  if (!transport) {
    const bool is_answer = found.outcome == redis::Outcome::ok;  // which other namespaces may not share
    requests_.fail_unsent([&](const PendingRequest& request) { return !is_answer || request.target.nsp == nsp; },
                          found.message);
    if (commands_) {  // not closed by a callback
      go_on();
    }
    return;
  }
  dialect_ = make_dialect(with_found(fleet_, *transport, found));
  std::map<Number, std::string> refused;
  for (const Number number : requests_.unsent([](const PendingRequest&) { return true; })) {
    try {
      prepare(*requests_.find(number));
      begin(number);
    } catch (const Error& error) {
      refused.emplace(number, error.what());
    }
  }
  for (auto& [number, why] : refused) {
    requests_.fail(number, std::move(why));
  }
  go_on();
}

void AskCore::begin_question(Number number) {
  PendingRequest& request = *requests_.find(number);
  request.asked = true;
  request.asked_ms = loop_.now_ms();
  const auto endangered = dialect_->endangered_channel(request.target.nsp);
  if (!endangered) {
    publish_question(number);
    return;
  }
  const std::array<std::string_view, 3> count{"PUBSUB", "NUMSUB", *endangered};
  commands_->command(count, [this, number](const redis::CommandResult& result) {
    if (requests_.find(number) == nullptr) {
      return;
    }
    const auto& elements = result.reply.elements;
    if (result.outcome != redis::Outcome::ok || elements.size() != 2) {
      requests_.fail(number,
                     "Redis does not tell whether classic servers listen with the same key, which the question would "
                     "end: " +
                         result.message);
    } else if (elements[1].integer != 0) {
      requests_.fail(number,
                     "Classic servers listen with the same key, and this question would end them. Give the streams servers "
                     "another channelPrefix.");
    } else {
      publish_question(number);
    }
  });
}

/// Sends the count and the request in one write, so that the count is that of the servers that receive the request.
void AskCore::publish_question(Number number) {
  PendingRequest& request = *requests_.find(number);
  request.asked_ms = loop_.now_ms();
  const fleet::Channel servers = dialect_->servers_channel(request.target.nsp);
  const bool sharded = servers.kind == fleet::ChannelKind::shard;
  const std::string taps = dialect_->taps_channel(request.target.nsp).value_or(servers.name);
  const std::array<std::string_view, 4> count{"PUBSUB", sharded ? "SHARDNUMSUB" : "NUMSUB", servers.name, taps};
  const bool has_taps = taps != servers.name;
  commands_->command(std::span(count).first(has_taps ? 4 : 3), [this, number, has_taps](const redis::CommandResult& result) {
    PendingRequest* const asked = requests_.find(number);
    if (asked == nullptr) {
      return;
    }
    const auto& elements = result.reply.elements;
    if (result.outcome == redis::Outcome::ok && elements.size() == (has_taps ? 4U : 2U) && elements[1].integer >= 0) {
      const std::int64_t others = has_taps ? std::clamp<std::int64_t>(elements[3].integer, 0, elements[1].integer) : 0;
      asked->gather.expect(static_cast<std::size_t>(elements[1].integer - others));
      requests_.check(number);
    } else if (asked->answered.error.empty()) {  // responses may still arrive
      asked->answered.error = "Redis does not tell how many servers there are: " + result.message;
    }
  });
  const Publication publication = dialect_->encode(request.target.nsp, request.view());
  if (sharded) {
    commands_->publish_sharded(publication.channel, publication.payload, *this, number);
  } else {
    commands_->publish(publication.channel, publication.payload, *this, number);
  }
  const std::uint64_t spent_ms = request.asked_ms - request.began_ms;
  const std::uint64_t left_ms = timeout_ms(request) > spent_ms ? timeout_ms(request) - spent_ms : 0;
  request.listing = loop_.call_after(std::chrono::milliseconds(left_ms - std::min(left_ms / 4, listing_ms)),
                                     [this, number] { list_servers(number); });
}

void AskCore::on_published(std::uint64_t tag, redis::Outcome outcome, std::int64_t, std::string_view message) {
  if (outcome != redis::Outcome::ok) {
    requests_.fail(tag, std::string(message));
  } else if (PendingRequest* const request = requests_.find(tag)) {
    request->published = true;
    requests_.check(tag);
  }
}

/// Lists the existing response or room channels of the namespace; passes the text between prefix and last character of each to
/// `take`.
void AskCore::list(const PendingRequest& request, std::function<void(PendingRequest&, std::vector<std::string>)> take,
                   Number number) {
  const std::string& nsp = request.target.nsp;
  const fleet::Channel pattern = dialect_->named_channels(nsp);
  const std::array<std::string_view, 3> words{"PUBSUB", pattern.kind == fleet::ChannelKind::shard ? "SHARDCHANNELS" : "CHANNELS",
                                              pattern.name};
  commands_->command(
      words, [this, number, prefix = dialect_->named_prefix(nsp), take = std::move(take)](const redis::CommandResult& result) {
        PendingRequest* const asked = requests_.find(number);
        if (asked == nullptr) {
          return;
        }
        if (result.outcome != redis::Outcome::ok) {
          if (asked->take_names) {
            requests_.fail(number, result.message);
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
      *requests_.find(number),
      [this, number](PendingRequest& request, std::vector<std::string> names) {
        request.asked = true;
        request.published = true;
        request.take_names(std::move(names));
        request.answered.complete = true;
        requests_.finish(number);
      },
      number);
}

/// Lists the subscribed servers shortly before the deadline.
void AskCore::list_servers(Number number) {
  PendingRequest* const request = requests_.find(number);
  if (request != nullptr) {
    list(
        *request,
        [this](PendingRequest& asked, std::vector<std::string> names) {
          std::erase_if(names, [this](const std::string& name) { return !dialect_->is_server(name); });
          asked.listed = std::move(names);
        },
        number);
  }
}

// ---- answers ---------------------------------------------------------------------------------------------------------------

void AskCore::on_confirmed() {
  const auto self = shared_from_this();  // callbacks may destroy the asker
  go_on();
}

void AskCore::on_refused(const std::string& nsp, std::string_view error) {
  const auto self = shared_from_this();
  requests_.fail_unsent(
      [&nsp](const PendingRequest& request) { return request.target.nsp == nsp && !request.take_names; },
      "Redis refuses to let answers be heard: " + std::string(error));
}

void AskCore::on_response(Bytes payload) {
  fleet::Message response;
  if (!requests_.empty() && dialect_->decode(fleet::Topic::responses, payload, {}, response) == fleet::Received::message) {
    const auto self = shared_from_this();
    requests_.on_response(response, payload.size());
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

void AskCore::on_responses_lost(std::string_view why) {
  const auto self = weak_from_this().lock();  // null while this is being destroyed
  requests_.on_responses_lost(std::string(why));
  lost(why);
}

/// Fails the requests that were not sent after one connection attempt, so that callers get the error at once.
void AskCore::lost(std::string_view why) {
  const std::string sentence(why);
  requests_.fail_unsent([](const PendingRequest&) { return true; }, sentence);
}

}  // namespace socketio::emitter
