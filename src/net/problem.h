// Errors as application/problem+json, and the one place that turns a FailureKind into a status.
//
// Threads: any thread.
// Source: RFC 9457.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "junctor/failure.h"
#include "junctor/result.h"
#include "net/http.h"

namespace junctor {

int http_status(FailureKind kind);

// "found X, expected Y", as it stands under "errors".
std::string message_of(const Problem& problem);

// The `type` of a problem that has a code: "urn:junctor:problem:grant_expired". docs/credentials.md lists them.
std::string problem_type(std::string_view code);

// {"type": "about:blank", "title": …, "status": …, "detail": …, "errors": [{"path", "message"}]};
// detail and errors are left out when empty. The title is the status's phrase.
HttpResponse problem_response(int status, std::string_view detail,
                              const std::vector<Problem>& errors = {});

// The answer to a Failure: its kind as status, "kind" and type, its message as detail, Retry-After where
// it has one. Of bug and corrupt nothing but the status is told.
HttpResponse problem_response(const Failure& failure);

// The answer with the headers that the request's handler gave for a Failure.
HttpResponse with_failure_headers(HttpResponse response, const HttpRequest& request);

// 422 with one entry per problem: a body of the wrong shape.
HttpResponse problem_response(const std::vector<Problem>& errors);

}  // namespace junctor
