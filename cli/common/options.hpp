#pragma once

#include <algorithm>

#include <socketio/emitter/asking.hpp>
#include <socketio/fleet/fleet.hpp>
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
enum class Action : std::uint8_t { run, help, version, usage };

/// The command line, read and checked as far as that is possible without doing anything. Of the fleet's settings, the transport
/// is in `transports`; `use_sharded_pubsub` and `beside_classic` are found by asking Redis.
struct Options : Fleet {
  Action action = Action::run;

  redis::Options redis;
  /// Transports named by --transport. Until the fleet is queried: empty for auto, classic without --transport.
  std::vector<Transport> transports = {Transport::classic};
  TransportChoice transport_choice = TransportChoice::by_default;
  bool force_transport = false;  ///< use the named transport, whatever servers listen
  bool stream_count_given = false;
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
  bool one_cluster_node = false;  ///< Redis is a single node of a Redis Cluster; set by choose_transport()
  bool no_room_channels = false;  ///< sharded: no room has a channel; set by look_for_room_channels()

  /// The receivers that the options select, and the flags.
  [[nodiscard]] Target target() const {
    Target result{nsp, rooms, except};
    if (is_volatile) {
      result.flags.set_volatile();
    }
    if (compress) {
      result.flags.set_compress(*compress);
    }
    return result;
  }
  /// Settings of the fleet on the given transport.
  [[nodiscard]] Fleet fleet(Transport of) const {
    Fleet result = *this;
    result.transport = of;
    result.beside_classic = beside_classic || uses(Transport::classic);
    return result;
  }
  /// True in a Redis Cluster on classic: a node counts only its own subscribers; the others are reached, but not counted.
  [[nodiscard]] bool counts_one_node() const {
    return (redis.topology == redis::Topology::cluster || one_cluster_node) && uses(Transport::classic);
  }
  [[nodiscard]] bool uses(Transport one) const {
    return std::find(transports.begin(), transports.end(), one) != transports.end();
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

}  // namespace socketio::cli
