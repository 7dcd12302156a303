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
struct ssl_method_st;
struct ssl_st;

namespace socketio::net {

/// Certificates and TLS settings that many connections share. Created only when TLS is used, because loading certificates is
/// slow.
class TlsContext {
 public:
  /// Creates a server's context from a certificate chain and its private key, both PEM. Returns null, and a sentence in
  /// `error`, when they cannot be used.
  static std::shared_ptr<TlsContext> for_server(const std::string& certificate_file, const std::string& key_file,
                                                std::string& error);
  struct Client {
    std::string ca_file;           ///< PEM; empty: the system's certificate authorities
    std::string certificate_file;  ///< PEM, with key_file: the client certificate, for servers that request one
    std::string key_file;
    bool insecure = false;  ///< accept any certificate
  };
  /// Creates a client's context. Returns null, and a sentence in `error`, when a file cannot be used.
  static std::shared_ptr<TlsContext> for_client(const Client& options, std::string& error);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  explicit TlsContext(ssl_ctx_st* context) noexcept : context_(context) {}
  static std::shared_ptr<TlsContext> make(const ssl_method_st* method, std::uint64_t options, std::string& error);
  /// Loads a certificate chain and its key. Returns false, with a sentence in `error`, when they cannot be used.
  bool use_certificate(const std::string& certificate_file, const std::string& key_file, std::string& error);

  ssl_ctx_st* context_;
};

/// One side of a TLS connection, without I/O: feed() and output() carry the encrypted bytes of the network, read() and write()
/// the plain bytes. Holds no buffer while idle.
class TlsSession {
 public:
  enum class Role : std::uint8_t { server, client };
  enum class Status : std::uint8_t {
    good,        ///< plain bytes were read
    needs_more,  ///< all fed bytes are used up
    ended,       ///< the peer has closed its sending side (close_notify)
    failed,      ///< not TLS, or a TLS error such as no common version; output() may hold an alert
  };

  /// `server_name`  for a client: the server's host name or address, which the certificate must be issued for.
  /// Throws std::bad_alloc.
  TlsSession(const std::shared_ptr<TlsContext>& context, Role role, const std::string& server_name = {});
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Sets the encrypted bytes received from the network. Borrowed: before they go, read() must be called until it returns
  /// needs_more.
  void feed(Bytes encrypted) noexcept { input_ = encrypted; }
  /// Decrypts into `room` and sets `count` to the number of plain bytes. Also continues the handshake.
  Status read(std::span<std::uint8_t> room, std::size_t& count);
  [[nodiscard]] bool established() const noexcept;

  /// Human-readable reason of a failure: "the certificate has expired". Valid after Status::failed.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  /// Encrypts `plain` to output(). Does nothing, and returns false, before the handshake is over or after a failure.
  bool write(Bytes plain);
  /// Writes close_notify to output(): no plain bytes follow.
  void end();

  /// Encrypted bytes for the network.
  [[nodiscard]] Bytes output() const noexcept { return output_.bytes_from(output_sent_); }
  /// Removes the first `count` bytes, which have been sent, from output().
  void sent(std::size_t count) noexcept;

  struct Bio;  ///< OpenSSL's I/O object, which reads from input_ and writes to output_

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
