#include "webhook/challenge.h"

#include <boost/json/value.hpp>
#include <string>

#include "json/parse.h"
#include "net/problem.h"

namespace junctor::webhook {
namespace {

constexpr std::size_t most_challenge_bytes = 4096;

// Never as a type that a browser would run: the text is the asker's.
HttpResponse echo(std::string_view text) {
  if (text.size() > most_challenge_bytes)
    return problem_response(400, "the challenge is longer than any provider's");
  HttpResponse response = HttpResponse::text(200, std::string(text));
  response.headers.add("X-Content-Type-Options", "nosniff");
  return response;
}

std::optional<HttpResponse> meta_question(const HttpRequest& request,
                                          std::span<const Secret> secrets) {
  if (request.method != "GET" || request.query_value("hub.mode") != "subscribe")
    return std::nullopt;
  const auto token = request.query_value("hub.verify_token");
  bool ours = false;
  for (const Secret& secret : secrets) ours |= token && !secret.empty() && secret.equals(*token);
  if (!ours) return problem_response(403, "hub.verify_token is not ours");
  return echo(request.query_value("hub.challenge").value_or(""));
}

// The body's object when a signed delivery is a question by `type`.
std::optional<JsonObject> signed_question(const HttpRequest& request, const Json& type) {
  auto body = json::parse(request.body, {.max_depth = 64});
  if (!body.ok() || !body.value().is_object()) return std::nullopt;
  const auto* found = body.value().get_object().if_contains("type");
  if (found == nullptr || *found != type) return std::nullopt;
  return std::move(std::move(body).value().get_object());
}

}  // namespace

std::optional<HttpResponse> challenge(const VerifySpec& spec, const HttpRequest& request,
                                      std::string_view url, std::span<const Secret> secrets,
                                      Timestamp now) {
  if (spec.scheme == VerifyScheme::meta) return meta_question(request, secrets);
  if (spec.scheme == VerifyScheme::microsoft) {
    const auto token = request.query_value("validationToken");
    return token ? std::optional(echo(*token)) : std::nullopt;
  }
  if (spec.scheme != VerifyScheme::slack && spec.scheme != VerifyScheme::discord)
    return std::nullopt;
  const bool slack = spec.scheme == VerifyScheme::slack;
  const auto question = signed_question(request, slack ? Json("url_verification") : Json(1));
  if (!question) return std::nullopt;
  if (!std::holds_alternative<Verified>(verify(spec, request, url, secrets, now)))
    return problem_response(slack ? 403 : 401, "the signature does not fit");
  if (!slack) return HttpResponse::json(200, {{"type", 1}});
  const auto* text = question->if_contains("challenge");
  const bool given = text != nullptr && text->is_string();
  return echo(given ? std::string_view(text->get_string().data(), text->get_string().size()) : "");
}

}  // namespace junctor::webhook
