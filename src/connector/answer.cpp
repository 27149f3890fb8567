#include "connector/answer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/crypto.h"
#include "base/text.h"
#include "net/retry_after.h"
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

bool is_success(int status) { return status >= 200 && status < 300; }

// Without the byte order mark that some servers write, and the white space around it.
std::string_view bare(std::string_view body) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (body.starts_with(mark)) body.remove_prefix(mark.size());
  const auto begin = body.find_first_not_of(" \t\r\n");
  return begin == body.npos ? std::string_view() : body.substr(begin);
}

// A kind whose output is not what the rules read.
bool converts(ResponseKind kind) {
  return kind == ResponseKind::none || kind == ResponseKind::text || kind == ResponseKind::file || kind == ResponseKind::form;
}

// The output of such a kind.
Json converted(ResponseKind kind, const ClientResponse& response) {
  if (kind == ResponseKind::none || (response.body.empty() && kind != ResponseKind::file)) return Json();
  if (kind == ResponseKind::text) return Json(as_utf8(response.body));
  if (kind == ResponseKind::file) {
    return JsonObject{{"base64", crypto::to_base64(response.body)}, {"content_type", as_utf8(content_type_of(response.headers))}};
  }
  JsonObject out;
  for (const Parameter& one : parse_query(response.body)) out[as_utf8(one.name)] = as_utf8(one.value);
  return out;
}

// What rules and errors read, whatever the kind. nullopt: it should be JSON and is not.
std::optional<Json> read_body(ResponseKind kind, const ClientResponse& response) {
  if (response.body.empty()) return Json();
  const bool typed = is_json_type(content_type_of(response.headers));
  const bool success = is_success(response.status);
  const bool must = success && !converts(kind) && (typed || kind == ResponseKind::json);
  const std::string_view text = bare(response.body);
  if (must && text.empty()) return Json();
  if (must || typed || (!text.empty() && may_be_json(text))) {
    // Of an error the provider's words count, of an output every byte.
    auto parsed = must ? json::parse(text) : json::parse(as_utf8(std::string(text)));
    if (parsed) return std::move(parsed).value();
    if (must) return std::nullopt;
  }
  if (success && kind == ResponseKind::file) return Json();
  return Json(as_utf8(response.body));
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

template <typename Thrown>
[[noreturn]] void throw_with(std::optional<std::chrono::milliseconds> retry_after, Thrown failure) {
  if (retry_after) failure.retry_after(*retry_after);
  throw failure;
}

class Judge final {
 public:
  Judge(const CompiledCall& call, const CallScope& scope, const Json& input, const Redaction& redaction,
        const ClientRequest& sent, const ClientResponse& response, Timestamp now)
      : call_(call), scope_(scope), input_(input), redaction_(redaction), sent_(sent), response_(response), now_(now) {}

  std::variant<Answer, Fault> decide() {
    const bool expected = matches_status(call_.expect, response_.status);
    const bool unread = is_converted() && call_.errors.empty() && expected;
    auto body = unread ? Json() : read_body(call_.call.response.kind, response_);
    answer_ = {response_.status, response_.headers, std::move(body).value_or(Json()), response_.url};
    if (call_.binds_answer) bindings_ = answer_bindings(scope_, input_, answer_);
    for (const CompiledErrorRule& rule : call_.errors) {
      if (!fits(rule)) continue;
      if (rule.rule.not_an_error) return finished();
      return fault(&rule);
    }
    if (!expected) return fault(nullptr);
    if (body) return finished();
    Fault broken = fault(nullptr);
    broken.kind = FailureKind::unavailable;
    broken.retry = true;
    broken.message = call_.integration + " answered " + std::to_string(response_.status) + " with a body that is no JSON";
    return broken;
  }

 private:
  bool is_converted() const {
    return is_success(response_.status) && converts(call_.call.response.kind);
  }

  Answer finished() {
    if (is_converted()) answer_.body = converted(call_.call.response.kind, response_);
    return std::move(answer_);
  }

  const jsonata::Bindings* bindings() const { return bindings_ ? &*bindings_ : nullptr; }

  bool fits(const CompiledErrorRule& rule) const {
    if (!rule.rule.status.empty() && !matches_status(rule.rule.status, response_.status)) return false;
    return rule.when.empty() || rule.when.is_true(answer_.body, bindings());
  }

  std::string said(const CompiledExpression* declared, bool code) const {
    if (declared != nullptr && !declared->empty()) return declared->text(answer_.body, bindings()).value_or("");
    return usual_text(answer_.body, code);
  }

  std::string safe(std::string text) const { return without_sent_secrets(std::move(text), sent_, redaction_, scope_.secrets); }

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
    out.answer.body = kept_body(response_.body, content_type_of(response_.headers), kept_body_bytes, sent_, redaction_, scope_.secrets);
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
  if (answer.status == 0) throw_with(retry_after, Failure(kind, message));
  throw_with(retry_after, ProviderFailure(kind, message, answer));
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

bool may_be_json(std::string_view body) {
  const std::string_view text = bare(body);
  return text.empty() || text.front() == '{' || text.front() == '[';
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
    name = as_utf8(std::move(name));
    if (!headers.contains(name)) headers[name] = as_utf8(header.value);
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
