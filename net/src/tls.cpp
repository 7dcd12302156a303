#include <socketio/net/tls.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace socketio::net {
namespace {

std::string last_error() {
  const unsigned long code = ERR_get_error();
  const char* const reason = code == 0                ? nullptr
                             : ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code))
                                                      : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

/// Requires a certificate issued for `name`: an IP address, or a host name, which is also sent to the server (SNI).
void expect_server(SSL* ssl, const std::string& name) {
  if (name.empty()) {
    return;
  }
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1) {
    return;
  }
  ERR_clear_error();
  if (SSL_set_tlsext_host_name(ssl, name.c_str()) != 1 || SSL_set1_host(ssl, name.c_str()) != 1) {
    throw std::bad_alloc();
  }
}

/// Reason why a handshake or a connection has failed.
std::string failure_of(const SSL* ssl) {
  // With SSL_VERIFY_NONE every certificate is accepted: the verify result is then not the reason of the failure.
  const long verified = SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE ? X509_V_OK : SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) {
    return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verified);
  }
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER || ERR_GET_REASON(code) == SSL_R_PACKET_LENGTH_TOO_LONG) {
    return "what answers there does not speak TLS";
  }
  return last_error();
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::make(const SSL_METHOD* method, std::uint64_t options, std::string& error) {
  ERR_clear_error();
  SSL_CTX* const made = SSL_CTX_new(method);
  if (made == nullptr) {
    error = "TLS cannot be set up: " + last_error();
    return nullptr;
  }
  std::shared_ptr<TlsContext> context(new TlsContext(made));
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, options | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
  // Clients of a server resume sessions with tickets; a session cache would cost memory per client.
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  return context;
}

std::shared_ptr<TlsContext> TlsContext::for_server(const std::string& certificate_file, const std::string& key_file,
                                                   std::string& error) {
  const auto context = make(TLS_server_method(), SSL_OP_CIPHER_SERVER_PREFERENCE, error);
  return context != nullptr && context->use_certificate(certificate_file, key_file, error) ? context : nullptr;
}

bool TlsContext::use_certificate(const std::string& certificate_file, const std::string& key_file, std::string& error) {
  if (SSL_CTX_use_certificate_chain_file(context_, certificate_file.c_str()) != 1) {
    error = "the certificate " + certificate_file + " cannot be used: " + last_error();
    return false;
  }
  if (SSL_CTX_use_PrivateKey_file(context_, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context_) != 1) {
    error = "the key " + key_file + " cannot be used: " + last_error();
    return false;
  }
  return true;
}

std::shared_ptr<TlsContext> TlsContext::for_client(const Client& options, std::string& error) {
  const auto context = make(TLS_client_method(), 0, error);
  if (context == nullptr) {
    return nullptr;
  }
  SSL_CTX* const made = context->context_;
  if (options.insecure) {
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
    const bool loaded = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(made) == 1
                                                : SSL_CTX_load_verify_file(made, options.ca_file.c_str()) == 1;
    if (!loaded) {
      error = options.ca_file.empty() ? "the system's certificate authorities cannot be read: " + last_error()
                                      : "the CA file " + options.ca_file + " cannot be used: " + last_error();
      return nullptr;
    }
  }
  if (!options.certificate_file.empty() || !options.key_file.empty()) {
    const std::string& key_file = options.key_file.empty() ? options.certificate_file : options.key_file;
    if (!context->use_certificate(options.certificate_file, key_file, error)) {
      return nullptr;
    }
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

/// OpenSSL's I/O object, which reads fed bytes and writes to the output. Unlike OpenSSL's memory BIO it keeps no buffer.
struct TlsSession::Bio {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* room, int size) {
    Bytes& input = session(bio).input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(input.size(), static_cast<std::size_t>(std::max(size, 0)));
    std::memcpy(room, input.data(), count);
    input = input.subspan(count);
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    session(bio).output_.append(bytes, static_cast<std::size_t>(std::max(size, 0)));
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  /// Created once and never freed, because BIOs reference it.
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const fresh = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socketio");
      if (fresh != nullptr) {
        BIO_meth_set_read(fresh, read);
        BIO_meth_set_write(fresh, write);
        BIO_meth_set_ctrl(fresh, control);
      }
      return fresh;
    }();
    return made;
  }
};

TlsSession::TlsSession(const std::shared_ptr<TlsContext>& context, Role role, const std::string& server_name) {
  const BIO_METHOD* const method = Bio::method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  ssl_ = bio == nullptr ? nullptr : SSL_new(context->context_);  // holds a reference to the context
  if (ssl_ == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (role == Role::server) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
    expect_server(ssl_, server_name);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

bool TlsSession::established() const noexcept { return SSL_is_init_finished(ssl_) == 1; }

TlsSession::Status TlsSession::read(std::span<std::uint8_t> room, std::size_t& count) {
  count = 0;
  if (failed_) {
    return Status::failed;
  }
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_, room.data(), room.size(), &count);
  if (result == 1) {
    return Status::good;
  }
  count = 0;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Status::needs_more;
    case SSL_ERROR_ZERO_RETURN: return Status::ended;
    default: break;
  }
  failure_ = failure_of(ssl_);
  ERR_clear_error();
  failed_ = true;
  return Status::failed;
}

bool TlsSession::write(Bytes plain) {
  if (failed_ || !established()) {
    return false;
  }
  ERR_clear_error();
  std::size_t written = 0;
  // Writes all or nothing, because output_ takes any number of bytes.
  if (plain.empty() || SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1) {
    return true;
  }
  ERR_clear_error();
  failed_ = true;
  return false;
}

void TlsSession::end() {
  if (!failed_ && established()) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
}

void TlsSession::sent(std::size_t count) noexcept {
  output_sent_ += count;
  if (output_sent_ == output_.size()) {
    output_.clear_and_shrink(0);
    output_sent_ = 0;
  }
}

}  // namespace socketio::net
