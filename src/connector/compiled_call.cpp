#include "connector/compiled_call.h"

#include <algorithm>
#include <array>

#include "connector/encode.h"
#include "json/canonical.h"

namespace junctor::connector {
namespace {

bool reads_bindings(const Jsonata& text) {
  constexpr std::array names = {"$input", "$vars", "$status", "$headers", "$request"};
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return text.text.find(name) != std::string::npos; });
}

class Compiler final {
 public:
  Compiler(const Integration& integration, const Action& action)
      : integration_(integration), defaults_(integration.api_defaults), action_(action), api_(*action.api) {}

  std::shared_ptr<const CompiledCall> run() {
    out_->integration = integration_.slug;
    out_->action = action_.slug;
    out_->call = api_;
    out_->params = action_.params;
    request();
    answer();
    pages();
    limits();
    return out_;
  }

 private:
  CompiledValue value(const ValueSpec& spec) {
    CompiledValue compiled(spec);
    out_->computes_request = out_->computes_request || !compiled.is_constant();
    return compiled;
  }
  CompiledExpression of_answer(const Jsonata& text) {
    out_->binds_answer = out_->binds_answer || reads_bindings(text);
    return CompiledExpression(text);
  }

  void request() {
    out_->base_url = CompiledTemplate(api_.base_url.empty() ? integration_.endpoints.base_url : api_.base_url);
    out_->path = CompiledTemplate(api_.path);
    for (const Template& host : integration_.endpoints.hosts) out_->hosts.emplace_back(host);
    for (const ValueSpec* spec : {&defaults_.query, &api_.query}) {
      if (!spec->empty()) out_->queries.push_back(value(*spec));
    }
    out_->default_headers = value(defaults_.headers);
    out_->headers = value(api_.headers);
    out_->cookies = value(api_.cookies);
    out_->body = value(api_.body);
    if (api_.graphql) out_->variables = value(api_.graphql->variables);
    for (const MultipartPart& part : api_.multipart) {
      out_->parts.push_back({part, value(part.value), value(part.filename)});
    }
    out_->files = files_of(action_);
    idempotency();
  }

  void idempotency() {
    const bool repeats = api_.method == "POST" || api_.method == "PATCH";
    if (api_.idempotency) out_->idempotency = api_.idempotency;
    else if (repeats) out_->idempotency = defaults_.idempotency;
    if (out_->idempotency && !out_->idempotency->key.empty()) {
      out_->idempotency_key = CompiledExpression(out_->idempotency->key);
      out_->computes_request = true;
    }
    out_->cache = api_.cache;
    if (api_.cache) out_->fingerprint = fingerprint_of(integration_, action_);
    if (api_.cache && !api_.cache->key.empty()) {
      out_->cache_key = CompiledExpression(api_.cache->key);
      out_->computes_request = true;
    }
  }

  void answer() {
    out_->expect = api_.expect.empty() ? defaults_.expect : api_.expect;
    for (const auto* rules : {&api_.errors, &defaults_.errors}) {
      for (const ErrorRule& rule : *rules) {
        out_->errors.push_back({rule, of_answer(rule.when), of_answer(rule.code), of_answer(rule.message),
                                of_answer(rule.retry_after)});
      }
    }
    out_->map = of_answer(api_.response.map);
    out_->max_response_bytes = api_.response.max_bytes ? api_.response.max_bytes->bytes : defaults_.max_response_bytes.bytes;
    std::vector<RedactSpec> places = {defaults_.redact};
    if (api_.redact) places.push_back(*api_.redact);
    out_->redaction = Redaction(places);
  }

  void pages() {
    std::optional<Pagination> spec = api_.pagination;
    if (!spec && api_.paginate) spec = defaults_.pagination;
    if (!spec) return;
    out_->pagination = CompiledPagination{*spec, of_answer(spec->items), of_answer(spec->next), of_answer(spec->more)};
  }

  void limits() {
    out_->retry = api_.retry.value_or(defaults_.retry);
    out_->timeouts = api_.timeouts.value_or(defaults_.timeouts);
    for (const RateLimit& limit : defaults_.rate_limits) this->limit(limit, "");
    for (const RateLimit& limit : api_.rate_limits) this->limit(limit, action_.slug + "/");
  }

  void limit(const RateLimit& limit, const std::string& owner) {
    out_->limits.push_back({limit.name.empty() ? owner + std::to_string(out_->limits.size()) : limit.name, limit});
  }

  const Integration& integration_;
  const ApiDefaults& defaults_;
  const Action& action_;
  const ApiCall& api_;
  std::shared_ptr<CompiledCall> out_ = std::make_shared<CompiledCall>();
};

}  // namespace

std::string fingerprint_of(const Integration& integration, const Action& action) {
  return json::fingerprint(JsonArray{encode(shape_of<Action>(), &action),
                                     encode(shape_of<ApiDefaults>(), &integration.api_defaults),
                                     encode(shape_of<Endpoints>(), &integration.endpoints)});
}

Result<std::shared_ptr<const CompiledCall>> CompiledCall::compile(const Integration& integration,
                                                                  const Action& action) {
  const std::string at = "actions." + action.slug + ".api";
  if (!action.api) return Problem{at, 0, "nothing", "an api block", {}};
  try {
    return Compiler(integration, action).run();
  } catch (const jsonata::Error& fault) {
    return Problem{at, 0, fault.what(), "JSONata that compiles", {}};
  } catch (const Failure& fault) {
    return Problem{at, 0, fault.message(), "a definition that was validated", {}};
  }
}

}  // namespace junctor::connector
