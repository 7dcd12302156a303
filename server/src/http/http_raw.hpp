#pragma once

#include <memory>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/server/http.hpp>

namespace socketio::server {

/// Makes a raw connection. `unsent` is sent first; `early` are bytes that arrived after the request.
std::unique_ptr<RawConnection> make_raw_connection(Loop& loop, net::ServerStream stream, Buffer unsent, Bytes early);

}  // namespace socketio::server
