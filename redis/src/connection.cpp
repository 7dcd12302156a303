#include "connection.hpp"

#include <array>
#include <utility>

#include <socketio/common/milliseconds.hpp>

namespace socketio::redis {
namespace {

/// Maximum number of writes in one turn, so that other objects on the loop are not delayed.
constexpr int writes_per_turn = 16;
/// Factor by which retries of refused subscriptions are slower than backoff_max: there may be many refused subscriptions.
constexpr unsigned refused_wait = 10;

std::string tls_hint(std::string_view why, const std::string& url_kind) {
  if (why.find("does not speak TLS") != std::string_view::npos) {
    return "For a port without TLS the URL begins with redis" + url_kind + "://.";
  }
  if (why.find("certificate required") != std::string_view::npos) {
    return "The server asks for a certificate of ours (tls_certificate and tls_key, --tls-cert and --tls-key).";
  }
  if (why.find("host") != std::string_view::npos || why.find("IP address") != std::string_view::npos) {
    return "Connect by the name that the certificate is for.";
  }
  if (why.find("expired") != std::string_view::npos || why.find("not yet valid") != std::string_view::npos) {
    return "The server needs a new one, or a clock is wrong.";
  }
  if (why.find("certificate") != std::string_view::npos) {
    return "Name the file of the authority that has signed it (tls_ca, --tls-ca).";
  }
  return "Check the certificates on both sides.";
}

/// A sentence for people: why the connection could not be made, or was lost, and what to do.
std::string describe(const net::StreamError& error, const ServerName& name, std::uint32_t timeout_ms) {
  using Kind = net::StreamError::Kind;
  switch (error.kind) {
    case Kind::unknown_host: return name.who + " cannot be found: the name of the host has no address (" + error.text + ").";
    case Kind::refused: return name.who + " refused the connection: nothing listens there.";
    case Kind::no_such_socket: return name.who + " cannot be reached: there is no such socket.";
    case Kind::not_permitted: return name.who + " cannot be reached: the system does not permit it (" + error.text + ").";
    case Kind::timed_out: return name.who + " did not accept the connection within " + std::to_string(timeout_ms) + " ms.";
    case Kind::unreachable: return name.who + " cannot be reached: " + error.text + ".";
    case Kind::tls_failed: return "No TLS to " + name.who + ": " + error.text + ". " + tls_hint(error.text, name.url_kind);
    case Kind::ended: return name.who + " closed the connection.";
    case Kind::failed: break;
  }
  return "The connection to " + name.who + " was lost: " + error.text + ".";
}

}  // namespace

SilentConnection::SilentConnection(std::unique_ptr<net::Stream> stream, std::shared_ptr<ReplyReader> reader, std::size_t owed,
                                   std::function<void()> over)
    : stream_(std::move(stream)), reader_(std::move(reader)), owed_(owed), over_(std::move(over)) {
  stream_->tell(*this);
}

void SilentConnection::on_bytes(Bytes bytes) {
  using Item = ReplyReader::Item;
  Item item = Item::none;
  while (owed_ != 0 && item != Item::broken && !bytes.empty()) {
    const Bytes portion = ReplyReader::portion(bytes);
    bytes = bytes.subspan(portion.size());
    reader_->feed(portion);
    while (owed_ != 0 && item != Item::broken && (item = reader_->next()) != Item::none) {
      --owed_;
    }
  }
  if (owed_ == 0 || item == Item::broken) {
    const std::function<void()> over = std::move(over_);
    over();  // nothing may follow: this object is destroyed
  }
}

void SilentConnection::on_lost(const net::StreamError&) {
  const std::function<void()> over = std::move(over_);
  over();
}

// ---- begin and end ---------------------------------------------------------------------------------------------------------

Connection::Connection(Loop& loop, net::TurnEnd& turn_end, Context& context, Retry& retry, std::shared_ptr<net::TlsContext> tls,
                       bool counts_refused, SessionListener& listener)
    : loop_(loop),
      turn_end_(turn_end),
      context_(context),
      listener_(listener),
      tls_(std::move(tls)),
      session_(context, retry, counts_refused, listener),
      answer_timer_(loop, [this] { check_replies(); }),
      alive_timer_(loop, [this] { keep_alive(); }),
      refused_timer_(loop,
                     [this] {
                       session_.subscriptions().request_refused();
                       turn_end_.request();
                     }),
      silent_timer_(loop, [this] {
        silent_->take_back();
        forget_silent();
      }) {}

void Connection::open(const Endpoint& endpoint, bool needs_reply) {
  const Options& options = context_.options;
  needs_reply_ = needs_reply;
  stream_ = std::make_unique<net::Stream>(loop_, *this);
  const std::string path = options.topology == Topology::sentinel ? std::string() : options.unix_path;
  stream_->connect({endpoint.host, endpoint.port, path, tls_, options.tls_server_name}, options.connect_timeout);
}

/// After a failure there is a reply to wait for: waiting commands must not reach a Redis that still loads its data, or that
/// accepts the connection only to report that it has too many. The same with TLS: a server that rejects the client certificate
/// reports that after the handshake.
void Connection::on_connected() {
  const auto alive = listener_.hold();
  first_bytes_ = true;
  session_.begin(needs_reply_ || tls_ != nullptr, loop_.now_ms());
  write_out();
  listener_.on_events_end();
}

void Connection::on_logged_in() {
  if (in_ms(context_.options.keepalive) != 0) {
    alive_timer_.start(in_ms(context_.options.keepalive));
  }
  if (silent_) {
    silent_timer_.start(in_ms(context_.options.silent_wait));
  }
}

void Connection::on_lost(const net::StreamError& error) {
  const auto alive = listener_.hold();
  using Kind = net::StreamError::Kind;
  std::string why = describe(error, context_.name, in_ms(context_.options.connect_timeout));
  const bool cut_off = error.kind == Kind::ended || error.kind == Kind::failed;
  if (cut_off && first_bytes_ && !tls_ && context_.options.unix_path.empty()) {  // it has never sent anything
    why += " If it speaks TLS on that port, the URL must begin with rediss" + context_.name.url_kind + "://.";
  }
  listener_.on_failure({why});
  listener_.on_events_end();
}

std::string Connection::why_timed_out() const {
  const char* const what = session_.has_begun() ? " did not answer the log-in"
                           : tls_               ? " did not accept the connection, or does not speak TLS on that port,"
                                                : " did not accept the connection";
  return context_.name.who + what + " within " + std::to_string(in_ms(context_.options.connect_timeout)) + " ms.";
}

void Connection::settle_writes() { session_.settle_writes(stream_ && stream_->later_taken()); }

void Connection::close() {
  settle_writes();
  drop();
  session_.subscriptions().connection_ended();
}

void Connection::end() {
  forget_silent();
  drop();
}

void Connection::drop() {
  stream_.reset();
  session_.end();
  for (net::Timer* const timer : {&answer_timer_, &alive_timer_, &refused_timer_, &silent_timer_}) {
    timer->stop();
  }
}

// ---- out and in ------------------------------------------------------------------------------------------------------------

void Connection::on_turn_end() {
  session_.request_subscriptions();
  if (session_.subscriptions().any_refused() && !refused_timer_.active()) {
    refused_timer_.start(std::uint64_t{in_ms(context_.options.backoff_max)} * refused_wait);
  }
  write_out();
}

void Connection::write_out() {
  const Writer& writer = session_.commands().writer();
  const bool may_write = writer.has_control() || (session_.is_logged_in() && writer.queue().waiting_count() != 0);
  if (!may_write || !stream_ || !stream_->writable()) {
    return;
  }
  const std::uint64_t now_ms = net::fresh_now_ms(loop_);
  for (int count = 0; count < writes_per_turn; ++count) {
    if (!write_once(now_ms)) {
      return;
    }
  }
  turn_end_.request();
}

/// Makes one write call. Returns true if another one makes sense.
bool Connection::write_once(std::uint64_t now_ms) {
  std::array<Bytes, net::Stream::parts_max> parts;
  const std::size_t count = session_.gather(parts, now_ms, !silent_);
  if (count == 0) {
    return false;
  }
  Writer& writer = session_.commands().writer();
  const std::size_t taken = stream_->try_write(std::span(parts).first(count));
  ++context_.counters.writes;
  context_.counters.bytes_written += taken;
  session_.liveness().on_write(now_ms);
  const Bytes rest = writer.took(taken, now_ms);
  if (!rest.empty()) {
    const std::size_t later = stream_->write_later(rest);
    writer.hold(later);
    context_.counters.bytes_written += later;
  }
  const auto wait_ms = session_.liveness().first_check_ms();
  if (wait_ms && !answer_timer_.active()) {  // no timer operation per command
    answer_timer_.start(*wait_ms);
  }
  return rest.empty();
}

void Connection::on_writable() {
  const auto alive = listener_.hold();
  session_.liveness().on_write(loop_.now_ms());
  session_.commands().writer().took_held(loop_.now_ms());
  write_out();
}

void Connection::on_bytes(Bytes bytes) {
  const auto alive = listener_.hold();
  context_.counters.bytes_read += bytes.size();
  constexpr std::uint8_t tls_alert = 0x15;
  if (std::exchange(first_bytes_, false) && !tls_ && bytes.front() == tls_alert) {
    const ServerName& name = context_.name;
    listener_.on_failure({name.who + " speaks TLS on that port: the URL must begin with rediss" + name.url_kind + "://."});
  }
  session_.take_bytes(bytes, loop_.now_ms());
  listener_.on_events_end();
}

// ---- a connection that may be dead -----------------------------------------------------------------------------------------

void Connection::check_replies() {
  const auto alive = listener_.hold();
  const Liveness::Verdict verdict = session_.check_replies(loop_.now_ms());
  if (verdict.kind == Liveness::Verdict::Kind::wait) {
    answer_timer_.start(verdict.wait_ms);
  } else if (verdict.kind == Liveness::Verdict::Kind::dead) {
    set_aside();
    listener_.on_failure(
        {context_.name.who + " did not answer within " + std::to_string(in_ms(context_.options.command_timeout)) + " ms."});
    listener_.on_events_end();
  }
}

/// Handles commands in transit on a dead connection, which must not be executed after commands of the next connection. They are
/// discarded by a reset, or the next connection waits for them. With sentinels they are discarded, because the next connection
/// may lead to another server.
void Connection::set_aside() {
  const Options& options = context_.options;
  const bool has_in_flight = session_.commands().writer().queue().in_flight_count() != 0;
  if (in_ms(options.silent_wait) == 0 || !has_in_flight || silent_ || options.topology == Topology::sentinel) {
    stream_->reset_on_close();
    return;
  }
  auto [reader, pending_count] = session_.take_reader();
  silent_ =
      std::make_unique<SilentConnection>(std::move(stream_), std::move(reader), pending_count, [this] { forget_silent(); });
}

void Connection::forget_silent() {
  silent_timer_.stop();
  silent_.reset();
  turn_end_.request();
}

void Connection::keep_alive() {
  const auto alive = listener_.hold();
  alive_timer_.start(session_.keep_alive(loop_.now_ms()));
  write_out();
}

}  // namespace socketio::redis
