// Lists the sockets, counts them, and lists the rooms with their sizes.

#include <unordered_map>

#include "common/json_object.hpp"
#include "common/text.hpp"
#include "names.hpp"
#include "options.hpp"
#include "questions.hpp"
#include "table.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr std::size_t id_width = 20;
constexpr std::size_t value_bytes_shown = 200;
constexpr std::size_t value_bytes_verbose = 2'000;

void append_json(Buffer& out, const asking::Socket& socket) {
  JsonObject object(out);
  object.text("id", socket.id);
  Buffer& rooms = object.member("rooms");
  socket.packed_rooms.empty() ? rooms.append("[]") : JsonObject::append_packed(rooms, socket.packed_rooms.bytes());
  object.packed("data", socket.packed_data.bytes());
  object.packed("handshake", socket.packed_handshake.bytes());
  object.end_line();
}

std::string value_text(const Value& value, std::size_t bytes_shown) {
  Buffer json;
  JsonObject::append_packed(json, value.packed());
  return text::excerpt(json.text(), bytes_shown);
}

std::string rooms_text(const asking::Socket& socket) {
  std::vector<std::string> others = socket.rooms;
  std::erase(others, socket.id);
  return others.empty() ? "" : "  rooms " + text::some_of(others, names::shown);
}

/// Appends `ID  from ADDRESS since TIME  rooms a, b  data {...}`
void append_text(Buffer& out, const asking::Socket& socket, bool verbose) {
  std::string line = text::excerpt(socket.id, names::bytes_shown);
  line.resize(std::max(line.size(), id_width), ' ');
  const Value handshake = socket.handshake();
  if (const auto address = handshake.member("address").as<std::string_view>(); address && !address->empty()) {
    line += "  from " + text::excerpt(*address);
  }
  if (const auto time = handshake.member("time").as<std::string_view>(); time && !time->empty()) {
    line += "  since " + text::excerpt(*time);
  }
  line += rooms_text(socket);
  const std::size_t bytes_shown = verbose ? value_bytes_verbose : value_bytes_shown;
  if (!socket.data().is_nothing()) {
    line += "  data " + value_text(socket.data(), bytes_shown);
  }
  if (verbose) {
    line += "  handshake " + value_text(handshake, bytes_shown);
  }
  out.append(line + "\n");
}

}  // namespace

ExitStatus run_sockets(const Options& options, Console& console) {
  std::uint64_t count = 0;
  Buffer line;
  Questions questions(options, console, "sockets");
  const auto result = questions.ask<asking::Sockets>([&](AsyncAsker& asker, auto done) {
    asker.fetch_sockets(
        questions.target(), questions.how(),
        [&](const asking::Socket& socket) {
          ++count;
          line.clear();
          if (options.common.output == Output::json) {
            append_json(line, socket);
          } else if (options.common.output == Output::text) {
            append_text(line, socket, options.common.verbose);
          }
          questions.print(line.text());
        },
        std::move(done));
  });
  if (options.common.output == Output::text && questions.was_asked()) {
    console.note(units::counted(count, "socket") + " of " + units::counted(result.servers_answered, "server") + ".");
  }
  return questions.finish();
}

ExitStatus run_count(const Options& options, Console& console) {
  Questions questions(options, console, "count");
  const auto result = questions.ask<asking::Count>(
      [&](AsyncAsker& asker, auto done) { asker.count(questions.target(), questions.how(), std::move(done)); });
  if (questions.was_asked()) {
    const std::string count = std::to_string(result.count);
    questions.print(options.common.output == Output::json ? "{\"count\":" + count + "}\n" : count + "\n");
  }
  return questions.finish();
}

// ---- rooms ------------------------------------------------------------------------------------------------------------------

namespace {

// The sizes come from the sockets: no transport has a request for sizes, and one request for all sockets costs a fleet less
// than one per room.
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
    table.add({names::shown(name), units::grouped(size.sockets)});
  }
  questions.print(table.text());
}

void show_json(const std::vector<Row>& rows, Questions& questions) {
  Buffer out;
  for (const auto& [name, size] : rows) {
    out.clear();
    JsonObject(out).text("room", name).number("sockets", size.sockets).end_line();
    questions.print(out.text());
  }
}

}  // namespace

ExitStatus run_rooms(const Options& options, Console& console) {
  Rooms rooms;
  std::vector<std::string_view> own;
  Questions questions(options, console, "rooms");
  questions.ask<asking::Sockets>([&](AsyncAsker& asker, auto done) {
    asker.fetch_sockets(
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
        std::move(done));
  });
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
