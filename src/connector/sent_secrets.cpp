#include "connector/sent_secrets.h"

#include <algorithm>

#include "base/crypto.h"
#include "connector/secret_forms.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

void cut_every_form(std::string& text, std::string_view secret) {
  if (text.size() < secret.size()) return;
  cut(text, secret);
  each_other_form(secret, [&](std::string_view form) { cut(text, form); });
}

// A word of RFC 9110, such as "Bearer".
bool is_word(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

using See = std::function<void(std::string_view, SecretKind)>;

// What stands behind the scheme, and user and password of Basic. A value that begins with no word is a
// key with a blank in it, and has no parts.
void each_part_of_header(std::string_view value, SecretKind kind, const See& see) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos || !is_word(value.substr(0, space))) return;
  const std::string_view credential = value.substr(space + 1);
  see(credential, kind);
  if (!equal_ignoring_case(value.substr(0, space), "Basic")) return;
  std::string pair = crypto::from_base64(credential).value_or(std::string());
  if (const auto colon = pair.find(':'); colon != std::string::npos) {
    see(std::string_view(pair).substr(colon + 1), kind);
    see(std::string_view(pair).substr(0, colon), SecretKind::sent);
  }
  crypto::wipe(pair);
}

SecretKind kind_of(const ClientHeader& header) {
  const bool is_credential = equal_ignoring_case(header.name, "Authorization") || equal_ignoring_case(header.name, "Proxy-Authorization");
  return is_credential ? SecretKind::authorization : SecretKind::sent;
}

void each_whole(const ClientRequest& request, const Redaction& redaction, const See& see) {
  for (const ClientHeader& header : request.headers)
    if (const auto* secret = std::get_if<Secret>(&header.value)) see(secret->reveal(), kind_of(header));
  const auto question = request.url.find('?');
  if (question == std::string::npos) return;
  for (Parameter& parameter : parse_query(std::string_view(request.url).substr(question + 1))) {
    if (redaction.hides_query(parameter.name)) see(parameter.value, SecretKind::sent);
    crypto::wipe(parameter.value);
  }
}

void each_part(const ClientRequest& request, const Redaction&, const See& see) {
  for (const ClientHeader& header : request.headers)
    if (const auto* secret = std::get_if<Secret>(&header.value)) each_part_of_header(secret->reveal(), kind_of(header), see);
}

using EachSecret = void (*)(const ClientRequest&, const Redaction&, const See&);

std::string cut_each(std::string text, const ClientRequest& request, const Redaction& redaction, EachSecret each) {
  if (text.size() < shortest_secret) return text;
  each(request, redaction, [&](std::string_view secret, SecretKind) { cut_every_form(text, secret); });
  return text;
}

// The body with every text spelled in one way; empty where it has but one.
std::string one_spelling(const std::string& body) {
  // JSON and forms have many spellings of a text: "\/" for "/", "\u0061" or "%61" for "a".
  if (body.find_first_of("\\%") == std::string::npos) return {};
  const auto parsed = json::parse(body);
  if (parsed && body.find('\\') != std::string::npos) return json::to_text(parsed.value());
  if (!parsed && body.find('%') != std::string::npos) return to_query(parse_query(body));
  return {};
}

std::string cut_in_every_spelling(std::string body, const ClientRequest& request, const Redaction& redaction, EachSecret each) {
  body = cut_each(std::move(body), request, redaction, each);
  const std::string spelled = one_spelling(body);
  std::string safe = cut_each(spelled, request, redaction, each);
  return safe == spelled ? body : safe;
}

}  // namespace

void each_sent_secret(const ClientRequest& request, const Redaction& redaction, const See& see) {
  each_whole(request, redaction, see);
  each_part(request, redaction, see);
}

std::string without_sent_secrets(std::string text, const ClientRequest& request,
                                 const Redaction& redaction, const SecretValues* of_run) {
  text = cut_each(std::move(text), request, redaction, each_sent_secret);
  return of_run == nullptr ? text : of_run->without(std::move(text));
}

// Wholes before parts, in every spelling: a part that is cut out would leave the rest of its whole behind.
std::string body_without_sent_secrets(std::string body, const ClientRequest& request, const Redaction& redaction,
                                      const SecretValues* of_run) {
  body = cut_in_every_spelling(std::move(body), request, redaction, each_whole);
  body = cut_in_every_spelling(std::move(body), request, redaction, each_part);
  return of_run == nullptr ? body : of_run->body_without(std::move(body));
}

std::string kept_body(const std::string& body, std::string_view content_type, std::size_t most, const ClientRequest& request,
                      const Redaction& redaction, const SecretValues* of_run) {
  if (body.size() > searchable_bytes) return redaction.body(body, content_type, most);
  return redaction.body(body_without_sent_secrets(body, request, redaction, of_run), content_type, most);
}

}  // namespace junctor::connector
