// Any text as WWW-Authenticate: bounded, and what is answered to a digest challenge is one header line.
#include <cstdlib>

#include "auth/signing/digest_auth.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  using namespace junctor::auth;
  const auto challenges = parse_challenges({reinterpret_cast<const char*>(data), size});
  if (challenges.size() > most_challenges) std::abort();
  for (const Challenge& challenge : challenges)
    if (challenge.scheme.empty() || challenge.parameters.size() > most_challenge_parameters) std::abort();
  if (const auto chosen = choose_digest(challenges)) {
    const std::string answer = answer_digest(*chosen, {.method = "GET", .target = "/", .body = {}, .client_nonce = "c"}, "u", Secret("p"));
    if (answer.find_first_of("\r\n") != std::string::npos) std::abort();
  }
  return 0;
}
