#include "api/answers.h"

#include <boost/json.hpp>

#include "auth/principal.h"
#include "engine/actions.h"
#include "json/serialize.h"
#include "junctor/fiber.h"
#include "junctor/provider_failure.h"
#include "net/problem.h"
#include "vault/connection.h"

namespace junctor::api {
namespace {

// Adds a member to a problem's body.
HttpResponse with_member(HttpResponse response, const char* name, const Json& value) {
  auto body = boost::json::parse(response.body).as_object();
  body[name] = value;
  response.body = json::to_text(Json(std::move(body)));
  return response;
}

HttpResponse with_code(HttpResponse response, std::string_view code) {
  return with_member(with_member(std::move(response), "code", Json(JsonString(code))), "type", Json(JsonString(problem_type(code))));
}

HttpResponse answer(const ProviderFailure& failure) {
  JsonObject provider{{"status", failure.answer().status}};
  if (!failure.answer().code.empty()) provider["code"] = failure.answer().code;
  if (!failure.answer().message.empty()) provider["message"] = failure.answer().message;
  return with_code(with_member(problem_response(failure), "provider", Json(std::move(provider))), "provider_answer");
}

HttpResponse answer(const auth::NotAuthenticated& failure) {
  HttpResponse response = with_code(problem_response(401, failure.message()), "not_authenticated");
  response.headers.set("WWW-Authenticate", failure.challenge());
  return response;
}

}  // namespace

HttpResponse problem_of(const vault::ConnectionFailure& failure) {
  HttpResponse response = failure.problems().empty() ? problem_response(failure)
                                                     : problem_response(failure.problems());
  return with_code(std::move(response), to_string(failure.code()));
}

HttpResponse unreadable(const std::vector<Problem>& problems) {
  return with_code(problem_response(400, "the body cannot be read", problems),
                   to_string(vault::ConnectionError::request_invalid));
}

HttpHandler answering(HttpHandler handler) {
  return [handler = std::move(handler)](Fiber& fiber, HttpRequest& request) {
    try {
      return handler(fiber, request);
    } catch (const ShapeFailure& failure) {
      return with_failure_headers(with_code(problem_response(failure.problems()), "input_invalid"), request);
    } catch (const ProviderFailure& failure) {
      return with_failure_headers(answer(failure), request);
    } catch (const vault::ConnectionFailure& failure) {
      return with_failure_headers(problem_of(failure), request);
    } catch (const auth::NotAuthenticated& failure) {
      return answer(failure);
    }
  };
}

}  // namespace junctor::api
