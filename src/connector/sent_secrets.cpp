#include "connector/sent_secrets.h"

#include <functional>

#include "base/crypto.h"

namespace junctor::connector {
namespace {

constexpr std::size_t shortest = 4;

void cut(std::string& text, std::string_view secret) {
  if (secret.size() < shortest) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += redacted.size())
    text.replace(at, secret.size(), redacted);
}

void cut_both_forms(std::string& text, std::string_view secret) {
  cut(text, secret);
  std::string encoded = percent_encode(secret);
  if (encoded != secret) cut(text, encoded);
  crypto::wipe(encoded);
}

void cut_header(std::string& text, std::string_view value) {
  cut_both_forms(text, value);
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view credential = value.substr(space + 1);
  cut_both_forms(text, credential);
  if (!equal_ignoring_case(value.substr(0, space), "Basic")) return;
  std::string pair = crypto::from_base64(credential).value_or(std::string());
  if (const auto colon = pair.find(':'); colon != std::string::npos) {
    cut_both_forms(text, std::string_view(pair).substr(colon + 1));
    cut_both_forms(text, std::string_view(pair).substr(0, colon));
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
    if (redaction.hides_query(parameter.name)) cut_both_forms(text, parameter.value);
    crypto::wipe(parameter.value);
  }
  return text;
}

}  // namespace junctor::connector
