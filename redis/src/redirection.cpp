#include "redirection.hpp"

#include <charconv>
#include <cstddef>
#include <string>

#include "slot.hpp"

namespace socketio::redis {
namespace {

/// Maximum length of a DNS name; addresses are shorter.
constexpr std::size_t host_bytes_max = 255;

std::optional<std::uint16_t> number(std::string_view text) noexcept {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

bool is_known_host(std::string_view host) noexcept { return !host.empty() && host != "?" && host.size() <= host_bytes_max; }

std::optional<Redirection> parse_redirection(std::string_view error, std::string_view answering) {
  const std::string_view word = error.substr(0, error.find(' '));
  if (word == "TRYAGAIN" || word == "CLUSTERDOWN" || word == "LOADING" || word == "MASTERDOWN") {
    return Redirection{};
  }
  if ((word != "MOVED" && word != "ASK") || word.size() == error.size()) {
    return std::nullopt;
  }
  error.remove_prefix(word.size() + 1);
  const std::size_t space = error.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const auto slot = number(error.substr(0, space));
  std::string_view address = error.substr(space + 1);
  address = address.substr(0, address.find(' '));
  const std::size_t colon = address.rfind(':');  // an IPv6 address has more of them, and no brackets
  if (!slot || *slot >= slot_count || colon == std::string_view::npos || colon > host_bytes_max) {
    return std::nullopt;
  }
  const auto port = number(address.substr(colon + 1));
  if (!port || *port == 0) {
    return std::nullopt;
  }
  const std::string_view host = is_known_host(address.substr(0, colon)) ? address.substr(0, colon) : answering;
  return Redirection{word == "MOVED" ? Redirection::Kind::moved : Redirection::Kind::ask, *slot, {std::string(host), *port}};
}

}  // namespace socketio::redis
