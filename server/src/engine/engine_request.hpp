#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/server/engine.hpp>
#include <socketio/server/http.hpp>

// Data that Engine.IO reads from HTTP requests.
namespace socketio::server {

/// The members of a URL's query that Engine.IO uses. Of repeated ones the last counts.
struct EngineQuery {
  std::string transport;
  std::string sid;
  int revision = 3;                  ///< 4 only for clients that request it
  bool base64 = false;               ///< `b64`: a client of revision 3 that accepts no binary
  std::optional<std::string> jsonp;  ///< `j`: the number of the function to call; digits only

  static EngineQuery of(std::string_view query);
};

/// A session's first request in one block of memory, since every session keeps it to its end.
class PackedRequest {
 public:
  explicit PackedRequest(const HttpRequest& request);
  PackedRequest(const PackedRequest& other);
  PackedRequest& operator=(const PackedRequest&) = delete;
  [[nodiscard]] RequestInfo unpack() const;

 private:
  std::unique_ptr<char[]> text_;  // address, URL, and names and values of the headers, each ended by a zero
  std::uint32_t size_ = 0;
  bool secure_ = false;
};

/// The first of the subprotocols that a WebSocket client offers; empty when it is not well formed. The server uses none, but
/// clients that offer some expect one of them to be confirmed.
[[nodiscard]] std::string_view first_subprotocol(std::string_view offered) noexcept;

}  // namespace socketio::server
