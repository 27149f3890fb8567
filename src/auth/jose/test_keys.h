// Fresh private keys for tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/jose/jwk.h"
#include "auth/jose/openssl_handles.h"

namespace junctor::auth::test {

inline Secret fresh_pem(JwsAlgorithm algorithm) {
  EVP_PKEY* key = algorithm == JwsAlgorithm::rs256 ? EVP_RSA_gen(2048)
                  : algorithm == JwsAlgorithm::es256
                      ? EVP_EC_gen("P-256")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  const KeyHandle owned(key, EVP_PKEY_free);
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return Secret(std::string_view(text, static_cast<std::size_t>(size)));
}

inline SignKey fresh_key(JwsAlgorithm algorithm) {
  return SignKey::from_pem(fresh_pem(algorithm)).value_or_throw();
}

}  // namespace junctor::auth::test
