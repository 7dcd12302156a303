#include "slot_map.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <socketio/common/limits.hpp>

#include "redirection.hpp"

namespace socketio::redis {
namespace {

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
