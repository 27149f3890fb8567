#include <fmt/format.h>
#include <openssl/buffer.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "auth/jose/jwk.h"
#include "auth/jose/openssl_handles.h"
#include "auth/schemes.h"

namespace junctor::auth {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;

using Certificate = std::unique_ptr<X509, openssl::Release<X509_free>>;

[[noreturn]] void unusable(const std::string& what) {
  openssl::forget_errors();
  throw ConnectionFailure(ConnectionError::credentials_invalid, what);
}

openssl::Bio reader(std::string_view text) {
  return openssl::Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL's own callback would ask on the terminal.
int give_passphrase(char* buffer, int size, int, void* passphrase) {
  const std::string_view text = static_cast<const Secret*>(passphrase)->reveal();
  if (text.empty() || static_cast<int>(text.size()) > size) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

Certificate read_certificate(std::string_view pem, const char* what) {
  const openssl::Bio in = reader(pem);
  Certificate out(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!out) unusable(fmt::format("{} is no PEM certificate", what));
  return out;
}

KeyHandle read_key(const Secret& pem, Secret& passphrase) {
  const openssl::Bio in = reader(pem.reveal());
  KeyHandle key(PEM_read_bio_PrivateKey(in.get(), nullptr, give_passphrase, &passphrase),
                EVP_PKEY_free);
  if (key) return key;
  if (pem.reveal().find("ENCRYPTED") == std::string_view::npos)
    unusable("mtls.private_key is no PEM private key");
  unusable(passphrase.empty() ? "mtls.private_key is encrypted; set mtls.passphrase"
                              : "mtls.passphrase does not open mtls.private_key");
}

// Without a passphrase, so that nothing behind this needs it.
Secret plain_pem(EVP_PKEY* key) {
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  BUF_MEM* memory = nullptr;
  BIO_get_mem_ptr(out.get(), &memory);
  Secret text(std::string_view(memory->data, memory->length));
  OPENSSL_cleanse(memory->data, memory->length);
  return text;
}

}  // namespace

std::shared_ptr<const ClientIdentity> client_identity(const MtlsAuth& auth,
                                                      const VarsContext& vars) {
  const Secret chain = vars.text(auth.certificate, "mtls.certificate");
  const Secret pem = vars.text(auth.private_key, "mtls.private_key");
  auto given = vars.optional_text(auth.passphrase, "mtls.passphrase");
  Secret passphrase = given ? std::move(*given) : Secret();
  const Certificate certificate = read_certificate(chain.reveal(), "mtls.certificate");
  const KeyHandle key = read_key(pem, passphrase);
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    unusable("mtls.private_key does not belong to mtls.certificate");
  ClientIdentity out{std::string(chain.reveal()), plain_pem(key.get()), {}};
  if (const auto ca = vars.optional_text(auth.ca, "mtls.ca")) {
    read_certificate(ca->reveal(), "mtls.ca");
    out.certificate_authorities = std::string(ca->reveal());
  }
  return std::make_shared<const ClientIdentity>(std::move(out));
}

}  // namespace junctor::auth
