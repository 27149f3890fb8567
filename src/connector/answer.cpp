#include "connector/answer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/crypto.h"
#include "base/text.h"
#include "connector/retry_after.h"
#include "connector/sent_secrets.h"
#include "connector/status_match.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

constexpr std::size_t kept_body_bytes = 4096;
constexpr std::size_t kept_message_bytes = 500;

bool is_json_type(std::string_view type) {
  const auto plain = type.substr(0, type.find(';'));
  return plain.find("/json") != std::string_view::npos || plain.find("+json") != std::string_view::npos;
}

std::string content_type_of(const Headers& headers) { return std::string(headers.get("Content-Type").value_or("")); }

// nullopt: it should be JSON and is not.
std::optional<Json> read_body(const CompiledCall& call, const ClientResponse& response) {
  const ResponseKind kind = call.call.response.kind;
  const std::string type = content_type_of(response.headers);
  const bool success = response.status >= 200 && response.status < 300;
  if (response.body.empty() || (kind == ResponseKind::none && success)) return Json();
  if (kind == ResponseKind::text && success) return Json(response.body);
  if (kind == ResponseKind::file && success) {
    return JsonObject{{"base64", crypto::to_base64(response.body)}, {"content_type", type}};
  }
  if (kind == ResponseKind::form && success) {
    JsonObject out;
    for (const Parameter& one : parse_query(response.body)) out[one.name] = one.value;
    return out;
  }
  const bool must = (kind == ResponseKind::json || is_json_type(type)) && success;
  const char first = response.body[response.body.find_first_not_of(" \t\r\n") == std::string::npos
                                       ? 0 : response.body.find_first_not_of(" \t\r\n")];
  if (must || is_json_type(type) || first == '{' || first == '[') {
    auto parsed = json::parse(response.body);
    if (parsed) return std::move(parsed).value();
    if (must) return std::nullopt;
  }
  return Json(response.body);
}

const Json* member(const Json* json, std::string_view name) {
  const auto* object = json == nullptr ? nullptr : json->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const Json* json) {
  if (json == nullptr || json->is_null() || json->is_structured() || json->is_bool()) return {};
  return scalar_text(*json);
}

const Json* first_item(const Json* json) {
  const auto* list = json == nullptr ? nullptr : json->if_array();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

// Where APIs usually put it.
std::string usual_text(const Json& body, bool code) {
  const Json* error = member(&body, "error");
  const Json* errors = first_item(member(&body, "errors"));
  if (errors == nullptr) errors = first_item(&body);
  static constexpr std::array<const char*, 5> messages = {"message", "error_description", "detail", "title", "description"};
  static constexpr std::array<const char*, 5> codes = {"code", "error_code", "errorCode", "type", "status"};
  for (const Json* place : {error, &body, errors}) {
    for (const char* name : code ? codes : messages) {
      if (code && place == &body && std::string_view(name) == "status") continue;
      if (std::string text = text_of(member(place, name)); !text.empty()) return text;
    }
  }
  if (std::string text = text_of(error); !text.empty()) return text;
  return code ? std::string() : text_of(errors);
}

FailureKind to_failure_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return FailureKind::invalid;
    case ErrorKind::denied: return FailureKind::denied;
    case ErrorKind::not_found: return FailureKind::not_found;
    case ErrorKind::conflict: return FailureKind::conflict;
    case ErrorKind::unsupported: return FailureKind::unsupported;
    case ErrorKind::timeout: return FailureKind::timeout;
    case ErrorKind::unavailable: return FailureKind::unavailable;
    case ErrorKind::overloaded: return FailureKind::overloaded;
  }
  return FailureKind::unavailable;
}

class Judge final {
 public:
  Judge(const CompiledCall& call, const CallScope& scope, const Json& input, const Redaction& redaction,
        const ClientRequest& sent, const ClientResponse& response, Timestamp now)
      : call_(call), scope_(scope), input_(input), redaction_(redaction), sent_(sent), response_(response), now_(now) {}

  std::variant<Answer, Fault> decide() {
    auto body = read_body(call_, response_);
    answer_ = {response_.status, response_.headers, body.value_or(Json()), response_.url};
    if (call_.binds_answer) bindings_ = answer_bindings(scope_, input_, answer_);
    for (const CompiledErrorRule& rule : call_.errors) {
      if (!fits(rule)) continue;
      if (rule.rule.not_an_error) return std::move(answer_);
      return fault(&rule);
    }
    if (!matches_status(call_.expect, response_.status)) return fault(nullptr);
    if (body) return std::move(answer_);
    Fault broken = fault(nullptr);
    broken.kind = FailureKind::unavailable;
    broken.retry = true;
    broken.message = call_.integration + " answered " + std::to_string(response_.status) + " with a body that is no JSON";
    return broken;
  }

 private:
  const jsonata::Bindings* bindings() const { return bindings_ ? &*bindings_ : nullptr; }

  bool fits(const CompiledErrorRule& rule) const {
    if (!rule.rule.status.empty() && !matches_status(rule.rule.status, response_.status)) return false;
    return rule.when.empty() || rule.when.is_true(answer_.body, bindings());
  }

  std::string said(const CompiledExpression* declared, bool code) const {
    if (declared != nullptr && !declared->empty()) return declared->text(answer_.body, bindings()).value_or("");
    return usual_text(answer_.body, code);
  }

  std::string safe(std::string text) const { return without_sent_secrets(std::move(text), sent_, redaction_); }

  Fault fault(const CompiledErrorRule* rule) const {
    Fault out;
    out.kind = rule != nullptr && rule->rule.kind ? to_failure_kind(*rule->rule.kind) : kind_of_status(response_.status);
    out.retry = matches_status(call_.retry.status, response_.status);
    out.reauthenticate = response_.status == 401;
    if (rule != nullptr) {
      if (rule->rule.kind) out.retry = is_retryable(out.kind);
      out.retry = rule->rule.retry.value_or(out.retry);
      out.reauthenticate = out.reauthenticate || rule->rule.reauthenticate;
    }
    out.retry_after = retry_after(rule, out.kind);
    out.answer.status = response_.status;
    out.answer.code = shortened(safe(said(rule == nullptr ? nullptr : &rule->code, true)), kept_message_bytes);
    out.answer.message = shortened(safe(said(rule == nullptr ? nullptr : &rule->message, false)), kept_message_bytes);
    // A longer one is left out as a whole.
    const bool searched = response_.body.size() <= searchable_bytes;
    out.answer.body = redaction_.body(searched ? body_without_sent_secrets(response_.body, sent_, redaction_) : response_.body,
                                      content_type_of(response_.headers), kept_body_bytes);
    out.message = sentence(out.answer);
    return out;
  }

  std::optional<std::chrono::milliseconds> retry_after(const CompiledErrorRule* rule, FailureKind kind) const {
    if (rule != nullptr && !rule->retry_after.empty()) {
      const auto text = rule->retry_after.text(answer_.body, bindings());
      if (const auto wait = text ? parse_retry_after(*text, now_) : std::nullopt) return wait;
    }
    if (const auto header = response_.headers.get("Retry-After")) return parse_retry_after(*header, now_);
    if (kind != FailureKind::overloaded) return std::nullopt;
    // Some count instead: nothing is left until the reset.
    const LimitNews news = read_limits(response_.headers, now_);
    return news.remaining && *news.remaining <= 0 ? news.reset_in : std::nullopt;
  }

  std::string sentence(const ProviderAnswer& answer) const {
    std::string out = call_.integration + " answered " + std::to_string(answer.status);
    if (!answer.code.empty() && answer.code != answer.message) out += " (" + answer.code + ")";
    if (!answer.message.empty()) out += ": " + answer.message;
    else if (const auto phrase = reason_phrase(answer.status); !phrase.empty()) out += ": " + std::string(phrase);
    return out;
  }

  const CompiledCall& call_;
  const CallScope& scope_;
  const Json& input_;
  const Redaction& redaction_;
  const ClientRequest& sent_;
  const ClientResponse& response_;
  const Timestamp now_;
  Answer answer_;
  std::optional<jsonata::Bindings> bindings_;
};

}  // namespace

void Fault::raise() const {
  ProviderFailure failure(kind, message, answer);
  if (retry_after) failure.retry_after(*retry_after);
  throw failure;
}

FailureKind kind_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407: return FailureKind::denied;
    case 404:
    case 410: return FailureKind::not_found;
    case 405:
    case 415:
    case 501: return FailureKind::unsupported;
    case 408:
    case 504: return FailureKind::timeout;
    case 409:
    case 412:
    case 423: return FailureKind::conflict;
    case 413: return FailureKind::too_large;
    case 425:
    case 429: return FailureKind::overloaded;
    default: return status >= 500 ? FailureKind::unavailable : FailureKind::invalid;
  }
}

std::variant<Answer, Fault> judge(const CompiledCall& call, const CallScope& scope, const Json& input,
                                  const Redaction& redaction, const ClientRequest& sent,
                                  const ClientResponse& response, Timestamp now) {
  return Judge(call, scope, input, redaction, sent, response, now).decide();
}

jsonata::Bindings answer_bindings(const CallScope& scope, const Json& input, const Answer& answer) {
  JsonObject headers;
  for (const Header& header : answer.headers) {
    std::string name = header.name;
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (!headers.contains(name)) headers[name] = header.value;
  }
  jsonata::Bindings out;
  out.set("input", input);
  out.set("vars", scope.vars);
  out.set("status", Json(answer.status));
  out.set("headers", Json(std::move(headers)));
  return out;
}

Json map_output(const CompiledCall& call, const CallScope& scope, const Json& input, const Answer& answer) {
  if (call.map.empty()) return answer.body;
  if (!call.binds_answer) return call.map.evaluate(answer.body).value_or(Json());
  const jsonata::Bindings bindings = answer_bindings(scope, input, answer);
  return call.map.evaluate(answer.body, &bindings).value_or(Json());
}

}  // namespace junctor::connector
