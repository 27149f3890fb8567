#include "connector/sent_secrets.h"

#include <algorithm>
#include <array>
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

// As a page of HTML shows it. An apostrophe has several names.
std::string in_html(std::string_view text, std::string_view apostrophe) {
  std::string out;
  out.reserve(6 * text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += apostrophe; break;
      default: out += c;
    }
  }
  return out;
}

// A blank is spelled `blank` in text.
std::string with_plus_for_blanks(std::string_view text, std::string_view blank) {
  std::string out;
  for (std::size_t end = 0; (end = text.find(blank)) != std::string_view::npos; text.remove_prefix(end + blank.size())) {
    out += text.substr(0, end);
    out += '+';
  }
  return out += text;
}

// The other forms in which a text may hold a secret; none is shorter than it.
void each_other_form(std::string_view secret, const std::function<void(std::string_view)>& see) {
  std::string percent = percent_encode(secret);
  std::array<std::string, 8> forms = {percent,
                                      with_small_escapes(percent),
                                      with_plus_for_blanks(percent, "%20"),
                                      with_plus_for_blanks(secret, " "),
                                      in_json(secret),
                                      in_html(secret, "'"),
                                      in_html(secret, "&#39;"),
                                      in_html(secret, "&#x27;")};
  for (std::string& form : forms) {
    if (form != secret) see(form);
    crypto::wipe(form);
  }
  crypto::wipe(percent);
}

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

using See = std::function<void(std::string_view)>;

// What stands behind the scheme, and user and password of Basic. A value that begins with no word is a
// key with a blank in it, and has no parts.
void each_part_of_header(std::string_view value, const See& see) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos || !is_word(value.substr(0, space))) return;
  const std::string_view credential = value.substr(space + 1);
  see(credential);
  if (!equal_ignoring_case(value.substr(0, space), "Basic")) return;
  std::string pair = crypto::from_base64(credential).value_or(std::string());
  if (const auto colon = pair.find(':'); colon != std::string::npos) {
    see(std::string_view(pair).substr(colon + 1));
    see(std::string_view(pair).substr(0, colon));
  }
  crypto::wipe(pair);
}

void each_whole(const ClientRequest& request, const Redaction& redaction, const See& see) {
  for (const ClientHeader& header : request.headers)
    if (const auto* secret = std::get_if<Secret>(&header.value)) see(secret->reveal());
  const auto question = request.url.find('?');
  if (question == std::string::npos) return;
  for (Parameter& parameter : parse_query(std::string_view(request.url).substr(question + 1))) {
    if (redaction.hides_query(parameter.name)) see(parameter.value);
    crypto::wipe(parameter.value);
  }
}

void each_part(const ClientRequest& request, const Redaction&, const See& see) {
  for (const ClientHeader& header : request.headers)
    if (const auto* secret = std::get_if<Secret>(&header.value)) each_part_of_header(secret->reveal(), see);
}

using EachSecret = void (*)(const ClientRequest&, const Redaction&, const See&);

std::string cut_each(std::string text, const ClientRequest& request, const Redaction& redaction, EachSecret each) {
  if (text.size() < shortest) return text;
  each(request, redaction, [&](std::string_view secret) { cut_every_form(text, secret); });
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

std::string_view view(const JsonString& text) { return {text.data(), text.size()}; }

// Whether a text of the value, or a name in it, satisfies is_one.
bool any_text(const Json& value, const std::function<bool(std::string_view)>& is_one) {
  if (const auto* text = value.if_string()) return is_one(view(*text));
  if (value.is_number()) return is_one(json::to_text(value));
  if (const auto* list = value.if_array())
    return std::any_of(list->begin(), list->end(), [&](const Json& one) { return any_text(one, is_one); });
  const auto* object = value.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [&](const auto& member) {
           return is_one(member.key()) || any_text(member.value(), is_one);
         });
}

}  // namespace

void each_sent_secret(const ClientRequest& request, const Redaction& redaction, const See& see) {
  each_whole(request, redaction, see);
  each_part(request, redaction, see);
}

std::string without_sent_secrets(std::string text, const ClientRequest& request,
                                 const Redaction& redaction) {
  return cut_each(std::move(text), request, redaction, each_sent_secret);
}

// Wholes before parts, in every spelling: a part that is cut out would leave the rest of its whole behind.
std::string body_without_sent_secrets(std::string body, const ClientRequest& request, const Redaction& redaction) {
  body = cut_in_every_spelling(std::move(body), request, redaction, each_whole);
  return cut_in_every_spelling(std::move(body), request, redaction, each_part);
}

void SecretValues::add(std::string_view secret) {
  if (secret.size() < shortest) return;
  const auto is_secret = [&](const Secret& value) { return value.reveal() == secret; };
  if (std::any_of(values_.begin(), values_.end(), is_secret)) return;
  values_.emplace_back(secret);
  each_other_form(secret, [&](std::string_view form) { values_.emplace_back(form); });
  if (values_.size() > most) values_.erase(values_.begin(), values_.end() - most);
}

bool SecretValues::are_in(const Json& value) const {
  if (values_.empty()) return false;
  return any_text(value, [&](std::string_view text) {
    return std::any_of(values_.begin(), values_.end(),
                       [&](const Secret& secret) { return text.find(secret.reveal()) != std::string_view::npos; });
  });
}

std::string SecretValues::without(std::string text) const {
  for (const Secret& secret : values_) cut(text, secret.reveal());
  return text;
}

Json SecretValues::without(Json value) const { return are_in(value) ? cut_out_of(std::move(value)) : value; }

Json SecretValues::cut_out_of(Json value) const {
  if (const auto* text = value.if_string()) return Json(JsonString(without(std::string(view(*text)))));
  if (value.is_number()) return are_in(value) ? Json(redacted) : value;
  if (auto* list = value.if_array())
    for (Json& one : *list) one = cut_out_of(std::move(one));
  if (!value.is_object()) return value;
  JsonObject out;
  for (auto& member : value.get_object())
    out[without(std::string(member.key()))] = cut_out_of(std::move(member.value()));
  return out;
}

}  // namespace junctor::connector
