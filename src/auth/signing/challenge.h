// WWW-Authenticate (RFC 9110 section 11.6.1): what a server asks for.
//
// Threads: any thread; no shared state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace junctor::auth {

struct Challenge {
  std::string scheme;   // lower case: "digest", "bearer"
  std::string token68;  // the one opaque value some schemes use; else empty
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, in order

  // The first parameter of that (lower-case) name.
  std::optional<std::string_view> parameter(std::string_view name) const&;

  friend bool operator==(const Challenge&, const Challenge&) = default;
};

constexpr std::size_t most_challenges = 16;
constexpr std::size_t most_challenge_parameters = 32;

// The challenges of one header value, in order; several may stand in one value. Reads as much as is
// well formed and stops there: a server's mistake costs its later challenges, never an exception.
std::vector<Challenge> parse_challenges(std::string_view value);

}  // namespace junctor::auth
