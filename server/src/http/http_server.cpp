#include "http_server.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/milliseconds.hpp>
#include <socketio/net/tls.hpp>

namespace socketio::server {
namespace {

constexpr std::string_view overload_response = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

net::ListenerOptions listener_options(const HttpOptions& http, const HttpSharing& sharing, const TrustedProxies& proxies) {
  net::ListenerOptions options;
  options.connections_max = http.connections_max;
  options.refusal = overload_response;
  options.counts = sharing.counts;
  options.loop = sharing.loop;
  if (http.trust_proxy.proxy_protocol) {
    options.proxied = [&proxies](const std::string& address) { return proxies.trusts(address, 0); };
  }
  if (sharing.send) {
    options.give_away = [send = sharing.send](std::size_t loop, net::LooseStream stream) {
      send(loop, {std::move(stream), {}});
    };
  }
  return options;
}

}  // namespace

HttpServer::HttpServer(Loop& loop, HttpOptions options, HttpHandler handler, HttpSharing sharing)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler), std::move(sharing))) {}
HttpServer::~HttpServer() = default;

std::string HttpServer::listen(const std::string& host, std::uint16_t port) { return impl_->listen(host, port); }
std::uint16_t HttpServer::port() const noexcept { return impl_->listener.port(); }
std::size_t HttpServer::connection_count() const noexcept { return impl_->listener.connection_count(); }

HttpCounters HttpServer::counters() const noexcept {
  HttpCounters counters = impl_->counters;
  counters.accepted = impl_->listener.counters().accepted;
  counters.refused_limit = impl_->listener.counters().refused;
  counters.bad_proxy_headers = impl_->listener.counters().bad_proxy_headers;
  return counters;
}

void HttpServer::adopt(HttpArrival arrival) { impl_->adopt(std::move(arrival)); }
void HttpServer::close(std::uint64_t deadline_ms, std::function<void()> done) { impl_->close(deadline_ms, std::move(done)); }
void HttpServer::reopen() noexcept { impl_->closing = impl_->cut = false; }
void HttpServer::when_empty(std::function<void()> empty) { impl_->listener.stop(std::move(empty)); }

HttpServer::Impl::Impl(Loop& on, HttpOptions given, HttpHandler function, HttpSharing shared)
    : loop(on),
      options(std::move(given)),
      handler(std::move(function)),
      sharing(std::move(shared)),
      proxies(options.trust_proxy),
      deadline_timer(on, [this] { check_deadlines(); }),
      close_timer(on,
                  [this] {
                    cut = true;
                    for_each([](HttpConnection& connection) { connection.abort(); });
                    listener.abort_all();
                  }),
      turn_end(on, [this] { end_turn(); }),
      listener(on, listener_options(options, sharing, proxies),
               [this](net::ServerStream stream) { accepted(std::move(stream)); }) {
  options.connections_max = listener.connections_max();
  // Clients that know the idle timeout do not send a request on a connection that is being closed.
  keep_alive_lines =
      "Connection: keep-alive\r\nKeep-Alive: timeout=" + std::to_string(in_ms(options.idle_timeout) / 1'000) + "\r\n";
}

HttpServer::Impl::~Impl() {
  for_each([](HttpConnection& connection) { connection.abort(HttpConnection::Notify::nobody); });
  end_turn();
}

std::string HttpServer::Impl::listen(const std::string& host, std::uint16_t port) {
  if (!options.certificate_file.empty() || !options.key_file.empty()) {
    std::string error;
    auto context = net::TlsContext::for_server(options.certificate_file, options.key_file, error);
    if (!context) {
      return error;
    }
    listener.use_tls(std::move(context));
  }
  return listener.listen(host, port);
}

void HttpServer::Impl::accepted(net::ServerStream stream) {
  auto* const connection = new HttpConnection(*this, std::move(stream));  // destroyed after bury()
  set_deadline(*connection, Deadline::first_byte);
}

void HttpServer::Impl::adopt(HttpArrival arrival) {
  net::ServerStream stream = cut ? net::ServerStream() : listener.adopt(std::move(arrival.stream));
  if (!stream) {
    return;
  }
  auto* const connection = new HttpConnection(*this, std::move(stream), std::move(arrival.input));  // destroyed after bury()
  set_deadline(*connection, Deadline::first_byte);
  if (closing) {
    connection->close_if_idle();
  }
}

std::optional<std::size_t> HttpServer::Impl::elsewhere(const HttpRequest& request) const {
  if (!sharing.loop_of) {
    return std::nullopt;
  }
  const std::size_t place = sharing.loop_of(request);
  return place != sharing.loop ? std::optional(place) : std::nullopt;
}

void HttpServer::Impl::close(std::uint64_t deadline_ms, std::function<void()> done) {
  closing = true;
  listener.stop([this, done = std::move(done)] {
    close_timer.stop();  // a loop with nothing else to do may end
    if (done) {
      done();  // may destroy this
    }
  });
  for_each([](HttpConnection& connection) { connection.close_if_idle(); });
  close_timer.start(deadline_ms);
}

std::uint32_t HttpServer::Impl::duration_ms(Deadline kind) const noexcept {
  switch (kind) {
    case Deadline::first_byte:
    case Deadline::head: return in_ms(options.header_timeout);
    case Deadline::body:
    case Deadline::output: return in_ms(options.body_timeout);
    case Deadline::idle: return in_ms(options.idle_timeout);
    case Deadline::none: break;
  }
  return 0;
}

void HttpServer::Impl::set_deadline(HttpConnection& connection, Deadline kind) {
  connection.deadline = kind;
  connections[static_cast<std::size_t>(kind)].push_back(connection);
  if (kind == Deadline::none) {
    return;
  }
  connection.deadline_ms = loop.now_ms() + duration_ms(kind);
  if (!deadline_timer.active() || connection.deadline_ms < timer_due_ms) {
    timer_due_ms = connection.deadline_ms;
    deadline_timer.start(duration_ms(kind));
  }
}

void HttpServer::Impl::check_deadlines() {
  const std::uint64_t now = loop.now_ms();
  std::uint64_t next = UINT64_MAX;
  for (std::size_t index = 1; index < connections.size(); ++index) {
    auto& list = connections[index];
    while (!list.empty() && list.front().deadline_ms <= now) {
      list.front().time_out();  // leaves the list
    }
    if (!list.empty()) {
      next = std::min(next, list.front().deadline_ms);
    }
  }
  if (next != UINT64_MAX) {
    timer_due_ms = next;
    deadline_timer.start(next - now);
  }
}

void HttpServer::Impl::resume_later(HttpConnection& connection) {
  if (!std::exchange(connection.resumes_later, true)) {
    resuming.push_back(&connection);
    turn_end.request();
  }
}

void HttpServer::Impl::bury(HttpConnection& connection) {
  if (std::exchange(connection.resumes_later, false)) {
    std::erase(resuming, &connection);
  }
  buried.push_back(connection);
  turn_end.request();
}

void HttpServer::Impl::end_turn() {
  for (HttpConnection* const connection : std::exchange(resuming, {})) {
    connection->resumes_later = false;
    connection->resume();
  }
  while (!buried.empty()) {
    delete &buried.front();
  }
  if (std::all_of(connections.begin() + 1, connections.end(), [](const auto& list) { return list.empty(); })) {
    deadline_timer.stop();  // a loop with nothing else to do may end
  }
}

void HttpServer::Impl::for_each(const std::function<void(HttpConnection&)>& function) {
  for (auto& list : connections) {
    net::List<HttpConnection> members;
    members.take(list);
    while (!members.empty()) {
      HttpConnection& connection = members.front();
      list.push_back(connection);
      function(connection);
    }
  }
}

}  // namespace socketio::server
