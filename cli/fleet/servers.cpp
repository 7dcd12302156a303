// Prints one line per server. Responses with the same uid are from one server; JavaScript servers have a different uid in each
// namespace, and classic responses have no uid.

#include "commander.hpp"
#include "common/json_object.hpp"
#include "common/text.hpp"
#include "options.hpp"
#include "questions.hpp"
#include "table.hpp"

namespace socketio::cli::fleet {
namespace {

/// Number of namespaces with a pending request at a time.
constexpr std::size_t places_at_once = 64;

struct Line {
  Bus bus;
  std::string uid;  ///< empty when unknown
  std::vector<std::string> namespaces;
  std::uint64_t ms = 0;
  std::uint64_t sockets = 0;
};

struct Place {
  Bus bus;
  std::string nsp;
};

class Servers {
 public:
  Servers(const Options& options, Console& console)
      : options_(options), console_(console), questions_(options, console, "servers") {}

  ExitStatus run() {
    questions_.connect();
    find_places();
    while (next_ < std::min(places_.size(), places_at_once)) {
      ask_next();
    }
    questions_.wait([this] { return ended_ == places_.size(); });
    std::sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) {
      return std::tie(a.bus, a.namespaces, a.uid, a.ms) < std::tie(b.bus, b.namespaces, b.uid, b.ms);
    });
    show();
    const ExitStatus status = questions_.finish();
    if (streams_unasked_ == 0) {
      return status;
    }
    console_.error("Streams servers in " + units::counted(streams_unasked_, "namespace") +
                   " were not asked: classic servers with the same key hear the question there, and it would end them. Give "
                   "the streams servers another channelPrefix.");
    return status == ExitStatus::ok ? ExitStatus::unanswered : status;
  }

 private:
  void find_places() {
    if (!options_.namespaces.empty() && !options_.buses.empty()) {  // channels do not identify every namespace
      add_places(options_.buses, [this](Bus) { return options_.namespaces; });
      return;
    }
    const FoundNamespaces found = look_at_fleet(questions_.redis(), options_);
    std::vector<Bus> buses = options_.buses;
    if (buses.empty() && options_.one_bus) {
      if (!found.transport) {
        fail_usage(text::excerpt(found.message, 600));
      }
      buses = {*found.transport};
    } else if (buses.empty()) {
      buses.assign(std::begin(all_buses), std::end(all_buses));
    }
    std::vector<std::string> streams = found.streams;
    if (options_.buses.empty()) {  // without --transport, harmful requests are not sent
      std::erase_if(streams, [&](const std::string& nsp) { return is_harmful(found, nsp); });
      streams_unasked_ = found.streams.size() - streams.size();
    }
    add_places(buses, [&](Bus bus) { return bus == Bus::streams ? streams : found.of(bus); });
  }

  template <typename NamespacesOf>
  void add_places(const std::vector<Bus>& buses, const NamespacesOf& namespaces_of) {
    for (const Bus bus : buses) {
      for (const std::string& nsp : namespaces_of(bus)) {
        places_.push_back({bus, nsp});
      }
    }
  }

  void ask_next() {
    const Place& place = places_[next_++];
    questions_.asker(place.bus).servers(place.nsp, questions_.how(), [this, place](const asking::Servers& result) {
      ++ended_;
      take(place, result);
      if (next_ < places_.size() && !questions_.is_over()) {
        ask_next();
      }
    });
  }

  void take(const Place& place, const asking::Servers& result) {
    questions_.account(result, place.bus, place.nsp);
    for (const asking::Server& server : result.servers) {
      const auto [known, is_new] = line_of_.try_emplace({place.bus, server.uid}, lines_.size());
      if (is_new || server.uid.empty()) {
        known->second = lines_.size();
        lines_.push_back({place.bus, server.uid, {}, 0, 0});
      }
      Line& line = lines_[known->second];
      line.namespaces.insert(std::upper_bound(line.namespaces.begin(), line.namespaces.end(), place.nsp), place.nsp);
      line.ms = std::max(line.ms, server.answered_ms);
      line.sockets += server.sockets;
    }
  }

  void show() {
    if (options_.common.output == Output::json) {
      for (const Line& line : lines_) {
        print_json(line);
      }
      return;
    }
    using enum Table::Align;
    Table table({{"uid"}, {"namespaces"}, {"transport"}, {"answered", right}, {"sockets", right}});
    std::uint64_t sockets = 0;
    for (const Line& line : lines_) {
      sockets += line.sockets;
      table.add({line.uid.empty() ? "-" : text::excerpt(line.uid), text::joined(line.namespaces, ", ", text::shown),
                 std::string(name_of(line.bus)), units::grouped(line.ms) + " ms", units::grouped(line.sockets)});
    }
    questions_.print(table.text());
    if (!lines_.empty()) {
      console_.note(units::counted(lines_.size(), "answer") + ", " + units::counted(sockets, "socket") + ".");
    }
  }

  void print_json(const Line& line) {
    Buffer out;
    JsonObject object(out);
    line.uid.empty() ? object.json("uid", "null") : object.text("uid", line.uid);
    object.texts("namespaces", line.namespaces).text("transport", name_of(line.bus));
    object.number("ms", line.ms).number("sockets", line.sockets).end_line();
    questions_.print(out.text());
  }

  const Options& options_;
  Console& console_;
  std::vector<Place> places_;
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
  std::size_t streams_unasked_ = 0;  ///< number of namespaces
  std::vector<Line> lines_;
  std::map<std::pair<Bus, std::string>, std::size_t> line_of_;
  Questions questions_;  ///< declared last, because closing it calls back into the others
};

}  // namespace

ExitStatus run_servers(const Options& options, Console& console) { return Servers(options, console).run(); }

}  // namespace socketio::cli::fleet
