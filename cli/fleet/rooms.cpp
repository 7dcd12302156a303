// Lists the rooms with their sizes, computed from the sockets: no transport has a request for sizes, and one request for all
// sockets costs a fleet less than one per room.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/transcode.hpp>

#include "common/signals.hpp"
#include "common/text.hpp"
#include "common/units.hpp"
#include "names.hpp"
#include "questions.hpp"
#include "subcommands.hpp"
#include "table.hpp"

namespace socketio::cli::fleet {
namespace {

struct Size {
  std::uint64_t sockets = 0;
  bool is_id = false;  ///< the name is the id of a socket
};
using Rooms = std::unordered_map<std::string, Size>;
using Row = std::pair<std::string_view, Size>;

/// The largest rooms first, rooms named by a socket's id last.
std::vector<Row> sorted(const Rooms& rooms, bool without_ids) {
  std::vector<Row> rows;
  for (const auto& [name, size] : rooms) {
    if (size.sockets != 0 && !(without_ids && size.is_id)) {
      rows.emplace_back(name, size);
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tuple(a.second.is_id, b.second.sockets, a.first) < std::tuple(b.second.is_id, a.second.sockets, b.first);
  });
  return rows;
}

void show_text(const std::vector<Row>& rows, Questions& questions) {
  Table table({{"room"}, {"sockets", Table::Align::right}});
  for (const auto& [name, size] : rows) {
    table.add({name.empty() ? "\"\"" : text::excerpt(name, names::bytes_shown), units::grouped(size.sockets)});
  }
  questions.print(table.text());
}

void show_json(const std::vector<Row>& rows, Questions& questions) {
  Buffer out;
  for (const auto& [name, size] : rows) {
    out.clear();
    out.append("{\"room\":");
    transcode::append_json_string(out, name);
    out.append(",\"sockets\":" + std::to_string(size.sockets) + "}\n");
    questions.print(out.text());
  }
}

}  // namespace

ExitStatus run_rooms(const Options& options, Console& console) {
  const Signals no_broken_pipes;
  Rooms rooms;
  std::vector<std::string_view> own;
  std::optional<asking::Sockets> result;
  Questions questions(options, console, "rooms");
  questions.connect();
  const Bus bus = questions.one_bus();
  questions.asker(bus).fetch_sockets(
      questions.target(), questions.how(),
      [&rooms, &own](const asking::Socket& socket) {
        rooms[socket.id].is_id = true;
        own.assign(socket.rooms.begin(), socket.rooms.end());
        std::sort(own.begin(), own.end());  // a room that occurs twice in a list counts once
        own.erase(std::unique(own.begin(), own.end()), own.end());
        std::erase(own, RoomList::nobody);  // values like undefined, which are not names
        for (const std::string_view room : own) {
          ++rooms[std::string(room)].sockets;
        }
      },
      [&result](asking::Sockets ended) { result = std::move(ended); });
  questions.wait([&result] { return result.has_value(); });
  questions.account(*result, bus, options.namespaces.front());
  const std::vector<Row> rows = sorted(rooms, options.without_ids);
  if (options.common.output == Output::json) {
    show_json(rows, questions);
  } else if (options.common.output == Output::text) {
    show_text(rows, questions);
    if (questions.was_asked()) {
      const auto ids = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.second.is_id; });
      console.note(units::counted(rows.size(), "room") +
                   (ids == 0 ? ""
                             : ", of which " + units::grouped(static_cast<std::uint64_t>(ids)) +
                                   (ids == 1 ? " is the id of a socket" : " are ids of sockets")) +
                   ".");
    }
  }
  return questions.finish();
}

}  // namespace socketio::cli::fleet
