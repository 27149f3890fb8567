#include "async/tls_stream.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

std::string openssl_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char buffer[256];
    ERR_error_string_n(code, buffer, sizeof buffer);
    if (!text.empty()) text += "; ";
    text += buffer;
  }
  return text.empty() ? "no reason given" : text;
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all};
}

[[noreturn]] void throw_bad(const std::string& what) {
  throw Failure(FailureKind::invalid, what, openssl_error());
}

void use_identity(SSL_CTX* context, std::string_view chain, std::string_view key_text) {
  const Bio chain_bio = bio_of(chain);
  const Certificate leaf(PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr), &X509_free);
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
    throw_bad("the TLS certificate cannot be read: it must be PEM");
  while (X509* next = PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr))
    if (SSL_CTX_add0_chain_cert(context, next) != 1) X509_free(next);
  ERR_clear_error();
  const Bio key_bio = bio_of(key_text);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    throw_bad("the TLS private key cannot be read, or does not belong to the certificate");
}

void trust(SSL_CTX* context, std::string_view authorities) {
  const Bio bio = bio_of(authorities);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  for (;;) {
    const Certificate one(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!one) break;
    X509_STORE_add_cert(store, one.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) throw_bad("the trusted certificates cannot be read: they must be PEM");
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), &SSL_CTX_free);
  JUNCTOR_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

class TlsStream final : public Stream {
 public:
  TlsStream(std::shared_ptr<SSL_CTX> context, std::unique_ptr<Stream> inner)
      : context_(std::move(context)),
        inner_(std::move(inner)),
        ssl_(SSL_new(context_.get()), &SSL_free) {
    JUNCTOR_CHECK(ssl_ != nullptr);
    incoming_ = BIO_new(BIO_s_mem());
    outgoing_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(incoming_, -1);
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  }

  SSL* ssl() { return ssl_.get(); }

  void handshake(Fiber& fiber) {
    for (;;) {
      const int result = SSL_do_handshake(ssl_.get());
      const int reason = SSL_get_error(ssl_.get(), result);
      const std::string error = result == 1 || reason == SSL_ERROR_WANT_READ ? "" : openssl_error();
      flush(fiber);
      if (result == 1) return;
      if (!error.empty() || !fetch(fiber))
        throw Failure(FailureKind::denied, "the TLS handshake failed",
                      error.empty() ? "the peer left" : error);
    }
  }

  using Stream::write;

  std::size_t read_some(Fiber& fiber, std::span<char> buffer) override {
    for (;;) {
      std::size_t count = 0;
      ERR_clear_error();
      if (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &count) == 1) return count;
      const int reason = SSL_get_error(ssl_.get(), 0);
      if (reason == SSL_ERROR_ZERO_RETURN) return 0;
      if (reason != SSL_ERROR_WANT_READ)
        throw Failure(FailureKind::unavailable, "the connection was lost", openssl_error());
      flush(fiber);
      // An end without close_notify may be an attacker's cut.
      if (!fetch(fiber)) throw Failure(FailureKind::unavailable, "the connection was cut off");
    }
  }

  void write(Fiber& fiber, std::span<const std::string_view> parts) override {
    for (std::string_view part : parts) {
      while (!part.empty()) {
        std::size_t count = 0;
        ERR_clear_error();
        // In pieces, so that the ciphertext waiting in memory stays bounded.
        const std::size_t piece = std::min<std::size_t>(part.size(), 64 * 1024);
        if (SSL_write_ex(ssl_.get(), part.data(), piece, &count) != 1)
          throw Failure(FailureKind::unavailable, "the connection was lost", openssl_error());
        part.remove_prefix(count);
        if (BIO_ctrl_pending(outgoing_) > 64 * 1024) flush(fiber);
      }
    }
    flush(fiber);
  }

  void shutdown(Fiber& fiber) override {
    SSL_shutdown(ssl_.get());
    flush(fiber);
    inner_->shutdown(fiber);
  }

  void interrupt() noexcept override { inner_->interrupt(); }
  void close() noexcept override { inner_->close(); }
  const PeerAddress& peer() const override { return inner_->peer(); }

 private:
  void flush(Fiber& fiber) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
      const int count = BIO_read(outgoing_, buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) return;
      inner_->write(fiber, std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    }
  }

  bool fetch(Fiber& fiber) {
    std::array<char, 16 * 1024> buffer;
    const std::size_t count = inner_->read_some(fiber, buffer);
    if (count == 0) return false;
    BIO_write(incoming_, buffer.data(), static_cast<int>(count));
    return true;
  }

  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<Stream> inner_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  BIO* incoming_;  // both owned by ssl_
  BIO* outgoing_;
};

}  // namespace

TlsServer::TlsServer(std::string_view certificate_chain, std::string_view private_key,
                     std::string_view client_authorities)
    : context_(make_context(TLS_server_method())) {
  use_identity(context_.get(), certificate_chain, private_key);
  if (client_authorities.empty()) return;
  trust(context_.get(), client_authorities);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  constexpr unsigned char session_name[] = "junctor";
  SSL_CTX_set_session_id_context(context_.get(), session_name, sizeof session_name - 1);
}

TlsServer::~TlsServer() = default;

std::unique_ptr<Stream> TlsServer::accept(Fiber& fiber, std::unique_ptr<Stream> stream) const {
  auto tls = std::make_unique<TlsStream>(context_, std::move(stream));
  SSL_set_accept_state(tls->ssl());
  tls->handshake(fiber);
  return tls;
}

TlsClient::TlsClient(std::string_view authorities, std::string_view certificate_chain,
                     std::string_view private_key)
    : context_(make_context(TLS_client_method())) {
  if (authorities.empty()) {
    SSL_CTX_set_default_verify_paths(context_.get());
  } else {
    trust(context_.get(), authorities);
  }
  if (!certificate_chain.empty()) use_identity(context_.get(), certificate_chain, private_key);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
}

TlsClient::~TlsClient() = default;

std::unique_ptr<Stream> TlsClient::connect(Fiber& fiber, std::unique_ptr<Stream> stream,
                                           const std::string& host) const {
  auto tls = std::make_unique<TlsStream>(context_, std::move(stream));
  SSL* ssl = tls->ssl();
  std::string name = host;
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  X509_VERIFY_PARAM* check = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(check, host.c_str()) != 1)
    X509_VERIFY_PARAM_set1_host(check, host.c_str(), host.size());
  ERR_clear_error();
  SSL_set_connect_state(ssl);
  tls->handshake(fiber);
  return tls;
}

}  // namespace junctor
