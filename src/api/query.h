// Reading query parameters of lists.
//
// Threads: any thread.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "junctor/failure.h"
#include "net/http.h"

namespace junctor::api {

inline std::string text_parameter(const HttpRequest& request, std::string_view name) {
  return std::string(request.query_value(name).value_or(""));
}

// Throws Failure{invalid} that names the parameter and its range.
inline std::int64_t number_parameter(const HttpRequest& request, std::string_view name,
                                     std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < low || value > high)
    throw Failure(FailureKind::invalid, "?" + std::string(name) + "= takes a number from " +
                                            std::to_string(low) + " to " + std::to_string(high));
  return value;
}

}  // namespace junctor::api
