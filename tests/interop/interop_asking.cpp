#include "interop_asking.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <socketio/asker.hpp>

using nlohmann::json;
using namespace socketio;

namespace {

Fleet fleet_of(const json& command) {
  Fleet fleet;
  const std::string transport = command.value("transport", "classic");
  const std::string mode = command.value("mode", "dynamic");
  fleet.transport = transport == "sharded"   ? Transport::sharded
                    : transport == "streams" ? Transport::streams
                                             : Transport::classic;
  fleet.sharded_mode = mode == "static"    ? SubscriptionMode::only_static
                       : mode == "dynamic" ? SubscriptionMode::dynamic
                                           : SubscriptionMode::dynamic_private;
  fleet.stream_count = command.value("stream_count", 1U);
  return fleet;
}

Target target_of(const json& command) {
  Target target;
  target.nsp = command.value("nsp", "/");
  for (const std::string room : command.value("to", json::array())) {
    target.rooms.emplace_back(room);
  }
  for (const std::string room : command.value("except", json::array())) {
    target.except.emplace_back(room);
  }
  return target;
}

asking::Options options_of(const json& command) {
  asking::Options options;
  options.timeout = std::chrono::milliseconds(command.value("timeout_ms", 20'000));
  const std::string until = command.value("until", "all");
  options.until = until == "first" ? asking::Until::first : until == "quorum" ? asking::Until::quorum : asking::Until::all;
  return options;
}

json found(const asking::Answered& answered) {
  return {{"ok", true},
          {"complete", answered.complete},
          {"error", answered.error},
          {"servers", answered.servers_asked},
          {"answered", answered.servers_answered},
          {"missing", answered.missing}};
}

}  // namespace

json ask_fleet(const json& command) {
  static std::map<std::string, std::unique_ptr<Asker>> askers;
  const std::string url = command.at("url");
  std::unique_ptr<Asker>& asker = askers[url + command.value("transport", "") + command.value("mode", "")];
  if (!asker) {
    asker = std::make_unique<Asker>(url, fleet_of(command));
  }
  const std::string what = command.at("ask");
  const std::string nsp = command.value("nsp", "/");
  const asking::Options options = options_of(command);
  if (what == "sockets") {
    const asking::Sockets sockets = asker->fetch_sockets(target_of(command), options);
    json result = found(sockets);
    for (const asking::Socket& socket : sockets.sockets) {
      result["sockets"].push_back({{"id", socket.id},
                                   {"rooms", socket.rooms},
                                   {"data", json::parse(socket.data().json())},
                                   {"handshake", json::parse(socket.handshake().json())}});
    }
    return result;
  }
  if (what == "count") {
    const asking::Count count = asker->count(target_of(command), options);
    json result = found(count);
    result["count"] = count.count;
    return result;
  }
  if (what == "rooms") {
    const asking::Rooms rooms = asker->all_rooms(nsp, options);
    json result = found(rooms);
    result["rooms"] = rooms.rooms;
    return result;
  }
  if (what == "servers") {
    const asking::Servers servers = asker->servers(nsp, options);
    json result = found(servers);
    for (const asking::Server& server : servers.servers) {
      result["list"].push_back({{"uid", server.uid}, {"sockets", server.sockets}});
    }
    return result;
  }
  const asking::Event event(command.at("event").get<std::string>(), command.value("argument", 0));
  if (what == "acks") {
    const asking::Acks acks = asker->emit_with_ack(target_of(command), event, options);
    json result = found(acks);
    result["clients"] = acks.clients;
    result["answers"] = json::array();
    for (const Buffer& answer : acks.answers) {
      result["answers"].push_back(json::parse(Value(answer.bytes()).json()));
    }
    return result;
  }
  if (what == "server-side") {
    const asking::ServerAnswers answers = asker->server_side_emit(nsp, event, options);
    json result = found(answers);
    result["answers"] = json::array();
    for (const asking::ServerAnswer& answer : answers.answers) {
      result["answers"].push_back(json::parse(answer.value().json()));
    }
    return result;
  }
  throw std::runtime_error("unknown question " + what);
}
