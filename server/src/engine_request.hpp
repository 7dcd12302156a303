#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/server/engine.hpp>
#include <socketio/server/http.hpp>

// What Engine.IO reads from HTTP requests.
namespace socketio::server {

/// The members of a URL's query that mean something here. Of repeated ones the last counts.
struct EngineQuery {
  std::string transport;
  std::string sid;
  int revision = 3;                  ///< 4 only for clients that say so
  bool base64 = false;               ///< `b64`: a client of revision 3 that takes no binary
  std::optional<std::string> jsonp;  ///< `j`: the number of the function to call; digits only

  static EngineQuery of(std::string_view query);
};

/// A session's first request in one piece of memory, since every session keeps it to its end.
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

/// Whether a header's value has no character that HTTP forbids.
[[nodiscard]] bool is_header_value(std::string_view value) noexcept;

/// The first of the subprotocols that a WebSocket client offers, if it is one. We speak none, but clients that ask for some
/// want one of them confirmed.
[[nodiscard]] std::string_view first_subprotocol(std::string_view offered) noexcept;

}  // namespace socketio::server
