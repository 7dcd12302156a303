// Lists the sockets, each as soon as a server reports it.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/value.hpp>

#include "common/signals.hpp"
#include "common/text.hpp"
#include "common/units.hpp"
#include "json.hpp"
#include "names.hpp"
#include "questions.hpp"
#include "subcommands.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr std::size_t id_width = 20;
constexpr std::size_t rooms_shown = 8;
constexpr std::size_t value_bytes_shown = 200;
constexpr std::size_t value_bytes_verbose = 2'000;

void append_json(Buffer& out, const asking::Socket& socket) {
  out.append("{\"id\":");
  transcode::append_json_string(out, socket.id);
  out.append(",\"rooms\":");
  socket.packed_rooms.empty() ? out.append("[]") : json::append_value(out, socket.packed_rooms.bytes());
  out.append(",\"data\":");
  json::append_value(out, socket.packed_data.bytes());
  out.append(",\"handshake\":");
  json::append_value(out, socket.packed_handshake.bytes());
  out.append("}\n");
}

std::string value_text(const Value& value, std::size_t bytes_shown) {
  Buffer json;
  json::append_value(json, value.packed());
  return text::excerpt(json.text(), bytes_shown);
}

std::string rooms_text(const asking::Socket& socket) {
  std::string result;
  std::size_t count = 0;
  for (const std::string& room : socket.rooms) {
    if (room == socket.id || ++count > rooms_shown) {
      continue;
    }
    result += (count == 1 ? "  rooms " : ", ") + (room == RoomList::nobody ? "(no name)"
                                                  : room.empty()           ? "\"\""
                                                                           : text::excerpt(room, names::bytes_shown));
  }
  return result + (count > rooms_shown ? " and " + units::grouped(count - rooms_shown) + " more" : "");
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
  const Signals no_broken_pipes;
  std::uint64_t count = 0;
  Buffer line;
  std::optional<asking::Sockets> result;
  Questions questions(options, console, "sockets");
  questions.connect();
  const Bus bus = questions.one_bus();
  questions.asker(bus).fetch_sockets(
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
      [&result](asking::Sockets ended) { result = std::move(ended); });
  questions.wait([&result] { return result.has_value(); });
  questions.account(*result, bus, options.namespaces.front());
  if (options.common.output == Output::text && questions.was_asked()) {
    console.note(units::counted(count, "socket") + " of " + units::counted(result->servers_answered, "server") + ".");
  }
  return questions.finish();
}

}  // namespace socketio::cli::fleet
