// Property: whatever a node of a cluster says, a slot map has an owner that exists for each slot or none, what is refused has a
// reason, and a redirection leads to a slot and an address that can exist.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/limits.hpp>

#include "fuzz/check.hpp"
#include "slot_map.hpp"
#include "reply_reader.hpp"
#include "routing.hpp"

using namespace socketio;
using namespace socketio::redis;

namespace {

struct NoMessages final : MessageSink {
  void on_push(SubscriptionKind, std::string_view, std::string_view, Bytes) override {}
};

void check_map(const Reply& reply) {
  std::string error;
  const auto map = parse_slot_map(reply, "seed", error);
  FUZZ_CHECK(map.has_value() == error.empty());
  if (!map) {
    return;
  }
  FUZZ_CHECK(map->owners.size() == slot_count);
  FUZZ_CHECK(!map->nodes.empty() && map->nodes.size() <= limits::cluster_nodes_max);
  for (const std::uint16_t owner : map->owners) {
    FUZZ_CHECK(owner == SlotMap::no_node || (owner < map->nodes.size() && map->nodes[owner].is_primary));
  }
  for (const SlotMap::Node& node : map->nodes) {
    FUZZ_CHECK(node.endpoint.port != 0 && !node.endpoint.host.empty());
  }
}

void check_redirection(std::string_view text) {
  if (const auto redirection = parse_redirection(text, "seed"); redirection && redirection->kind != Redirection::Kind::later) {
    FUZZ_CHECK(redirection->slot < slot_count);
    FUZZ_CHECK(redirection->target.port != 0 && !redirection->target.host.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t reply_bytes_max = 1'000'000;
  check_redirection({reinterpret_cast<const char*>(data), size});
  NoMessages sink;
  ReplyReader reader(reply_bytes_max, sink);
  reader.feed({data, size});
  std::vector<Reply> replies;
  for (ReplyReader::Item item = reader.next(); item == ReplyReader::Item::reply || item == ReplyReader::Item::integer;
       item = reader.next()) {
    if (item == ReplyReader::Item::reply) {
      check_map(reader.reply());
      check_redirection(reader.reply().text);
      replies.push_back(std::move(reader.reply()));
    }
  }
  static_cast<void>(join_replies(std::move(replies)));
  return 0;
}
