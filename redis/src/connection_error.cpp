#include "connection_error.hpp"

#include <string_view>

namespace socketio::redis {
namespace {

std::string tls_hint(std::string_view why, const std::string& url_kind) {
  if (why.find("does not speak TLS") != std::string_view::npos) {
    return "For a port without TLS the URL begins with redis" + url_kind + "://.";
  }
  if (why.find("certificate required") != std::string_view::npos) {
    return "The server asks for a certificate of ours (tls_certificate and tls_key, --tls-cert and --tls-key).";
  }
  if (why.find("host") != std::string_view::npos || why.find("IP address") != std::string_view::npos) {
    return "Connect by the name that the certificate is for.";
  }
  if (why.find("expired") != std::string_view::npos || why.find("not yet valid") != std::string_view::npos) {
    return "The server needs a new one, or a clock is wrong.";
  }
  if (why.find("certificate") != std::string_view::npos) {
    return "Name the file of the authority that has signed it (tls_ca, --tls-ca).";
  }
  return "Check the certificates on both sides.";
}

}  // namespace

std::string describe(const net::StreamError& error, const std::string& who, std::uint32_t timeout_ms,
                     const std::string& url_kind) {
  using Kind = net::StreamError::Kind;
  switch (error.kind) {
    case Kind::unknown_host: return who + " cannot be found: the name of the host has no address (" + error.text + ").";
    case Kind::refused: return who + " refused the connection: nothing listens there.";
    case Kind::no_such_socket: return who + " cannot be reached: there is no such socket.";
    case Kind::not_permitted: return who + " cannot be reached: the system does not permit it (" + error.text + ").";
    case Kind::timed_out: return who + " did not accept the connection within " + std::to_string(timeout_ms) + " ms.";
    case Kind::unreachable: return who + " cannot be reached: " + error.text + ".";
    case Kind::tls_failed: return "No TLS to " + who + ": " + error.text + ". " + tls_hint(error.text, url_kind);
    case Kind::ended: return who + " closed the connection.";
    case Kind::failed: break;
  }
  return "The connection to " + who + " was lost: " + error.text + ".";
}

}  // namespace socketio::redis
