#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commander.hpp"
#include "detect.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Something that is wrong with a fleet, in sentences.
struct Finding {
  std::string_view check;
  std::string problem;
  std::string seen;    ///< how that was found out
  std::string advice;  ///< what to do about it
};

/// A line of CLIENT LIST.
struct ClientLine {
  std::map<std::string, std::string, std::less<>> members;
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] std::uint64_t number(std::string_view name) const;
  [[nodiscard]] bool subscribes() const { return number("sub") + number("psub") + number("ssub") != 0; }
};
std::vector<ClientLine> read_client_list(std::string_view text);

/// What the checks share: a fleet that is looked at, and what was found.
struct Examination {
  Commander& redis;
  const Options& options;
  Console& console;
  const StopSignals& signals;
  FoundNamespaces fleet;
  std::vector<Bus> buses;                          ///< that are looked at
  std::optional<std::vector<ClientLine>> clients;  ///< nothing when Redis does not tell

  std::vector<Finding> findings;
  std::vector<std::string> not_checked;  ///< what could not be looked at, and why

  [[nodiscard]] bool looks_at(Bus bus) const;
  [[nodiscard]] const std::string& key() const noexcept { return options.common.key; }
};

void check_servers(Examination& fleet);  ///< "servers", "transports", "version"
void check_answers(Examination& fleet);  ///< "answers", "counts"
void check_buffers(Examination& fleet);  ///< "buffers"
void check_rights(Examination& fleet);   ///< "rights"
void check_streams(Examination& fleet);  ///< "stream-count", "stream-length"

}  // namespace socketio::cli::fleet
