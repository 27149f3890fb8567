#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "connector/checks.h"
#include "connector/places.h"
#include "connector/status_match.h"
#include "net/http.h"

namespace junctor::connector {
namespace {

constexpr std::array<std::string_view, 7> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

void check_statuses(const std::vector<std::string>& patterns, const std::string& at, Findings& out) {
  for (const std::string& pattern : patterns) {
    if (!status_range(pattern)) out.problem(at, "\"" + pattern + "\"", "a status: 200, 2xx, 400-499");
  }
}

void check_errors(const std::vector<ErrorRule>& rules, const std::string& at, Findings& out) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string here = at_index(at, i);
    check_statuses(rules[i].status, join(here, "status"), out);
    if (rules[i].status.empty() && rules[i].when.empty()) {
      out.problem(here, "a rule that fits everything", "`status`, `when`, or both");
    }
  }
}

void check_retry(const RetrySpec& retry, const std::string& at, Findings& out) {
  constexpr int most = 20;
  if (retry.attempts < 1 || retry.attempts > most) {
    out.problem(join(at, "attempts"), std::to_string(retry.attempts), "1 to 20 tries in all");
  }
  if (retry.factor < 1) out.problem(join(at, "factor"), "a factor below 1", "1 or more");
  if (retry.max_wait < retry.wait) out.problem(join(at, "max_wait"), "less than `wait`", "`wait` or more");
  check_statuses(retry.status, join(at, "status"), out);
}

bool is_limit_name(const std::string& name) {
  return std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

// Limits of one name are one: what differs between two of them would hold for the one that called last.
class LimitNames final {
 public:
  void check(const std::vector<RateLimit>& limits, const std::string& at, Findings& out) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
      const RateLimit& limit = limits[i];
      const std::string where = join(at_index(at, i), "name");
      if (limit.name.empty()) continue;
      if (!is_limit_name(limit.name)) {
        out.problem(where, "\"" + limit.name + "\"", "a name of letters, digits, _ and - that begins with a letter");
      }
      const auto [known, is_new] = known_.try_emplace(limit.name, limit, at);
      if (!is_new && known->second.first != limit) {
        out.problem(where, "\"" + limit.name + "\" with other figures",
                    "what " + known->second.second + " says of it, or another name");
      }
    }
  }

 private:
  std::map<std::string, std::pair<RateLimit, std::string>> known_;
};

void check_voices(const std::vector<RateLimit>& limits, const std::string& at, std::ptrdiff_t most, Findings& out) {
  const auto own = std::count_if(limits.begin(), limits.end(),
                                 [](const RateLimit& limit) { return limit.answers == LimitVoice::limit; });
  if (own <= most) return;
  out.problem(at, "answers: limit " + std::string(most == 0 ? "for all actions" : "of several limits"),
              most == 0 ? "answers: connection here; `limit` belongs to actions that the provider counts apart"
                        : "one limit that the answers speak of");
}

void check_limits(const std::vector<RateLimit>& limits, const std::string& at, Findings& out) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const RateLimit& limit = limits[i];
    if (limit.requests < 0 || limit.concurrent < 0 || limit.burst < 0 ||
        (limit.requests == 0 && limit.concurrent == 0)) {
      out.problem(at_index(at, i), "no limit", "`requests` (per `per`), `concurrent`, or both, above 0");
    }
    if (limit.per.count() <= 0) out.problem(join(at_index(at, i), "per"), "no time", "1s, 1m, 1h");
  }
}

void check_timeouts(const Timeouts& timeouts, const std::string& at, Findings& out) {
  if (timeouts.connect.count() <= 0 || timeouts.first_byte.count() <= 0 || timeouts.total.count() <= 0) {
    out.problem(at, "a timeout of 0", "times above 0: every wait has an end");
  }
}

bool needs_param(PaginationKind kind) {
  return kind == PaginationKind::cursor || kind == PaginationKind::offset || kind == PaginationKind::page ||
         kind == PaginationKind::keyset || kind == PaginationKind::graphql;
}

bool needs_next(PaginationKind kind) {
  return kind == PaginationKind::cursor || kind == PaginationKind::next_url ||
         kind == PaginationKind::graphql || kind == PaginationKind::custom;
}

void check_pagination(const Pagination& pages, const std::string& at, Findings& out) {
  if (needs_param(pages.kind) && pages.param.empty()) {
    out.problem(join(at, "param"), "nothing", "the parameter that asks for the next page");
  }
  if (needs_next(pages.kind) && pages.next.empty()) {
    out.problem(join(at, "next"), "nothing", "JSONata that finds the next page in the answer");
  }
  if (pages.max_pages < 1 || pages.max_items < 1 || pages.max_time.count() <= 0) {
    out.problem(at, "a bound of 0", "max_pages, max_items and max_time above 0");
  }
  if (pages.page_size < 0 || (pages.page_size == 0 && !pages.limit_param.empty())) {
    out.problem(join(at, "page_size"), std::to_string(pages.page_size), "how many rows `limit_param` asks for");
  }
}

void check_object(const ValueSpec& value, const std::string& at, Findings& out) {
  const bool computed = value.json.is_string() && value.json.as_string().starts_with("=");
  if (!value.empty() && !value.json.is_object() && !computed) {
    out.problem(at, "no mapping", "a mapping, or \"=\" and JSONata that gives one");
  }
}

// What a template takes from the connection: requests see its vars without its secrets.
void check_vars_in(const Integration& integration, const Template& text, const std::string& at, Findings& out) {
  constexpr std::string_view prefix = "vars.";
  for (const std::string& place : places_of(text.text)) {
    if (!place.starts_with(prefix)) continue;
    const std::string key = place.substr(prefix.size(), place.find_first_of(".[", prefix.size()) - prefix.size());
    const Field* field = integration.find_var(key);
    if (field == nullptr) {
      out.problem(at, "the place {" + place + "}", "a field of `vars`");
    } else if (field->is_secret()) {
      out.problem(at, "the place {" + place + "}, which is a secret", "a var that may be seen; `auth` sends secrets in a header, the query or a cookie");
    }
  }
}

void check_places(const Action& action, const Template& text, const std::string& at, bool params_too,
                  Findings& out) {
  const auto pieces = parse_places(text.text);
  if (!pieces) {
    out.problem(at, pieces.problems().front().found, pieces.problems().front().expected);
    return;
  }
  std::vector<std::string> known;
  for (const Param& param : action.params) known.push_back(param.name);
  for (const std::string& place : places_of(text.text)) {
    const bool var = place.starts_with("vars.");
    const bool open = params_too && action.params.empty() && !action.input.empty();
    if (var || open || (params_too && std::find(known.begin(), known.end(), place) != known.end())) continue;
    out.problem(at, "the place {" + place + "}",
                params_too ? expected_one_of("a parameter, or vars.…", place, known) : "a place {vars.…}");
  }
}

void check_body(const Action& action, const std::string& at, Findings& out) {
  const ApiCall& call = *action.api;
  if ((call.body_kind == BodyKind::graphql) != call.graphql.has_value()) {
    out.problem(join(at, "graphql"), call.graphql ? "a block beside another body_kind" : "nothing",
                "body_kind: graphql together with the block `graphql`");
  }
  if (call.graphql && call.graphql->query.empty()) out.problem(join(at, "graphql.query"), "nothing", "the query");
  if (!call.multipart.empty() && call.body_kind != BodyKind::multipart) {
    out.problem(join(at, "multipart"), "parts beside another body_kind", "body_kind: multipart");
  }
  if (!call.body.empty() && call.body_kind == BodyKind::none) {
    out.problem(join(at, "body"), "a body beside body_kind: none", "one of them");
  }
  if (!call.body.empty() && (call.method == "GET" || call.method == "HEAD")) {
    out.problem(join(at, "body"), "a body of a " + call.method, "`query`, or another method");
  }
  if (call.body_kind == BodyKind::form) check_object(call.body, join(at, "body"), out);
  for (const MultipartPart& part : call.multipart) {
    if (part.value.empty() == part.file.empty()) {
      out.problem(join(at, "multipart." + part.name), "neither or both", "one of `value` and `file`");
    }
  }
}

bool has_content_type(const ValueSpec& headers) {
  const auto* object = headers.json.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [](const auto& member) {
           return equal_ignoring_case(member.key(), "Content-Type");
         });
}

void check_content_type(const ApiCall& call, const std::string& at, Findings& out) {
  const bool header = has_content_type(call.headers);
  const std::string where = join(at, header ? "headers.Content-Type" : "content_type");
  if (call.body_kind == BodyKind::multipart && (header || !call.content_type.empty())) {
    out.problem(where, "a content type of a multipart body", "none: the one that is sent names the boundary");
  } else if (header && !call.content_type.empty()) {
    out.problem(where, "a second one beside content_type", "one of them");
  }
}

void check_call(const Integration& integration, const Action& action, Findings& out) {
  const ApiCall& call = *action.api;
  const std::string at = join(join("actions", action.slug), "api");
  if (std::find(methods.begin(), methods.end(), call.method) == methods.end()) {
    out.problem(join(at, "method"), "\"" + call.method + "\"", "GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS");
  }
  const bool absolute = call.path.text.starts_with("https://") || call.path.text.starts_with("http://");
  if (!absolute && call.base_url.empty() && integration.endpoints.base_url.empty()) {
    out.problem("endpoints.base_url", "nothing", "the URL that the paths of declared actions follow");
  }
  if (!absolute && !call.path.empty() && !call.path.text.starts_with('/') && !call.path.text.starts_with('{')) {
    out.problem(join(at, "path"), "\"" + call.path.text + "\"", "a path that begins with \"/\"");
  }
  check_places(action, call.path, join(at, "path"), true, out);
  check_places(action, call.base_url, join(at, "base_url"), true, out);
  check_vars_in(integration, call.path, join(at, "path"), out);
  check_vars_in(integration, call.base_url, join(at, "base_url"), out);
  check_object(call.query, join(at, "query"), out);
  check_object(call.headers, join(at, "headers"), out);
  check_object(call.cookies, join(at, "cookies"), out);
  check_body(action, at, out);
  check_content_type(call, at, out);
  if (call.method == "HEAD" && call.response.kind == ResponseKind::file) {
    out.problem(join(at, "response.kind"), "file", "another kind: an answer to HEAD has no bytes");
  }
  check_statuses(call.expect, join(at, "expect"), out);
  check_errors(call.errors, join(at, "errors"), out);
  check_limits(call.rate_limits, join(at, "rate_limits"), out);
  if (call.pagination) check_pagination(*call.pagination, join(at, "pagination"), out);
  if (call.paginate && !call.pagination && !integration.api_defaults.pagination) {
    out.problem(join(at, "paginate"), "true", "a block `pagination` here or under api_defaults");
  }
  if (call.retry) check_retry(*call.retry, join(at, "retry"), out);
  if (call.timeouts) check_timeouts(*call.timeouts, join(at, "timeouts"), out);
  if (call.cache && call.cache->ttl.count() <= 0) out.problem(join(at, "cache.ttl"), "no time", "how long: 5m");
  if (call.idempotency && call.idempotency->header.empty()) {
    out.problem(join(at, "idempotency.header"), "nothing", "the header that carries the key");
  }
}

// Such a param is a text like any other, whatever a form shows for it.
void warn_lost_files(const Action& action, Findings& out) {
  const auto files = files_of(action);
  for (const Param& param : action.params) {
    const bool sent = std::any_of(files.begin(), files.end(), [&](const FileParam& one) { return one.name == param.name; });
    if (param.ui_type == UiType::file && !sent)
      out.warning(join("actions", action.slug) + ".params." + param.name, "a file that goes nowhere",
                  "`body_kind: file` with this file alone, or a part of `multipart` with `file: " + param.name + "`");
  }
}

void check_param_targets(const Action& action, Findings& out) {
  const auto places = places_of(action.api->path.text + action.api->base_url.text);
  for (const Param& param : action.params) {
    const std::string at = join("actions", action.slug) + ".params." + param.name;
    const bool named = std::find(places.begin(), places.end(), param.name) != places.end();
    if (param.to == SendPlace::path && !named) {
      out.problem(join(at, "to"), "path", "a place {" + param.name + "} in \"" + action.api->path.text + "\"");
    }
    if (named && param.to && *param.to != SendPlace::path) {
      out.problem(join(at, "to"), "another place than the path", "path, which names it");
    }
  }
}

void check_hosts(const Integration& integration, Findings& out) {
  const auto& hosts = integration.endpoints.hosts;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i].text.find('/') == std::string::npos) continue;
    out.problem(at_index("endpoints.hosts", i), "\"" + hosts[i].text + "\"",
                "a host that is called over https, with its port where it has one: files.example.com, *.example.com");
  }
}

}  // namespace

void check_calls(const Integration& integration, Findings& out) {
  check_hosts(integration, out);
  check_vars_in(integration, integration.endpoints.base_url, "endpoints.base_url", out);
  const ApiDefaults& defaults = integration.api_defaults;
  check_object(defaults.headers, "api_defaults.headers", out);
  check_object(defaults.query, "api_defaults.query", out);
  check_statuses(defaults.expect, "api_defaults.expect", out);
  check_errors(defaults.errors, "api_defaults.errors", out);
  check_retry(defaults.retry, "api_defaults.retry", out);
  check_limits(defaults.rate_limits, "api_defaults.rate_limits", out);
  check_timeouts(defaults.timeouts, "api_defaults.timeouts", out);
  if (defaults.pagination) check_pagination(*defaults.pagination, "api_defaults.pagination", out);
  LimitNames names;
  names.check(defaults.rate_limits, "api_defaults.rate_limits", out);
  check_voices(defaults.rate_limits, "api_defaults.rate_limits", 0, out);
  for (const Action& action : integration.actions) {
    if (!action.api) continue;
    check_call(integration, action, out);
    const std::string limits_at = join("actions", action.slug) + ".api.rate_limits";
    names.check(action.api->rate_limits, limits_at, out);
    check_voices(action.api->rate_limits, limits_at, 1, out);
    check_param_targets(action, out);
    warn_lost_files(action, out);
  }
}

}  // namespace junctor::connector
