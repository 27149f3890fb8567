// How the world's APIs read their requests.
#pragma once

#include <charconv>
#include <string>
#include <variant>

#include "json/parse.h"
#include "net/http.h"
#include "net/problem.h"

namespace junctor::world {

// Whether the request carries the credential, as a bearer token or in X-Api-Key.
inline bool is_allowed(const HttpRequest& request, const std::string& token) {
  if (token.empty()) return true;
  return request.headers.get("Authorization") == "Bearer " + token ||
         request.headers.get("X-Api-Key") == token;
}

// The body as an object, or the answer to give instead: 400 for text that is no JSON, 422 for
// another type.
inline std::variant<JsonObject, HttpResponse> object_in(const HttpRequest& request) {
  auto body = json::parse(request.body);
  if (!body.ok()) return problem_response(400, to_string(body.problems()));
  if (!body.value().is_object()) return problem_response(422, "the body must be an object");
  return std::move(body).value().get_object();
}

// A whole number from the query within bounds; otherwise the default.
inline std::size_t number_in_query(const HttpRequest& request, std::string_view name,
                                   std::size_t otherwise, std::size_t most) {
  const auto text = request.query_value(name);
  std::size_t number = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return std::min(number, most);
}

}  // namespace junctor::world
