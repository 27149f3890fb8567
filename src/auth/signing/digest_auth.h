// HTTP digest authentication, the client's side (RFC 7616; RFC 2617 servers included).
//
// Threads: values, no shared state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/signing/challenge.h"
#include "junctor/secret.h"

namespace junctor::auth {

enum class DigestAlgorithm { md5, md5_session, sha256, sha256_session, sha512_256, sha512_256_session };
enum class DigestProtection { none, authenticate, authenticate_body };  // qop: absent, auth, auth-int

// A server's digest challenge in a form that can be answered.
struct DigestChallenge {
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
  std::optional<std::string> algorithm_name;  // as the server spelt it
  DigestAlgorithm algorithm = DigestAlgorithm::md5;
  DigestProtection protection = DigestProtection::none;
  bool hashed_user = false;  // userhash=true
  bool stale = false;        // the nonce is old, the password was right

  friend bool operator==(const DigestChallenge&, const DigestChallenge&) = default;
};

// Whether the credentials are hashed once for all requests of a session, with the client nonce of its
// first (RFC 7616 section 3.4.2); that nonce then has to go out with all of them.
bool is_session(DigestAlgorithm algorithm);

// The strongest challenge among them that this client can answer; nullopt when there is none.
std::optional<DigestChallenge> choose_digest(const std::vector<Challenge>& challenges);

struct DigestRequest {
  std::string_view method;
  std::string_view target;  // request target: path and query, as it goes over the wire
  std::string_view body;
  std::string_view client_nonce;
  std::uint32_t nonce_count = 1;  // 1 for the first request with this nonce; never reused
};

// The value of the Authorization header.
std::string answer_digest(const DigestChallenge& challenge, const DigestRequest& request,
                          std::string_view user, const Secret& password);

}  // namespace junctor::auth
