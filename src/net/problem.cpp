#include "net/problem.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/serialize.h"

namespace junctor {
namespace {

JsonObject problem_body(int status, std::string_view detail) {
  JsonObject body{{"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}};
  if (!detail.empty()) body["detail"] = detail;
  return body;
}

HttpResponse problem_text(int status, const JsonObject& body) {
  return HttpResponse::text(status, json::to_text(body), "application/problem+json");
}

std::string whole_seconds(std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return std::to_string(std::max<std::int64_t>(seconds, 0));
}

}  // namespace

std::string message_of(const Problem& problem) {
  if (problem.expected.empty()) return problem.found;
  if (problem.found.empty()) return "expected " + problem.expected;
  return "found " + problem.found + ", expected " + problem.expected;
}

int http_status(FailureKind kind) {
  switch (kind) {
    case FailureKind::invalid:
      return 400;
    case FailureKind::denied:
      return 403;
    case FailureKind::not_found:
      return 404;
    case FailureKind::conflict:
      return 409;
    case FailureKind::unsupported:
      return 501;
    case FailureKind::too_large:
      return 413;
    case FailureKind::timeout:
      return 504;
    case FailureKind::unavailable:
      return 503;
    case FailureKind::overloaded:
      return 429;
    case FailureKind::no_space:
      return 507;
    case FailureKind::cancelled:
      return 503;
    case FailureKind::corrupt:
      return 500;
    case FailureKind::bug:
      return 500;
  }
  return 500;
}

std::string problem_type(std::string_view code) { return "urn:junctor:problem:" + std::string(code); }

HttpResponse problem_response(int status, std::string_view detail,
                              const std::vector<Problem>& errors) {
  JsonObject body = problem_body(status, detail);
  if (!errors.empty()) {
    JsonArray list;
    for (const Problem& error : errors) {
      JsonObject entry{{"path", error.path}, {"message", message_of(error)}};
      if (error.line > 0) entry["line"] = error.line;
      list.push_back(std::move(entry));
    }
    body["errors"] = std::move(list);
  }
  return problem_text(status, body);
}

HttpResponse problem_response(const Failure& failure) {
  const int status = http_status(failure.kind());
  const bool ours = failure.kind() == FailureKind::bug || failure.kind() == FailureKind::corrupt;
  JsonObject body =
      problem_body(status, ours ? "an error inside; the log has the details" : failure.message());
  body["kind"] = to_string(failure.kind());
  body["type"] = problem_type(to_string(failure.kind()));
  HttpResponse response = problem_text(status, body);
  if (failure.retry_after()) {
    response.headers.add("Retry-After", whole_seconds(*failure.retry_after()));
  } else if (status == 503 || status == 429) {
    response.headers.add("Retry-After", "1");
  }
  return response;
}

HttpResponse with_failure_headers(HttpResponse response, const HttpRequest& request) {
  for (const Header& header : request.failure_headers) response.headers.set(header.name, header.value);
  return response;
}

HttpResponse problem_response(const std::vector<Problem>& errors) {
  return problem_response(422, "the request does not have the shape that is expected", errors);
}

}  // namespace junctor
