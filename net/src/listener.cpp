#include <socketio/net/listener.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "listener_impl.hpp"

namespace socketio::net {
namespace {

constexpr int backlog = 1024;
/// Maximum number of connections accepted before the loop handles other events.
constexpr int accepts_per_turn = 128;
/// Pause of accepting when the system has no memory or no descriptor left.
constexpr std::uint32_t rest_ms = 100;
/// Descriptors reserved for the rest of the process; never more than half of its limit.
constexpr std::size_t spare_descriptors = 64;

std::size_t within_descriptor_limit(std::size_t connections_max) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return connections_max;
  }
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  return std::min(connections_max, descriptors - std::min(spare_descriptors, descriptors / 2));
}

int open_reserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

bool parse(const std::string& host, std::uint16_t port, sockaddr_storage& address) {
  const char* const numbers = host == "localhost" ? "127.0.0.1" : host.c_str();
  return uv_ip4_addr(numbers, port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
         uv_ip6_addr(numbers, port, reinterpret_cast<sockaddr_in6*>(&address)) == 0;
}

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string sentence(int error, const std::string& host, std::uint16_t port) {
  const std::string where = "port " + std::to_string(port);
  switch (error) {
    case EADDRINUSE: return where + " is in use";
    case EACCES: return where + " needs more rights than this process has";
    case EADDRNOTAVAIL: return host + " is not an address of this machine";
    default: return "cannot listen on " + host + " " + where + ": " + uv_strerror(uv_translate_sys_error(error));
  }
}

/// A listening socket, or -1 with errno set.
int open_socket(sockaddr_storage& address, bool ipv4_too) {
  const int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return -1;
  }
  const int on = 1;
  const int ipv6_only = ipv4_too ? 0 : 1;
  socklen_t size = size_of(address);
  const bool good = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                    (address.ss_family != AF_INET6 ||
                     setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof(ipv6_only)) == 0) &&
                    bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                    ::listen(descriptor, backlog) == 0 &&
                    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!good) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
    return -1;
  }
  return descriptor;
}

}  // namespace

Listener::Listener(Loop& loop, ListenerOptions options, std::function<void(ServerStream)> accepted)
    : accepting_(std::make_shared<Accepting>(loop, std::move(options), std::move(accepted))) {}
Listener::~Listener() { accepting_->detach(); }

std::string Listener::listen(const std::string& host, std::uint16_t port) { return accepting_->listen(host, port); }
std::uint16_t Listener::port() const noexcept { return accepting_->port; }
std::size_t Listener::connection_count() const noexcept { return accepting_->count; }
std::size_t Listener::connections_max() const noexcept { return accepting_->options.connections_max; }
const ListenerCounters& Listener::counters() const noexcept { return accepting_->counters; }
void Listener::use_tls(std::shared_ptr<TlsContext> tls) noexcept { accepting_->options.tls = std::move(tls); }
void Listener::stop(std::function<void()> empty) { accepting_->stop(std::move(empty)); }
void Listener::abort_all() { accepting_->abort_all(); }

Accepting::Accepting(Loop& loop, ListenerOptions given, std::function<void(ServerStream)> function)
    : core(Core::of(loop)), options(std::move(given)), accepted(std::move(function)), reserve(open_reserve()) {
  options.connections_max = within_descriptor_limit(options.connections_max);
  linger_timer.emplace(loop, [this] { give_up_overdue(); });
  rest_timer.emplace(loop, [this] {
    for (Door* const door : doors) {
      watch(*door);
    }
  });
  tell_empty.emplace(loop, [this] {
    if (count == 0) {
      for (const auto& told : std::exchange(empty, {})) {
        told();
      }
    }
  });
}

Accepting::~Accepting() {
  if (reserve >= 0) {
    ::close(reserve);
  }
}

std::string Accepting::listen(const std::string& host, std::uint16_t number) {
  sockaddr_storage address{};
  if (stopped && count != 0) {
    return "the server is being closed";
  }
  if (!parse(host, number, address)) {
    return host + " is not an address in numbers, such as 127.0.0.1 or ::1";
  }
  const bool is_any = host == "::" || host == "0.0.0.0";
  const bool is_ipv6 = address.ss_family == AF_INET6;
  if (is_any && !is_ipv6 && has_door(number, Door::Serves::both)) {
    return {};
  }
  const bool both = is_any && is_ipv6 && (number == 0 || !has_door(number, Door::Serves::ipv4));
  const int descriptor = open_socket(address, both);
  if (descriptor < 0) {
    return sentence(errno, host, number);
  }
  const std::uint16_t bound = ntohs(is_ipv6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                            : reinterpret_cast<const sockaddr_in&>(address).sin_port);
  const auto serves = both ? Door::Serves::both : is_ipv6 ? Door::Serves::ipv6 : Door::Serves::ipv4;
  auto* const door = new Door{{}, shared_from_this(), descriptor, bound, serves};
  if (const int status = uv_poll_init(core.uv(), &door->poll, descriptor); status != 0) {
    delete door;
    ::close(descriptor);
    return std::string("the event loop cannot watch a socket: ") + uv_strerror(status);
  }
  door->poll.data = door;
  stopped = false;
  doors.push_back(door);
  watch(*door);
  port = bound;
  return {};
}

bool Accepting::has_door(std::uint16_t number, Door::Serves serves) const noexcept {
  return std::any_of(doors.begin(), doors.end(),
                     [=](const Door* door) { return door->port == number && door->serves == serves; });
}

void Accepting::watch(Door& door) {
  uv_poll_start(&door.poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
    Door& ready = *static_cast<Door*>(handle->data);
    ready.accepting->accept_some(ready);
  });
}

void Accepting::accept_some(Door& door) {
  for (int taken = 0; taken < accepts_per_turn && !stopped; ++taken) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    const int socket = accept4(door.descriptor, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      welcome(socket, address);
      continue;
    }
    switch (errno) {
      case EAGAIN: return;
      case EMFILE:
      case ENFILE:
        if (!refuse_with_reserve(door.descriptor)) {
          return;
        }
        break;
      // Errors of one connection, which the next one need not have (accept(2)).
      case ECONNABORTED:
      case EINTR:
      case EPERM:
      case EPROTO:
      case ENETDOWN:
      case ENOPROTOOPT:
      case EHOSTDOWN:
      case ENONET:
      case EHOSTUNREACH:
      case EOPNOTSUPP:
      case ENETUNREACH: break;
      default: rest(); return;  // ENOBUFS, ENOMEM, and what would fail again at once
    }
  }
}

bool Accepting::refuse_with_reserve(int descriptor) {
  if (reserve >= 0) {
    ::close(reserve);
  }
  const int socket = accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC);
  const int error = errno;
  if (socket >= 0) {
    ++counters.refused;
    ::close(socket);
  }
  reserve = open_reserve();
  if (reserve < 0 || (socket < 0 && error != EAGAIN)) {
    rest();
    return false;
  }
  return socket >= 0;
}

bool Accepting::is_full() const noexcept {
  return (options.counts ? options.counts->total() : count) >= options.connections_max;
}

void Accepting::welcome(int socket, const sockaddr_storage& address) {
  if (is_full()) {
    ++counters.refused;
    if (!options.refusal.empty() && !options.tls) {
      // Best effort without waiting: if the client has already sent bytes, close() resets the connection and the refusal may be
      // lost.
      static_cast<void>(!::send(socket, options.refusal.data(), options.refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    ::close(socket);
    return;
  }
  LooseStream::State state(socket, PeerAddress(address));
  if (options.proxied && options.proxied(state.peer.text())) {
    state.proxy_header = std::make_unique<Buffer>();
  }
  if (options.tls) {
    state.tls = std::make_unique<TlsSession>(options.tls, TlsSession::Role::server);
  }
  if (options.counts) {
    state.counts = options.counts;
    state.loop = options.counts->emptiest();
    state.counts->opened(state.loop);
    if (state.loop != options.loop) {
      ++counters.accepted;
      const std::size_t loop = state.loop;
      options.give_away(loop, LooseStream(std::make_unique<LooseStream::State>(std::move(state))));
      return;
    }
  }
  ServerStream stream = take_on(std::move(state));
  if (!stream) {
    ++counters.refused;
    return;
  }
  ++counters.accepted;
  accepted(std::move(stream));
}

ServerStream Accepting::take_on(LooseStream::State state) {
  auto stream = std::make_unique<ServerStream::Impl>(shared_from_this(), std::move(state));
  return stream->open() ? ServerStream(stream.release()) : ServerStream();
}

ServerStream Listener::adopt(LooseStream stream) { return accepting_->take_on(std::move(*stream.state_)); }

void Accepting::rest() {
  for (Door* const door : doors) {
    uv_poll_stop(&door->poll);
  }
  rest_timer->start(rest_ms);
}

void Accepting::stop(std::function<void()> told) {
  if (told) {
    empty.push_back(std::move(told));
  }
  close_doors();
  tell_empty->request();
}

void Accepting::close_doors() noexcept {
  stopped = true;
  if (rest_timer) {
    rest_timer->stop();
  }
  for (Door* const door : std::exchange(doors, {})) {
    uv_close(reinterpret_cast<uv_handle_t*>(&door->poll), [](uv_handle_t* handle) { delete static_cast<Door*>(handle->data); });
    ::close(door->descriptor);
  }
}

void Accepting::abort_all() {
  while (!finishing.empty()) {
    finishing.front().close();
  }
  List<ServerStream::Impl> all;
  all.take(streams);
  while (!all.empty()) {
    ServerStream::Impl& stream = all.front();
    streams.push_back(stream);
    stream.abort();
  }
}

void Accepting::restart_linger(ServerStream::Impl& stream) {
  stream.give_up_ms = core.now_ms() + options.linger_ms;
  finishing.push_back(stream);
  if (!linger_timer->active()) {
    linger_timer->start(options.linger_ms);
  }
}

void Accepting::give_up_overdue() {
  const std::uint64_t now = core.now_ms();
  while (!finishing.empty() && finishing.front().give_up_ms <= now) {
    finishing.front().close();
  }
  if (!finishing.empty()) {
    linger_timer->start(finishing.front().give_up_ms - now);
  }
}

void Accepting::uncount() noexcept {
  if (options.counts) {
    options.counts->closed(options.loop);
  }
}

void Accepting::stream_closed() noexcept {
  --count;
  if (count == 0 && stopped && !detached) {
    tell_empty->request();
  }
  if (finishing.empty() && linger_timer) {
    linger_timer->stop();  // lets a loop with no other work end
  }
}

void Accepting::detach() noexcept {
  detached = true;
  close_doors();
  while (!finishing.empty()) {
    finishing.front().close();
  }
  linger_timer.reset();
  rest_timer.reset();
  tell_empty.reset();
  empty.clear();
}

}  // namespace socketio::net
