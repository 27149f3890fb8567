// Any text as a key set: every key that is accepted can be used.
#include <boost/json/object.hpp>

#include "auth/jose/jwk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto keys = junctor::auth::Jwks::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!keys) return 0;
  for (const auto& key : keys.value().keys()) static_cast<void>(key.verify("message", std::string(64, 'x')));
  return 0;
}
