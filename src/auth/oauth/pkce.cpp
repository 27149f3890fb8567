#include "auth/oauth/pkce.h"

#include "base/crypto.h"

namespace junctor::auth {

Secret make_code_verifier() {
  std::string text = crypto::to_base64url(crypto::random_bytes(32));
  Secret verifier(text);
  crypto::wipe(text);
  return verifier;
}

std::string code_challenge(const Secret& verifier) {
  return crypto::to_base64url(crypto::hash(crypto::Digest::sha256, verifier.reveal()));
}

}  // namespace junctor::auth
