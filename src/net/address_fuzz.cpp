// Hosts in any spelling: whatever the system's own reader takes for a special address, ours must too.
#include <arpa/inet.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "junctor/failure.h"
#include "net/address_guard.h"
#include "net/http.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 300) return 0;
  const std::string host(reinterpret_cast<const char*>(data), size);
  const auto ours = junctor::address_in_host(host);
  in_addr theirs{};
  const bool clean = host.find_first_of(std::string_view(" \t\n\v\f\r\0", 7)) == std::string::npos;
  if (clean && host.find('%') == std::string::npos && inet_aton(host.c_str(), &theirs) == 1) {
    if (!ours || !ours->v4 || std::memcmp(&theirs, ours->bytes.data() + 12, 4) != 0) std::abort();
  }
  if (ours) {
    const auto again = junctor::IpAddress::parse(ours->to_string());
    if (!again || (again->v4 == ours->v4 && *again != *ours)) std::abort();
    const bool refused = junctor::AddressGuard().refusal(host).has_value();
    if (refused == junctor::special_use(*ours).empty()) std::abort();
  }
  (void)junctor::AddressGuard::allowing({host}).ok();
  return 0;
}
