#pragma once

#include <memory>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/server/http.hpp>

namespace socketio::server {

/// `unsent` goes out first; `early` is what came after the request.
std::unique_ptr<RawConnection> make_raw_connection(Loop& loop, net::ServerStream stream, Buffer unsent, Bytes early);

}  // namespace socketio::server
