#include "detect.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "common/exit_status.hpp"
#include "common/text.hpp"

namespace socketio::cli::fleet {

FoundNamespaces look_at_fleet(Commander& redis, const Options& options) {
  // The reply may arrive after this call has returned.
  const auto found = std::make_shared<std::optional<FoundNamespaces>>();
  find_namespaces(redis.client(), options.settings(Bus::classic), options.namespaces,
                  [found](const FoundNamespaces& result) { *found = result; });
  if (!redis.wait([&] { return found->has_value(); }, options.common.timeout)) {
    throw Failure(ExitStatus::refused, "Redis did not answer in time.");
  }
  if ((*found)->outcome != redis::Outcome::ok) {
    throw Failure(ExitStatus::refused, text::excerpt((*found)->message, 300));
  }
  return std::move(**found);
}

std::string namespace_text(const Options& options) {
  return options.namespaces.size() == 1 ? " in namespace " + text::excerpt(options.namespaces.front()) : std::string();
}

bool is_harmful(const FoundNamespaces& found, const std::string& nsp) {
  return std::binary_search(found.classic.begin(), found.classic.end(), nsp);
}

Bus detect_one(Commander& redis, const Options& options, Console& console) {
  constexpr std::string_view so = " The classic transport is used; name another one with --transport.";
  FoundNamespaces found;
  try {
    found = look_at_fleet(redis, options);
  } catch (const Failure& failure) {
    if (!options.is_by_default || failure.status() != ExitStatus::refused) {
      throw;
    }
    console.note(failure.what() + std::string(so));
    return Bus::classic;
  }
  if (found.transport) {
    return *found.transport;
  }
  if (options.is_by_default && found.classic.empty() && found.sharded.empty() && found.streams.empty()) {
    console.note("No server listens" + namespace_text(options) + " with the key \"" + text::excerpt(options.common.key) +
                 "\" on this Redis." + std::string(so));
    return Bus::classic;
  }
  fail_usage(text::excerpt(found.message, 600));
}

}  // namespace socketio::cli::fleet
