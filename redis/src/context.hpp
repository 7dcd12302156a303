#pragma once

#include <string>
#include <utility>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "completions.hpp"
#include "reports.hpp"

namespace socketio::redis {

/// The server of a client, or the last one, for people.
struct ServerName {
  explicit ServerName(const Options& options)
      : where(describe(options)),
        who("Redis at " + where),
        url_kind(options.topology == Topology::sentinel  ? "+sentinel"
                 : options.topology == Topology::cluster ? "+cluster"
                                                         : "") {}
  std::string where;     ///< "redis://host:6379"
  std::string who;       ///< begins sentences: "Redis at redis://host:6379"
  std::string url_kind;  ///< part of the application's URL after redis or rediss: "+sentinel"
};

/// The state that the parts of a client share. It outlives them.
struct Context {
  explicit Context(Options given) : options(std::move(given)), name(options), reports(options.log) {}

  Options options;  ///< do not change
  ServerName name;
  Reports reports;
  Counters counters;
  Completions completions;
  struct Closing {
    bool has_begun = false;  ///< close() was called: no more commands are taken
    bool is_due = false;     ///< nothing is waited for any more
    bool is_final = false;   ///< everything is being ended: commands that return from a node fail
    bool is_destroyed = false;
  } closing;
};

}  // namespace socketio::redis
