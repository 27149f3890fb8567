#include <fmt/format.h>

#include "auth/expressions.h"

namespace junctor::auth {

Json evaluate_expression(const Jsonata& expression, const Json&, std::string_view purpose) {
  throw vault::ConnectionFailure(
      vault::ConnectionError::credentials_invalid,
      fmt::format("{}: expression {} cannot be evaluated yet", purpose, expression.text));
}

}  // namespace junctor::auth
