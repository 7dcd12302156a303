#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/find_transport.hpp>

namespace socketio {

/// Finds which streams exist, which connections read them and which servers wrote their entries; then derives the stream of the
/// namespace.
///
/// `found`  the servers; `done` receives it with the results for the streams.
/// `uids`   of the servers in this namespace.
void search_streams(redis::Client& client, Fleet fleet, std::string nsp, FoundTransport found,
                    std::vector<std::string> uids, std::function<void(const FoundTransport&)> done);

/// `fleet` with what was found of it.
[[nodiscard]] Fleet with_found(Fleet fleet, Transport transport, const FoundTransport& found);

/// The transport for requests, which are not written to a stream: the servers' stream may be unknown.
[[nodiscard]] std::optional<Transport> transport_for_requests(const FoundTransport& found);

/// "2 servers"; empty for none.
[[nodiscard]] std::string counted_or_none(std::size_t count, std::string_view what);

}  // namespace socketio
