// What is kept of a request for a token: nothing of it is secret.
//
// Threads: values.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "junctor/clock.h"
#include "junctor/json.h"

namespace junctor::auth {

// Of forms and answers every member is named; values stay only where they are public by their name
// ("grant_type", "scope", "expires_in", "error"), and without anything that is secret in this exchange.
// Bodies of another form are left out.
struct TokenExchange {
  std::string integration;
  Timestamp started_at{};
  std::string method;
  std::string url;  // without its query
  std::vector<std::pair<std::string, std::string>> request_headers;
  JsonObject request;
  std::uint64_t request_bytes = 0;
  int status = 0;  // 0: no answer
  JsonObject response;
  std::uint64_t response_bytes = 0;
  std::chrono::microseconds connect{};
  std::chrono::microseconds first_byte{};
  std::chrono::microseconds total{};
  bool connection_reused = false;
  std::string failure;  // why there was no answer, or that it refused
};

}  // namespace junctor::auth
