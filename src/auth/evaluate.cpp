#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "auth/expressions.h"

#if __has_include("junctor/jsonata.h")
#include "junctor/jsonata.h"
#endif

namespace junctor::auth {
namespace {

[[noreturn]] void refuse(std::string_view purpose, const std::string& why) {
  throw vault::ConnectionFailure(vault::ConnectionError::credentials_invalid, fmt::format("the expression of {} fails: {}", purpose, why));
}

}  // namespace

#if __has_include("junctor/jsonata.h")
// The message of an error may hold a value; only its code and place are told.
Json evaluate_expression(const Jsonata& expression, const Json& input, std::string_view purpose) {
  try {
    jsonata::Arena arena;
    jsonata::EvaluateOptions options;
    options.limits.time = std::chrono::milliseconds(500);
    options.limits.memory_bytes = 16u << 20;
    return jsonata::Expression::compile(expression.text).evaluate(input, arena, options).value_or(Json());
  } catch (const jsonata::Error& error) {
    refuse(purpose, fmt::format("{} at {}", error.code(), error.position()));
  }
}
#else
Json evaluate_expression(const Jsonata&, const Json&, std::string_view purpose) {
  refuse(purpose, "this build has no JSONata");
}
#endif

}  // namespace junctor::auth
