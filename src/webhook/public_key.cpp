#include "webhook/public_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/crypto.h"

namespace junctor::webhook {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool verify_with(EVP_PKEY* key, const EVP_MD* digest, std::string_view text,
                 std::string_view signature) {
  if (key == nullptr) return false;
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

Key read_public_key(std::string_view text) {
  if (text.starts_with("-----BEGIN")) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
    return Key(PEM_read_bio_PUBKEY(input.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  }
  const auto der = crypto::from_base64(text);
  if (!der) return Key(nullptr, EVP_PKEY_free);
  const unsigned char* cursor = bytes_of(*der);
  return Key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(der->size())), EVP_PKEY_free);
}

}  // namespace

bool verify_ed25519(std::string_view key, std::string_view text, std::string_view signature) {
  auto raw = crypto::from_hex(key);
  if (!raw || raw->size() != 32) raw = crypto::from_base64(key);
  if (!raw || raw->size() != 32 || signature.size() != 64) return false;
  const Key made(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw), raw->size()),
                 EVP_PKEY_free);
  return verify_with(made.get(), nullptr, text, signature);
}

bool verify_ecdsa_sha256(std::string_view key, std::string_view text, std::string_view signature) {
  const Key made = read_public_key(key);
  if (made && EVP_PKEY_get_base_id(made.get()) != EVP_PKEY_EC) return false;
  return verify_with(made.get(), EVP_sha256(), text, signature);
}

}  // namespace junctor::webhook
