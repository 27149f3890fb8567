// A declared action's call, as data: the connector room executes it.
//
// Request side: `$` of every expression is {input, vars, connection, idempotency_key, now, page}.
// Answer side: `$` is the answer's body; $input, $vars, $status, $headers (lower-case names) and
// $request are bound.
//
// Threads: values.
#pragma once

#include "junctor/definition/parts.h"

namespace junctor {

enum class BodyKind { none, json, form, multipart, raw, graphql, file };
BOOST_DESCRIBE_ENUM(BodyKind, none, json, form, multipart, raw, graphql, file)

// One part of a multipart body: a value, or a file given by the caller.
struct MultipartPart {
  std::string name{};
  ValueSpec value{};
  std::string file{};  // name of the parameter that holds the file
  ValueSpec filename{};
  std::string content_type{};
};
BOOST_DESCRIBE_STRUCT(MultipartPart, (), (name, value, file, filename, content_type))

struct GraphqlRequest {
  std::string query{};
  ValueSpec variables{};  // an object; missing: the action's input
  std::string operation_name{};
};
BOOST_DESCRIBE_STRUCT(GraphqlRequest, (), (query, variables, operation_name))

enum class ResponseKind { automatic, json, text, form, none, file };
BOOST_DESCRIBE_ENUM(ResponseKind, automatic, json, text, form, none, file)

// What becomes of the answer. `automatic` goes by its Content-Type. `file` streams to the caller.
struct ResponseSpec {
  ResponseKind kind = ResponseKind::automatic;
  Jsonata map{};  // the action's output; missing: the body
  std::optional<ByteCount> max_bytes{};
};
BOOST_DESCRIBE_STRUCT(ResponseSpec, (), (kind, map, max_bytes))

// What a fault means. The first rule that fits decides; without one, the status does.
// `when` reads the body, also of an expected status (an error inside a 200).
enum class ErrorKind { invalid, denied, not_found, conflict, unsupported, timeout, unavailable, overloaded };
BOOST_DESCRIBE_ENUM(ErrorKind, invalid, denied, not_found, conflict, unsupported, timeout, unavailable,
                    overloaded)
struct ErrorRule {
  std::vector<std::string> status{};  // "404", "5xx", "400-499"; empty: any
  Jsonata when{};
  std::optional<ErrorKind> kind{};
  Jsonata code{};         // the provider's code
  Jsonata message{};      // the provider's message
  Jsonata retry_after{};  // seconds
  std::optional<bool> retry{};
  bool reauthenticate = false;  // as a 401: one refresh, one more try
  bool not_an_error = false;    // the answer is a success after all (404 on delete)
};
BOOST_DESCRIBE_STRUCT(ErrorRule, (),
                      (status, when, kind, code, message, retry_after, retry, reauthenticate, not_an_error))

enum class PaginationKind { cursor, offset, page, keyset, link, next_url, json_api, graphql, custom };
BOOST_DESCRIBE_ENUM(PaginationKind, cursor, offset, page, keyset, link, next_url, json_api, graphql, custom)

enum class PageParamPlace { query, body, header };
BOOST_DESCRIBE_ENUM(PageParamPlace, query, body, header)

// How a list continues. `items` gives the rows of a page (missing: the body when it is a list).
//   cursor    `next` gives the next cursor (null or "" ends), sent as `param`
//   offset    `param` counts rows, `limit_param` sends `page_size`; a short page ends
//   page      `param` counts pages from `first`; an empty or short page ends
//   keyset    `next` (missing: `key` of the last item) is sent as `param`; an empty page ends
//   link      header Link, rel="next" (RFC 8288)
//   next_url  `next` gives the next URL, absolute or relative
//   json_api  links.next of the body
//   graphql   `next` gives a page info {hasNextPage, endCursor}; the cursor becomes variable `param`
//   custom    `next` gives {url, query, headers, body}: what changes in the next request; null ends
// Reaching max_pages, max_items or max_time ends the stream and marks it as cut short.
struct Pagination {
  PaginationKind kind = PaginationKind::cursor;
  Jsonata items{};
  std::string param{};
  PageParamPlace in = PageParamPlace::query;
  Jsonata next{};
  Jsonata more{};  // whether there are more pages (true, 1, "next"); missing: as the kind says
  std::string key = "id";
  std::string limit_param{};
  int page_size = 0;  // 0: not sent
  int first = 1;
  int max_pages = 1000;
  std::int64_t max_items = 1'000'000;
  Duration max_time = std::chrono::minutes(15);
};
BOOST_DESCRIBE_STRUCT(Pagination, (),
                      (kind, items, param, in, next, more, key, limit_param, page_size, first, max_pages,
                       max_items, max_time))

// Tries of one call. Waits grow from `wait` by `factor` up to `max_wait`, with full jitter; a
// Retry-After of the answer wins. Only GET, HEAD, OPTIONS, PUT, DELETE, and calls that carry an
// idempotency key, unless `unsafe`.
struct RetrySpec {
  int attempts = 4;  // tries in all; 1: no retry
  Duration wait = std::chrono::milliseconds(500);
  double factor = 2;
  Duration max_wait = std::chrono::minutes(1);
  std::vector<std::string> status = {"408", "425", "429", "500", "502", "503", "504"};
  bool unsafe = false;
};
BOOST_DESCRIBE_STRUCT(RetrySpec, (), (attempts, wait, factor, max_wait, status, unsafe))

// A key sent so that the provider answers a repeated call as it did the first. Missing `key`: the
// one of the run's step, the same in every retry.
struct IdempotencySpec {
  std::string header = "Idempotency-Key";
  Jsonata key{};
};
BOOST_DESCRIBE_STRUCT(IdempotencySpec, (), (header, key))

struct Timeouts {
  Duration connect = std::chrono::seconds(10);
  Duration first_byte = std::chrono::seconds(30);
  Duration total = std::chrono::minutes(2);
};
BOOST_DESCRIBE_STRUCT(Timeouts, (), (connect, first_byte, total))

enum class CacheStore { memory, store, redis };
BOOST_DESCRIBE_ENUM(CacheStore, memory, store, redis)

// Answers kept per connection; `key` missing: method, URL and body.
struct CacheSpec {
  Duration ttl{0};
  CacheStore store = CacheStore::memory;
  Jsonata key{};
};
BOOST_DESCRIBE_STRUCT(CacheSpec, (), (ttl, store, key))

// What is blotted out in recorded calls, besides credentials: header names, JSON Pointers of bodies
// ("/user/email", "*" for any element), query parameters.
struct RedactSpec {
  std::vector<std::string> headers{};
  std::vector<std::string> query{};
  std::vector<std::string> body{};
};
BOOST_DESCRIBE_STRUCT(RedactSpec, (), (headers, query, body))

// What holds for every declared action; an action's own block wins key by key.
struct ApiDefaults {
  ValueSpec headers{};
  ValueSpec query{};
  std::vector<std::string> expect = {"2xx"};
  std::vector<ErrorRule> errors{};  // tried after the action's own
  RetrySpec retry{};
  std::vector<RateLimit> rate_limits{};
  Timeouts timeouts{};
  std::optional<IdempotencySpec> idempotency{};  // of POST and PATCH
  std::optional<Pagination> pagination{};        // of actions that say `paginate: true`
  RedactSpec redact{};
  ByteCount max_response_bytes{32u << 20};
};
BOOST_DESCRIBE_STRUCT(ApiDefaults, (),
                      (headers, query, expect, errors, retry, rate_limits, timeouts, idempotency, pagination,
                       redact, max_response_bytes))

// The call of one declared action.
//
// A parameter goes where its `to` says; by default into the path when `path` names it, into `query`
// for GET, HEAD and DELETE, else into the body, unless `body` (or `query`) is written out.
struct ApiCall {
  std::string method = "GET";
  Template path{};
  Template base_url{};  // missing: endpoints.base_url
  ValueSpec query{};    // an object; null leaves a parameter out, a list repeats it
  ValueSpec headers{};  // an object
  ValueSpec cookies{};  // an object
  ValueSpec body{};
  BodyKind body_kind = BodyKind::json;
  std::string content_type{};  // of the body; none of a multipart one
  std::vector<MultipartPart> multipart{};
  std::optional<GraphqlRequest> graphql{};
  std::vector<std::string> expect{};  // "200", "2xx", "200-204"; empty: the defaults'
  ResponseSpec response{};
  std::vector<ErrorRule> errors{};
  std::optional<Pagination> pagination{};
  bool paginate = false;  // with the pagination of `api_defaults`
  std::optional<RetrySpec> retry{};
  std::vector<RateLimit> rate_limits{};
  std::optional<Timeouts> timeouts{};
  std::optional<IdempotencySpec> idempotency{};
  std::optional<CacheSpec> cache{};
  std::optional<RedactSpec> redact{};
  bool anonymous = false;  // sent without credentials
};
BOOST_DESCRIBE_STRUCT(ApiCall, (),
                      (method, path, base_url, query, headers, cookies, body, body_kind, content_type,
                       multipart, graphql, expect, response, errors, pagination, paginate, retry, rate_limits,
                       timeouts, idempotency, cache, redact, anonymous))

}  // namespace junctor
