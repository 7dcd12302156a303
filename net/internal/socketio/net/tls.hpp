#pragma once

// For the library's own folders; not installed.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

struct ssl_ctx_st;
struct ssl_st;

namespace socketio::net {

/// Certificates and settings that many connections share. Made only where TLS is asked for: loading certificates takes long.
class TlsContext {
 public:
  /// For a server: a chain of certificates and its key, both PEM. Null and a sentence in `error` when they cannot be used.
  static std::shared_ptr<TlsContext> for_server(const std::string& certificate_file, const std::string& key_file,
                                                std::string& error);
  struct Client {
    std::string ca_file;           ///< PEM; empty: the system's authorities
    std::string certificate_file;  ///< PEM, with key_file: our own, for servers that ask for one
    std::string key_file;
    bool insecure = false;  ///< any certificate is good
  };
  /// For a client. Null and a sentence in `error` when a file cannot be used.
  static std::shared_ptr<TlsContext> for_client(const Client& options, std::string& error);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  explicit TlsContext(ssl_ctx_st* context) noexcept : context_(context) {}
  /// True when there is none, or it can be used; otherwise a sentence in `error`.
  bool use_certificate(const std::string& certificate_file, const std::string& key_file, std::string& error);

  ssl_ctx_st* context_;
};

/// One end of a TLS connection. No I/O: encrypted bytes are fed in and collected, plain ones read and written. Holds no buffer
/// while nothing is under way.
class TlsSession {
 public:
  enum class Role : std::uint8_t { server, client };
  enum class Status : std::uint8_t {
    good,        ///< bytes came out
    needs_more,  ///< all that was fed has been used
    ended,       ///< the other side has said that nothing more comes
    failed,      ///< not TLS, or not one we speak; an alert may stand in output()
  };

  /// `server_name`  of the server, for a client: a host's name or address, which the certificate must be for.
  /// Throws std::bad_alloc.
  TlsSession(const std::shared_ptr<TlsContext>& context, Role role, const std::string& server_name = {});
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Bytes from the network. Borrowed: read() must be called until it needs more, before they go.
  void feed(Bytes encrypted) noexcept { input_ = encrypted; }
  /// Decrypts into `room` and says how many bytes that gave. Also moves the handshake on.
  Status read(std::span<std::uint8_t> room, std::size_t& count);
  [[nodiscard]] bool established() const noexcept;

  /// Why it failed, for people: "the certificate has expired". Good after Status::failed.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  /// Encrypts `plain` to output(). Does nothing, and returns false, before the handshake is over or after a failure.
  bool write(Bytes plain);
  /// Says that nothing more comes.
  void end();

  /// Encrypted bytes for the network.
  [[nodiscard]] Bytes output() const noexcept { return output_.bytes_from(output_sent_); }
  /// The first `count` bytes of output() have been sent.
  void sent(std::size_t count) noexcept;

  struct Bio;  ///< how OpenSSL reads and writes here

 private:
  friend struct Bio;

  ssl_st* ssl_ = nullptr;
  Bytes input_;
  Buffer output_;
  std::size_t output_sent_ = 0;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace socketio::net
