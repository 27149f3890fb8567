#include "connector/sent_secrets.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/crypto.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

constexpr std::size_t shortest = 4;

void cut(std::string& text, std::string_view secret) {
  if (secret.size() < shortest) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += redacted.size())
    text.replace(at, secret.size(), redacted);
}

void cut_other_form(std::string& text, std::string_view secret, std::string form) {
  if (form != secret) cut(text, form);
  crypto::wipe(form);
}

std::string with_small_escapes(std::string text) {
  for (std::size_t at = 0; (at = text.find('%', at)) != std::string::npos; at += 3)
    for (std::size_t i = at + 1; i < std::min(at + 3, text.size()); ++i)
      if (text[i] >= 'A' && text[i] <= 'F') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  return text;
}

// As it stands between the quotes of a JSON text.
std::string in_json(std::string_view text) {
  std::string out;
  out.reserve(2 * text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// No form is shorter than the secret, and most texts are.
void cut_every_form(std::string& text, std::string_view secret) {
  if (text.size() < secret.size()) return;
  cut(text, secret);
  cut_other_form(text, secret, percent_encode(secret));
  cut_other_form(text, secret, with_small_escapes(percent_encode(secret)));
  cut_other_form(text, secret, in_json(secret));
}

void cut_header(std::string& text, std::string_view value) {
  cut_every_form(text, value);
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view credential = value.substr(space + 1);
  cut_every_form(text, credential);
  if (!equal_ignoring_case(value.substr(0, space), "Basic")) return;
  std::string pair = crypto::from_base64(credential).value_or(std::string());
  if (const auto colon = pair.find(':'); colon != std::string::npos) {
    cut_every_form(text, std::string_view(pair).substr(colon + 1));
    cut_every_form(text, std::string_view(pair).substr(0, colon));
  }
  crypto::wipe(pair);
}

}  // namespace

std::string without_sent_secrets(std::string text, const ClientRequest& request,
                                 const Redaction& redaction) {
  if (text.size() < shortest) return text;
  for (const ClientHeader& header : request.headers)
    if (const auto* secret = std::get_if<Secret>(&header.value)) cut_header(text, secret->reveal());
  const auto question = request.url.find('?');
  if (question == std::string::npos) return text;
  for (Parameter& parameter : parse_query(std::string_view(request.url).substr(question + 1))) {
    if (redaction.hides_query(parameter.name)) cut_every_form(text, parameter.value);
    crypto::wipe(parameter.value);
  }
  return text;
}

std::string body_without_sent_secrets(std::string body, const ClientRequest& request, const Redaction& redaction) {
  body = without_sent_secrets(std::move(body), request, redaction);
  // JSON and forms have many spellings of a text: "\/" for "/", "\u0061" or "%61" for "a".
  if (body.find_first_of("\\%") == std::string::npos) return body;
  std::string one_spelling;
  const auto parsed = json::parse(body);
  if (parsed && body.find('\\') != std::string::npos) one_spelling = json::to_text(parsed.value());
  if (!parsed && body.find('%') != std::string::npos) one_spelling = to_query(parse_query(body));
  std::string safe = without_sent_secrets(one_spelling, request, redaction);
  return safe == one_spelling ? body : safe;
}

}  // namespace junctor::connector
