#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/find_transport.hpp>

namespace socketio {

/// Looks which streams there are, who reads, and whose entries they hold; then whether that tells the stream of the namespace.
///
/// `found`  the servers; `done` gets it with what the streams tell.
/// `uids`   of the servers in this namespace.
void search_streams(redis::Client& client, FleetSettings fleet, std::string nsp, FoundTransport found,
                    std::vector<std::string> uids, std::function<void(const FoundTransport&)> done);

/// "2 servers"; empty for none.
[[nodiscard]] std::string counted_or_none(std::size_t count, std::string_view what);

}  // namespace socketio
