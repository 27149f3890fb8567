// How long a provider asks to wait.
//
// Threads: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "junctor/clock.h"
#include "net/http.h"

namespace junctor {

// "120" or "Wed, 21 Oct 2026 07:28:00 GMT" (RFC 9110 §10.2.3); at least zero, at most a day; nullopt
// for anything else.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, Timestamp now);

// What the headers of an answer say about a limit.
struct LimitNews {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> remaining;
  std::optional<std::chrono::milliseconds> reset_in;
};

// RateLimit (draft-ietf-httpapi-ratelimit-headers, both spellings), RateLimit-*, X-RateLimit-*,
// X-Rate-Limit-*. Of several policies the one that forbids longest. A reset above a year in seconds is a time, a smaller one a wait.
LimitNews read_limits(const Headers& headers, Timestamp now);

}  // namespace junctor
