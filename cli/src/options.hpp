#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/asking.hpp>
#include <socketio/emitter/transport.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/redis/options.hpp>

#include "operation.hpp"

namespace socketio::cli {

enum class Output : std::uint8_t { text, json, quiet };
/// Who says which transport it is.
enum class TransportChoice : std::uint8_t {
  by_default,  ///< the fleet; classic when nobody listens
  automatic,   ///< the fleet; an error when nobody listens
  named,       ///< the user; an error when others listen, and by that transport nobody
};
enum class Action : std::uint8_t { emit, help, version, usage };

/// The command line, read and checked as far as that is possible without doing anything.
struct Options {
  Action action = Action::emit;

  redis::Options redis;
  /// What --transport names; empty: auto, until somebody has looked at the fleet; without --transport classic, until then.
  std::vector<Transport> transports = {Transport::classic};
  TransportChoice transport_choice = TransportChoice::by_default;
  bool force_transport = false;  ///< the named transport is used whoever listens
  std::string key = "socket.io";
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;
  std::string stream_name = "socket.io";
  std::uint32_t stream_count = 1;
  bool stream_count_given = false;
  bool use_sharded_pubsub = false;  ///< of a streams fleet, as was seen: look_at_fleet()
  std::uint64_t stream_length_max = 10'000;
  std::chrono::milliseconds timeout{5'000};
  Output output = Output::text;
  bool verbose = false;

  Op op = Op::emit;
  std::string nsp = "/";
  std::vector<Room> rooms;     ///< without duplicates
  bool all = false;            ///< without rooms, everybody is meant: needed where something is taken away
  std::vector<Room> except;    ///< without duplicates
  std::vector<Room> op_rooms;  ///< of --join or --leave; without duplicates
  bool close = false;
  bool is_volatile = false;
  bool ack = false;                          ///< answers are wanted
  asking::Until until = asking::Until::all;  ///< with `ack`: which are enough
  std::optional<std::size_t> expected = {};  ///< with `ack`: so many are enough
  std::optional<bool> compress;

  std::optional<std::string> event;
  std::vector<std::string> arguments;
  bool plain_strings = false;

  std::optional<std::string> input;  ///< batch: path, or "-"
  bool lines_are_text = false;
  bool replay = false;              ///< the input is a recording, and keeps its times
  std::optional<double> speed = 1;  ///< of a replay; empty: as fast as it goes
  std::optional<double> rate;
  std::size_t line_max = std::size_t{64} << 20;
  bool skip_bad_lines = false;
  std::optional<std::string> checkpoint;
  std::optional<std::string> rejects;  ///< the file for lines that did not reach everybody

  std::optional<std::uint64_t> require_receivers;
  bool dry_run = false;
  bool beside_classic = false;    ///< classic servers were seen: look_at_fleet()
  bool one_cluster_node = false;  ///< the Redis is a node of a Redis Cluster, asked alone: look_at_fleet()
  bool no_room_channels = false;  ///< sharded: no room has a channel, as was seen: look_for_room_channels()

  /// The settings of the fleet on one of the transports.
  [[nodiscard]] FleetSettings fleet(Transport transport) const {
    return {transport,          key,
            sharded_mode,       stream_name,
            stream_count,       stream_length_max,
            use_sharded_pubsub, beside_classic || uses(Transport::classic)};
  }
  /// In a Redis Cluster a node knows only its own subscribers; the others are reached, but not counted.
  [[nodiscard]] bool counts_one_node() const {
    return (redis.topology == redis::Topology::cluster || one_cluster_node) && uses(Transport::classic);
  }
  [[nodiscard]] bool uses(Transport transport) const {
    return std::find(transports.begin(), transports.end(), transport) != transports.end();
  }
};

/// What the options are read from, besides the arguments.
struct Surroundings {
  std::function<std::optional<std::string>(const char* name)> variable;  ///< of the environment
  bool output_is_terminal = false;
};

/// Reads the arguments (without the program's name). Reads --password-file, too.
///
/// Fails      Failure(usage) with a sentence.
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// One option as the parser knows it: for the test that compares the help text with it.
struct OptionNames {
  char letter = 0;  ///< 0: none
  std::vector<std::string> names;
  bool takes_value = false;
};
std::vector<OptionNames> option_names();

}  // namespace socketio::cli
