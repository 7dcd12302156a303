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
/// Source of the transport.
enum class TransportChoice : std::uint8_t {
  by_default,  ///< the fleet's; classic when no server listens
  automatic,   ///< the fleet's; an error when no server listens
  named,       ///< the user's; an error when servers listen only on other transports
};
enum class Action : std::uint8_t { emit, help, version, usage };

/// The command line, read and checked as far as that is possible without doing anything.
struct Options {
  Action action = Action::emit;

  redis::Options redis;
  /// Transports named by --transport. Until the fleet is queried: empty for auto, classic without --transport.
  std::vector<Transport> transports = {Transport::classic};
  TransportChoice transport_choice = TransportChoice::by_default;
  bool force_transport = false;  ///< use the named transport, whatever servers listen
  std::string key = "socket.io";
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;
  std::string stream_name = "socket.io";
  std::uint32_t stream_count = 1;
  bool stream_count_given = false;
  bool use_sharded_pubsub = false;  ///< the streams fleet uses sharded pub/sub; set by choose_transport()
  std::uint64_t stream_length_max = 10'000;
  std::chrono::milliseconds timeout{5'000};
  Output output = Output::text;
  bool verbose = false;

  Op op = Op::emit;
  std::string nsp = "/";
  std::vector<Room> rooms;     ///< without duplicates
  bool all = false;            ///< everybody is selected; required for leave and disconnect without rooms
  std::vector<Room> except;    ///< without duplicates
  std::vector<Room> op_rooms;  ///< rooms of --join or --leave, without duplicates
  bool close = false;
  bool is_volatile = false;
  bool ack = false;                          ///< request acks or responses
  asking::Until until = asking::Until::all;  ///< with `ack`: responses to wait for
  std::optional<std::size_t> expected = {};  ///< with `ack`: number of responses to wait for
  std::optional<bool> compress;

  std::optional<std::string> event;
  std::vector<std::string> arguments;
  bool plain_strings = false;

  std::optional<std::string> input;  ///< batch: path, or "-"
  bool lines_are_text = false;
  bool replay = false;              ///< the input is a recording, sent on its own schedule
  std::optional<double> speed = 1;  ///< of a replay; empty: as fast as possible
  std::optional<double> rate;
  std::size_t line_max = std::size_t{64} << 20;
  bool skip_bad_lines = false;
  std::optional<std::string> checkpoint;
  std::optional<std::string> rejects;  ///< file for lines that did not reach all servers

  std::optional<std::uint64_t> require_receivers;
  bool dry_run = false;
  bool beside_classic = false;    ///< classic servers share the key; set by look_for_classic()
  bool one_cluster_node = false;  ///< Redis is a single node of a Redis Cluster; set by choose_transport()
  bool no_room_channels = false;  ///< sharded: no room has a channel; set by look_for_room_channels()

  /// Settings of the fleet on the given transport.
  [[nodiscard]] FleetSettings fleet(Transport transport) const {
    return {transport,          key,
            sharded_mode,       stream_name,
            stream_count,       stream_length_max,
            use_sharded_pubsub, beside_classic || uses(Transport::classic)};
  }
  /// True in a Redis Cluster on classic: a node counts only its own subscribers; the others are reached, but not counted.
  [[nodiscard]] bool counts_one_node() const {
    return (redis.topology == redis::Topology::cluster || one_cluster_node) && uses(Transport::classic);
  }
  [[nodiscard]] bool uses(Transport transport) const {
    return std::find(transports.begin(), transports.end(), transport) != transports.end();
  }
};

/// Environment of the process, read besides the arguments.
struct Surroundings {
  std::function<std::optional<std::string>(const char* name)> variable;  ///< value of an environment variable
  bool output_is_terminal = false;
};

/// Reads the arguments (without the program's name). Reads --password-file, too.
///
/// Fails      Failure(usage) with a sentence.
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// Names of one option in the parser, for the test that compares them with the help text.
struct OptionNames {
  char letter = 0;  ///< 0: none
  std::vector<std::string> names;
  bool takes_value = false;
};
std::vector<OptionNames> option_names();

}  // namespace socketio::cli
