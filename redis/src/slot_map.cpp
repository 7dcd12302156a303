#include "slot_map.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include <socketio/common/limits.hpp>

namespace socketio::redis {
namespace {

constexpr std::array<std::uint16_t, 256> make_table() noexcept {
  std::array<std::uint16_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = static_cast<std::uint32_t>(byte) << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder << 1U) ^ ((remainder & 0x8000U) != 0 ? 0x1021U : 0U);
    }
    table[byte] = static_cast<std::uint16_t>(remainder & 0xffffU);
  }
  return table;
}

constexpr std::array<std::uint16_t, 256> table = make_table();

/// Maximum length of a DNS name; addresses are shorter.
constexpr std::size_t host_bytes_max = 255;

std::optional<std::uint16_t> number(std::string_view text) noexcept {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// False for a host that a cluster announces as empty or "?" because it does not know it, and for one that is too long.
bool is_known_host(std::string_view host) noexcept { return !host.empty() && host != "?" && host.size() <= host_bytes_max; }

constexpr std::size_t owner_place = 2;  ///< position in a range, after its first and last slot

class Reader {
 public:
  Reader(std::string_view answering, std::string& error) : answering_(answering), error_(error) {
    map_.owners.assign(slot_count, SlotMap::no_node);
  }

  bool take(const Reply& range) {
    const auto& parts = range.elements;
    if (parts.size() <= owner_place || parts[0].type != Reply::Type::integer || parts[1].type != Reply::Type::integer) {
      return fail("a range of slots has no owner");
    }
    const std::int64_t first = parts[0].integer;
    const std::int64_t last = parts[1].integer;
    if (first < 0 || last < first || last >= slot_count) {
      return fail("there is no such range of slots");
    }
    std::uint16_t owner = SlotMap::no_node;
    for (std::size_t index = owner_place; index < parts.size(); ++index) {
      const std::uint16_t node = take_node(parts[index]);
      if (node == SlotMap::no_node) {
        return false;
      }
      owner = index == owner_place ? node : owner;
    }
    map_.nodes[owner].is_primary = true;
    for (auto slot = static_cast<std::size_t>(first); slot <= static_cast<std::size_t>(last); ++slot) {
      if (map_.owners[slot] != SlotMap::no_node) {
        return fail("a slot has two owners");
      }
      map_.owners[slot] = owner;
    }
    return true;
  }

  SlotMap result() { return std::move(map_); }

 private:
  std::uint16_t take_node(const Reply& node) {
    const auto& parts = node.elements;
    if (parts.size() < 2 || parts[1].type != Reply::Type::integer || parts[1].integer <= 0 || parts[1].integer > 65'535) {
      fail("a node has no address");
      return SlotMap::no_node;
    }
    const std::string_view host = is_known_host(parts[0].text) ? std::string_view(parts[0].text) : answering_;
    Endpoint endpoint{std::string(host), static_cast<std::uint16_t>(parts[1].integer)};
    const auto [place, is_new] =
        known_.try_emplace({endpoint.host, endpoint.port}, static_cast<std::uint16_t>(map_.nodes.size()));
    if (is_new) {
      if (map_.nodes.size() >= limits::cluster_nodes_max) {
        fail("there are more nodes than the limit");
        return SlotMap::no_node;
      }
      map_.nodes.push_back({std::move(endpoint), false});
    }
    return place->second;
  }

  bool fail(const char* why) {
    error_ = why;
    return false;
  }

  std::string_view answering_;
  std::string& error_;
  SlotMap map_;
  std::map<std::pair<std::string, std::uint16_t>, std::uint16_t> known_;
};

}  // namespace

std::uint16_t crc16(std::string_view bytes) noexcept {
  std::uint32_t remainder = 0;
  for (const char byte : bytes) {
    const std::uint32_t index = (remainder >> 8U) ^ static_cast<std::uint8_t>(byte);
    remainder = ((remainder << 8U) & 0xffffU) ^ table[index];
  }
  return static_cast<std::uint16_t>(remainder);
}

std::uint16_t slot_of(std::string_view key) noexcept {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close != open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return crc16(key) % slot_count;
}

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

std::optional<SlotMap> parse_slot_map(const Reply& reply, std::string_view answering, std::string& error) {
  if (reply.type != Reply::Type::array) {
    error = "the answer is no list";
    return std::nullopt;
  }
  if (reply.elements.empty()) {
    error = "no node owns a slot";
    return std::nullopt;
  }
  Reader reader(answering, error);
  if (!std::all_of(reply.elements.begin(), reply.elements.end(), [&](const Reply& range) { return reader.take(range); })) {
    return std::nullopt;
  }
  return reader.result();
}

}  // namespace socketio::redis
