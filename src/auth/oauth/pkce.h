// Proof Key for Code Exchange (RFC 7636), method S256.
#pragma once

#include <string>
#include <string_view>

#include "junctor/secret.h"

namespace junctor::auth {

// A fresh code verifier: 43 characters from 32 random bytes.
Secret make_code_verifier();
// The challenge that goes into the authorization request.
std::string code_challenge(const Secret& verifier);

}  // namespace junctor::auth
