#include "sentinels.hpp"

#include <socketio/common/milliseconds.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "single_client.hpp"

namespace socketio::redis {
namespace {

/// Maximum size of a sentinel's reply; real ones are far smaller.
constexpr std::size_t sentinel_reply_bytes_max = 1 << 20;

std::optional<Endpoint> read_address(std::string_view host, std::string_view port) {
  Endpoint endpoint{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  const bool good = error == std::errc() && end == port.data() + port.size() && endpoint.port != 0 && !host.empty();
  return good ? std::optional(std::move(endpoint)) : std::nullopt;
}

/// Removes the next word from the front of `text` and returns it.
std::string_view word_of(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

std::string who(const Endpoint& sentinel) { return "Sentinel at " + describe(sentinel); }

void end(std::shared_ptr<SingleClient>& client) {
  if (const std::shared_ptr<SingleClient> gone = std::exchange(client, nullptr)) {
    gone->destroy();
  }
}

}  // namespace

/// A request to one sentinel. The destructor cancels it.
struct Sentinels::Question {
  ~Question() {
    answered = nullptr;
    end(client);
  }
  Endpoint sentinel;
  std::shared_ptr<SingleClient> client;
  std::function<void(Found)> answered;
};

/// A subscription to the failover messages of one sentinel.
class Sentinels::Watch final : public MessageListener {
 public:
  Watch(Sentinels& owner, const Endpoint& sentinel)
      : owner_(owner), sentinel_(sentinel), client_(owner.connect_to(sentinel, owner.options_.connect_timeout)) {
    client_->subscribe(SubscriptionKind::channel, "+switch-master", *this);
    client_->connect();
  }
  ~Watch() override { end(client_); }

  void on_message(std::string_view, Bytes payload) override { owner_.took_message(sentinel_, as_text(payload)); }
  void on_subscribed(std::string_view, std::string_view error) override {
    if (error.empty()) {
      owner_.watch_began(sentinel_);
    } else if (owner_.options_.log) {
      owner_.options_.log({LogLevel::warning, "redis", who(sentinel_) + " does not tell us of failovers.", error});
    }
  }

 private:
  Sentinels& owner_;
  const Endpoint sentinel_;
  std::shared_ptr<SingleClient> client_;
};

Sentinels::Sentinels(Loop& loop, const Options& options, std::shared_ptr<net::TlsContext> tls, Random& random,
                     std::function<void(const Endpoint& master)> moved)
    : loop_(loop),
      options_(options),
      tls_(std::move(tls)),
      random_(random),
      moved_(std::move(moved)),
      order_(options.endpoints) {}

Sentinels::~Sentinels() { close(); }

void Sentinels::close() {
  stop_finding();
  check_.reset();
  watches_.clear();
}

std::shared_ptr<SingleClient> Sentinels::connect_to(const Endpoint& sentinel, std::chrono::milliseconds timeout) {
  Options options = options_;
  options.topology = Topology::standalone;
  options.endpoints.clear();
  options.unix_path.clear();
  options.host = sentinel.host;
  options.port = sentinel.port;
  options.username = options_.sentinel_username;
  options.password = options_.sentinel_password;
  options.database = 0;
  options.client_name.clear();  // an ACL of the sentinel may not allow it
  options.connect_timeout = timeout;
  options.command_timeout = timeout;
  if (in_ms(options_.command_timeout) != 0) {
    options.command_timeout = std::min(options.command_timeout, options_.command_timeout);
  }
  options.reply_bytes_max = sentinel_reply_bytes_max;
  options.offline = OfflinePolicy::fail;
  options.silent_wait = std::chrono::milliseconds(0);
  options.log = nullptr;
  return std::make_shared<SingleClient>(loop_, std::move(options), &random_, Peer{who(sentinel), "+sentinel", tls_});
}

// ---- which server is the master --------------------------------------------------------------------------------------------

void Sentinels::find(std::chrono::milliseconds timeout, std::function<void(Found)> done) {
  stop_finding();
  done_ = std::move(done);
  give_up_ms_ = net::fresh_now_ms(loop_) + in_ms(timeout);
  next_ = 0;
  failure_ = {};
  ask_next();
}

void Sentinels::stop_finding() {
  done_ = nullptr;
  question_.reset();
}

/// Asks the next sentinel. Leaves a share of the time for the connection to the master.
void Sentinels::ask_next() {
  const std::uint64_t now_ms = net::fresh_now_ms(loop_);
  const std::uint64_t left_ms = give_up_ms_ > now_ms ? give_up_ms_ - now_ms : 0;
  const std::uint64_t share_ms = std::max<std::uint64_t>(left_ms / (order_.size() - next_ + 1), 1);
  question_ = ask(order_[next_], std::chrono::milliseconds(share_ms), [this](Found found) { take_answer(std::move(found)); });
}

void Sentinels::take_answer(Found found) {
  if (found.master) {
    trust(question_->sentinel);  // not order_[next_]: messages may have changed the order
  } else {
    if (failure_.why.empty() ||
        (found.is_refusal && !failure_.is_refusal)) {  // a refusal explains more than an unreachable sentinel
      failure_ = std::move(found);
    }
    if (++next_ < order_.size()) {
      ask_next();
      return;
    }
    if (!failure_.is_refusal && order_.size() > 1) {
      failure_.why = "No sentinel answers. " + failure_.why;
    }
    found = std::move(failure_);
  }
  question_.reset();
  const std::function<void(Found)> done = std::exchange(done_, nullptr);
  done(std::move(found));  // nothing may follow: this object may be destroyed
}

std::unique_ptr<Sentinels::Question> Sentinels::ask(const Endpoint& sentinel, std::chrono::milliseconds timeout,
                                                    std::function<void(Found)> answered) {
  auto question = std::make_unique<Question>();
  Question* const asked = question.get();
  question->sentinel = sentinel;
  question->client = connect_to(sentinel, timeout);
  question->answered = std::move(answered);
  const std::array<std::string_view, 3> words{"SENTINEL", "get-master-addr-by-name", options_.master_name};
  question->client->command(words, [asked, name = options_.master_name](const CommandResult& result) {
    const std::function<void(Found)> call = asked->answered;
    if (!call) {  // cancelled
      return;
    }
    Found found;
    const std::string& text = result.message;
    const std::vector<Reply>& parts = result.reply.elements;
    found.is_refusal = true;
    if (result.outcome == Outcome::ok && result.reply.type == Reply::Type::nil) {
      found.why = who(asked->sentinel) + " knows no master with the name \"" + name + "\".";
    } else if (result.outcome == Outcome::ok && parts.size() == 2 &&
               (found.master = read_address(parts[0].text, parts[1].text))) {
      found.is_refusal = false;
    } else if (result.outcome == Outcome::ok) {
      found.why = who(asked->sentinel) + " gave an answer that makes no sense.";
    } else if (result.outcome == Outcome::refused && text.starts_with("NOAUTH")) {
      found.why = who(asked->sentinel) + " asks for a password (" + text + ").";
    } else if (result.outcome == Outcome::refused && text.find("unknown command") != std::string::npos) {
      found.why = "What listens at " + describe(asked->sentinel) + " is no sentinel (" + text + ").";
    } else if (result.outcome == Outcome::refused) {
      found.why = who(asked->sentinel) + " refused to name the master (" + text + ").";
    } else {
      found.why = text;
      found.is_refusal = asked->client && asked->client->reports().last_error_is_refusal();
    }
    call(std::move(found));
  });
  question->client->connect();
  return question;
}

void Sentinels::trust(const Endpoint& sentinel) {
  const auto found = std::find(order_.begin(), order_.end(), sentinel);
  std::rotate(order_.begin(), found, found == order_.end() ? found : found + 1);
}

void Sentinels::distrust_last() { std::rotate(order_.begin(), order_.begin() + 1, order_.end()); }

// ---- failovers -------------------------------------------------------------------------------------------------------------

void Sentinels::watch() {
  if (watches_.empty()) {
    for (const Endpoint& sentinel : options_.endpoints) {
      watches_.push_back(std::make_unique<Watch>(*this, sentinel));
    }
  }
}

/// Asks the trusted sentinel once more: its subscription does not report earlier failovers. (Another sentinel may be outdated.)
void Sentinels::watch_began(const Endpoint& sentinel) {
  if (sentinel == order_.front()) {
    check_ = ask(sentinel, options_.connect_timeout, [this](const Found& found) {
      const std::unique_ptr<Question> done = std::move(check_);
      if (found.master) {
        moved_(*found.master);
      }
    });
  }
}

/// Handles a message "name old-host old-port new-host new-port".
void Sentinels::took_message(const Endpoint& sentinel, std::string_view text) {
  const std::string_view name = word_of(text);
  word_of(text);
  word_of(text);
  const std::string_view host = word_of(text);
  const auto master = read_address(host, word_of(text));
  if (name == options_.master_name && master) {
    trust(sentinel);
    moved_(*master);
  }
}

}  // namespace socketio::redis
