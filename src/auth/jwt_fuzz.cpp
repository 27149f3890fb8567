// Any text as a token: it is refused or, with a known key and a right signature, accepted; never more.
#include <boost/json/object.hpp>
#include <cstdlib>

#include "auth/jose/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  using namespace junctor::auth;
  static const Jwks keys =
      Jwks::parse(R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"EC","crv":"P-256","kid":"b","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})")
          .value_or_throw();
  const JwtPolicy policy{.issuer = "joe", .audiences = {"me"}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Nobody here has the private keys, so accepting is the bug.
  if (std::holds_alternative<VerifiedJwt>(verify_jwt(text, keys, policy, Timestamp(std::chrono::seconds(1'300'000'000))))) std::abort();
  return 0;
}
