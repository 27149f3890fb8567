// A declared action in the form that runs: defaults merged in, expressions and templates compiled.
//
// Threads: immutable; shared by every call of the action.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/expressions.h"
#include "connector/rate_limiter.h"
#include "connector/redaction.h"
#include "junctor/integration.h"
#include "junctor/result.h"

namespace junctor::connector {

struct CompiledErrorRule {
  ErrorRule rule;
  CompiledExpression when, code, message, retry_after;
};

struct CompiledPagination {
  Pagination spec;
  CompiledExpression items, next, more;
};

struct CompiledPart {
  MultipartPart part;
  CompiledValue value, filename;
};

struct CompiledCall {
  // Problems when an expression does not compile: only for definitions that were not validated.
  // The result is shared by everyone who calls the action.
  static Result<std::shared_ptr<const CompiledCall>> compile(const Integration& integration, const Action& action);

  std::string integration;
  std::string action;
  ApiCall call;                // as declared
  std::vector<Param> params;   // where none are declared: empty, and every member of the input is one
  CompiledTemplate base_url;
  CompiledTemplate path;
  std::vector<CompiledTemplate> hosts;  // further hosts that a next page may be on
  std::vector<CompiledValue> queries;   // the defaults', then its own
  CompiledValue default_headers;
  CompiledValue headers;                // its own
  CompiledValue cookies;
  CompiledValue body;
  CompiledValue variables;
  std::vector<CompiledPart> parts;
  std::vector<FileParam> files;
  std::vector<std::string> expect;
  std::vector<CompiledErrorRule> errors;
  CompiledExpression map;
  std::optional<CompiledPagination> pagination;
  RetrySpec retry;
  Timeouts timeouts;
  std::optional<IdempotencySpec> idempotency;
  CompiledExpression idempotency_key;
  std::optional<CacheSpec> cache;
  CompiledExpression cache_key;
  std::string fingerprint;  // of what makes request and output, where it is cached
  std::vector<NamedLimit> limits;
  Redaction redaction;
  std::size_t max_response_bytes = 0;
  bool computes_request = false;  // some expression reads {input, vars, …}
  bool binds_answer = false;      // some expression of the answer reads $input, $vars, $status, $headers
};

// Of all that makes request and output of an action: what was kept under another definition is none of this one's.
std::string fingerprint_of(const Integration& integration, const Action& action);

}  // namespace junctor::connector
