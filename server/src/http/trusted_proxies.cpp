#include "trusted_proxies.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include <socketio/common/error.hpp>

#include "http_text.hpp"

namespace socketio::server {
namespace {

constexpr std::array<std::uint8_t, 12> ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned ipv4_prefix_bits = 96;

bool is_ipv4(const IpAddress& address) noexcept {
  return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), address.bytes.begin());
}

/// The items of a list that may be spread over several headers, separated by `separator` outside quotes.
std::vector<std::string_view> items(std::string_view list, char separator) {
  std::vector<std::string_view> all;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t index = 0; index <= list.size(); ++index) {
    if (index == list.size() || (list[index] == separator && !quoted)) {
      all.push_back(trimmed(list.substr(begin, index - begin)));
      begin = index + 1;
    } else if (list[index] == '"') {
      quoted = !quoted;
    }
  }
  return all;
}

std::vector<std::string_view> items_of(const HttpRequest& request, std::string_view header) {
  std::vector<std::string_view> all;
  for (const auto& [name, value] : request.headers) {
    if (name == header) {
      const auto more = items(value, ',');
      all.insert(all.end(), more.begin(), more.end());
    }
  }
  return all;
}

/// An address with or without its port: "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1".
std::optional<IpAddress> parse_node(std::string_view text) {
  if (text.starts_with('[')) {
    return IpAddress::parse(text.substr(1, text.find(']') - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  return IpAddress::parse(text);
}

/// The address and protocol that one hop reports of the hop before it.
struct Said {
  std::string_view node;
  std::string_view protocol;  ///< empty: nothing
};

std::string_view unquoted(std::string_view text) noexcept {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

std::vector<Said> read_forwarded(const HttpRequest& request) {
  std::vector<Said> all;
  for (const std::string_view element : items_of(request, "forwarded")) {
    Said said;
    for (const std::string_view pair : items(element, ';')) {
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const std::string_view name = pair.substr(0, equals);
      const std::string_view value = unquoted(pair.substr(std::min(equals + 1, pair.size())));
      if (equals_ignoring_case(name, "for")) {
        said.node = value;
      } else if (equals_ignoring_case(name, "proto")) {
        said.protocol = value;
      }
    }
    all.push_back(said);
  }
  return all;
}

/// The protocols count from the right, too; many proxies replace the header, so that the only one is for all hops.
std::vector<Said> read_x_forwarded(const HttpRequest& request) {
  std::vector<Said> all;
  for (const std::string_view node : items_of(request, "x-forwarded-for")) {
    all.push_back({node, {}});
  }
  const auto protocols = items_of(request, "x-forwarded-proto");
  if (all.empty() && !protocols.empty()) {
    all.push_back({{}, protocols.back()});
  }
  for (std::size_t from_right = 0; from_right < all.size() && !protocols.empty(); ++from_right) {
    all[all.size() - 1 - from_right].protocol = protocols[protocols.size() - 1 - std::min(from_right, protocols.size() - 1)];
  }
  return all;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    return address;
  }
  std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), address.bytes.begin());
  return inet_pton(AF_INET, copy.c_str(), address.bytes.data() + ipv4_prefix.size()) == 1 ? std::optional(address)
                                                                                          : std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  const bool ipv4 = is_ipv4(*this);
  const char* const made =
      inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes.data() + (ipv4 ? ipv4_prefix.size() : 0), room.data(), room.size());
  return made != nullptr ? made : "";
}

TrustedProxies::TrustedProxies(const TrustProxyOptions& options)
    : hops_(options.hops),
      any_(options.hops != 0 || !options.addresses.empty() || options.predicate),
      forwarded_(options.forwarded),
      predicate_(options.predicate) {
  for (const std::string& text : options.addresses) {
    add(text);
  }
  if (options.proxy_protocol && !any_) {
    throw Error(ErrorCode::bad_option, "http.trust_proxy.proxy_protocol needs hops, addresses or a predicate beside it.");
  }
}

void TrustedProxies::add(std::string_view text) {
  constexpr std::array<std::string_view, 2> loopback = {"127.0.0.0/8", "::1"};
  constexpr std::array<std::string_view, 2> link_local = {"169.254.0.0/16", "fe80::/10"};
  constexpr std::array<std::string_view, 4> unique_local = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
  const auto add_all = [this](const auto& all) { std::for_each(all.begin(), all.end(), [this](auto one) { add(one); }); };
  if (text == "loopback") {
    return add_all(loopback);
  }
  if (text == "linklocal") {
    return add_all(link_local);
  }
  if (text == "uniquelocal") {
    return add_all(unique_local);
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = IpAddress::parse(text.substr(0, slash));
  const bool written_as_ipv4 = text.find(':') == std::string_view::npos;
  const unsigned bits_max = written_as_ipv4 ? 32 : 128;
  unsigned bits = bits_max;
  bool good = address.has_value();
  if (slash != text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    good = good && error == std::errc() && end == digits.data() + digits.size() && bits <= bits_max;
  }
  if (!good) {
    throw Error(ErrorCode::bad_option,
                "http.trust_proxy.addresses has what is no address and no network: \"" + std::string(text) + "\".");
  }
  networks_.push_back({*address, bits + (written_as_ipv4 ? ipv4_prefix_bits : 0)});
}

bool TrustedProxies::trusts(std::string_view address, std::size_t hop) const {
  if (hop < hops_) {
    return true;
  }
  if (const auto parsed = networks_.empty() ? std::nullopt : IpAddress::parse(address)) {
    const bool inside = std::any_of(networks_.begin(), networks_.end(), [&parsed](const Network& network) {
      const unsigned whole = network.bits / 8;
      const unsigned rest = network.bits % 8;
      return std::equal(parsed->bytes.begin(), parsed->bytes.begin() + whole, network.address.bytes.begin()) &&
             (rest == 0 || (parsed->bytes[whole] ^ network.address.bytes[whole]) >> (8 - rest) == 0);
    });
    if (inside) {
      return true;
    }
  }
  try {
    return predicate_ && predicate_(address, hop);
  } catch (...) {  // not trusted
    return false;
  }
}

void TrustedProxies::apply(HttpRequest& request, std::size_t hop) const {
  if (!trusts(request.address, hop)) {
    return;
  }
  const auto chain = forwarded_ ? read_forwarded(request) : read_x_forwarded(request);
  for (auto said = chain.rbegin(); said != chain.rend(); ++said) {
    if (!said->protocol.empty()) {
      request.secure = equals_ignoring_case(said->protocol, "https") || equals_ignoring_case(said->protocol, "wss");
    }
    const auto address = parse_node(said->node);
    if (!address) {
      return;
    }
    request.address = address->text();
    if (!trusts(request.address, ++hop)) {
      return;
    }
  }
}

}  // namespace socketio::server
