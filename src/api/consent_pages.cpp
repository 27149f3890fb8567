#include "api/consent_pages.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/consent_cookie.h"
#include "auth/oauth/authorization.h"
#include "json/parse.h"
#include "net/problem.h"
#include "vault/connections.h"

namespace junctor::api {
namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark; }}
h1 {{ font-size: 1.4rem; }}
</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

bool is_browser(const HttpRequest& request) {
  return request.headers.get("Accept").value_or("").find("text/html") != std::string_view::npos;
}

HttpResponse page_response(int status, std::string_view title, std::string_view text) {
  HttpResponse out = HttpResponse::text(
      status, fmt::format(fmt::runtime(page), fmt::arg("title", escaped(title)), fmt::arg("text", escaped(text))),
      "text/html; charset=utf-8");
  out.headers.set("Content-Security-Policy",
                  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  out.headers.set("X-Content-Type-Options", "nosniff");
  return out;
}

// The problem as everybody gets it, or as a page with the same words.
HttpResponse refusal(const HttpRequest& request, HttpResponse problem) {
  if (!is_browser(request)) return problem;
  const auto body = json::parse(problem.body);
  const Json* detail = body && body.value().is_object() ? body.value().as_object().if_contains("detail") : nullptr;
  const bool told = detail != nullptr && detail->is_string();
  HttpResponse out = page_response(problem.status, "The connection is not authorised",
                                   told ? std::string_view(detail->as_string()) : "An error inside; start again.");
  if (const auto wait = problem.headers.get("Retry-After")) out.headers.set("Retry-After", std::string(*wait));
  return out;
}

// What is wrong is shown here, not thrown: the answer keeps the headers of these pages. A HEAD, as programs that
// preview links send it, uses nothing up.
HttpResponse shown(const HttpRequest& request, const std::function<HttpResponse()>& work) {
  HttpResponse out;
  try {
    if (request.method != "HEAD") out = work();
  } catch (const vault::ConnectionFailure& failure) {
    out = refusal(request, problem_of(failure));
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled || failure.kind() == FailureKind::bug) throw;
    out = refusal(request, problem_response(failure));
  }
  // The URLs of these pages hold the ticket, or the code: they must not travel on or stay in a cache.
  out.headers.set("Referrer-Policy", "no-referrer");
  out.headers.set("Cache-Control", "no-store");
  return out;
}

HttpResponse authorised(const HttpRequest& request, const auth::Authorised& done) {
  if (!done.return_to.empty()) return HttpResponse::redirect(303, done.return_to);
  const std::string name = done.connection.integration + "/" + done.connection.name;
  if (is_browser(request)) return page_response(200, name + " is authorised", "You can close this page.");
  return HttpResponse::text(200, name + " is authorised. You can close this page.\n");
}

}  // namespace

std::string callback_url(const std::string& public_url) { return public_url + std::string(callback_path); }

std::string consent_url(const std::string& public_url, std::string_view ticket) {
  return fmt::format("{}{}?ticket={}", public_url, begin_path, percent_encode(ticket));
}

HttpResponse begin_consent(auth::Authorization& authorization, const std::string& public_url,
                           Fiber& fiber, const HttpRequest& request) {
  return shown(request, [&] {
    const auto begun = authorization.begin(fiber, request.query_value("ticket").value_or(""));
    HttpResponse out = HttpResponse::redirect(303, begun.url);
    out.headers.set("Set-Cookie", ConsentCookie(callback_url(public_url), begun.state).keep(begun.proof, auth::state_lifetime));
    return out;
  });
}

HttpResponse end_consent(auth::Authorization& authorization, const std::string& public_url,
                         Fiber& fiber, const HttpRequest& request) {
  const ConsentCookie cookie(callback_url(public_url), request.query_value("state").value_or(""));
  const std::string proof = cookie.shown(request.headers);
  HttpResponse out = shown(request, [&] { return authorised(request, authorization.complete(fiber, request.query, proof)); });
  if (!proof.empty()) out.headers.set("Set-Cookie", cookie.forget());
  return out;
}

}  // namespace junctor::api
