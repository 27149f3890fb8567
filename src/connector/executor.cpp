#include "connector/executor.h"

#include <algorithm>
#include <cmath>

#include "auth/credentials.h"
#include "base/crypto.h"
#include "base/text.h"
#include "connector/call_record.h"
#include "connector/file_download.h"
#include "connector/request_builder.h"
#include "connector/sent_secrets.h"
#include "connector/token_calls.h"
#include "connector/urls.h"
#include "json/canonical.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "vault/connection.h"

namespace junctor::connector {

using std::chrono::milliseconds;

// What one try needs to know.
struct Executor::Try {
  const CompiledCall& call;
  const CallScope& scope;
  const Json& input;
  const PageTurn& turn;
  int number = 1;
  auth::Refusals refusals{};                        // of the credential
  std::optional<ClientRequest> unsigned_request{};  // the same in every try, before its credentials
  bool repeatable = false;                          // known once there is a request
  Timestamp started{};
  Redaction redaction{};
  std::vector<ClientHop> hops{};  // that the last request took
  FileDownload file{call, scope};
};

namespace {

bool is_idempotent(const std::string& method) { return method != "POST" && method != "PATCH"; }

double true_random() {
  const std::string bytes = crypto::random_bytes(4);
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number / 4294967296.0;
}

// Somebody waits for an interactive call; background work has its run's time.
Patience patience_of(const CompiledCall& call, const CallScope& scope) {
  if (scope.priority == Priority::background) return {};
  return {call.retry.max_wait, scope.caller_ended};
}

// What a failed transport means for another try.
Fault transport_fault(const std::string& integration, const Failure& failure) {
  Fault out;
  out.kind = failure.kind();
  out.retry = is_retryable(failure.kind());
  out.retry_after = failure.retry_after();
  out.message = integration + ": " + failure.message();
  return out;
}

Redaction redaction_of(const CompiledCall& call, const auth::CredentialSource* credentials) {
  if (credentials == nullptr) return call.redaction;
  const auto cut = credentials->redactions();
  return call.redaction.with(cut.headers, cut.query_parameters);
}

template <typename Try>
RecordedCall call_of(const Try& one) {
  RecordedCall out;
  out.tenant = one.scope.tenant;
  out.run = one.scope.run;
  out.integration = one.call.integration;
  out.action = one.call.action;
  out.connection = one.scope.connection;
  out.attempt = one.number;
  out.page = one.turn.number;
  out.started_at = one.started;
  return out;
}

bool can_rewind(const CallScope& scope) {
  return std::all_of(scope.uploads.begin(), scope.uploads.end(),
                     [](const auto& file) { return static_cast<bool>(file.second.rewind); });
}

bool has_idempotency_key(const CompiledCall& call, const ClientRequest& request) {
  return call.idempotency && std::any_of(request.headers.begin(), request.headers.end(), [&](const ClientHeader& header) {
           const auto* text = std::get_if<std::string>(&header.value);
           return text != nullptr && !text->empty() && equal_ignoring_case(header.name, call.idempotency->header);
         });
}

// Of the request as it was built: a key that came out empty is no key.
bool is_repeatable(const CompiledCall& call, const CallScope& scope, const ClientRequest& request) {
  return can_rewind(scope) &&
         (is_idempotent(request.method) || call.retry.unsafe || has_idempotency_key(call, request));
}

// Built once: every try sends the same key, and the same time and random numbers of its expressions.
template <typename Try>
const ClientRequest& request_of(Try& one) {
  if (one.unsigned_request) return *one.unsigned_request;
  one.unsigned_request = build_request(one.call, one.scope, one.input, one.turn);
  one.repeatable = is_repeatable(one.call, one.scope, *one.unsigned_request);
  if (one.repeatable) one.unsigned_request->resend = Resend::allowed;
  return *one.unsigned_request;
}

void rewind(const CallScope& scope) {
  for (const auto& [name, file] : scope.uploads) file.rewind();
}

// As long as somebody waits for it: looked at after every second.
void wait_for_next_try(Fiber& fiber, const CompiledCall& call, const CallScope& scope, milliseconds wait) {
  constexpr milliseconds look_again{1000};
  for (; wait > look_again; wait -= look_again) {
    fiber.sleep_for(look_again);
    if (scope.caller_ended && scope.caller_ended())
      throw Failure(FailureKind::cancelled, "the caller left before " + call.integration + " was asked once more; the call was given up");
  }
  fiber.sleep_for(wait);
}

// A definition may find an overload in a 403 or a 200 too.
bool asks_to_wait(int status, FailureKind kind) {
  return status == 429 || status == 503 || kind == FailureKind::overloaded;
}

// Files come and go with their call, and a multipart body has another boundary every time.
bool may_be_kept(const CompiledCall& call, const CallScope& scope) {
  return call.cache && scope.caching == Caching::on && call.call.body_kind != BodyKind::multipart &&
         scope.uploads.empty() && !scope.download;
}

// The input, for what only expressions over the answer read, and the request before its credentials. The
// idempotency key is another for every piece of work and asks for nothing.
Json everything_asked(const CompiledCall& call, const CallScope& scope, const Json& input) {
  const ClientRequest request = build_request(call, scope, input, PageTurn{});
  JsonArray headers;
  for (const ClientHeader& header : request.headers) {
    if (call.idempotency && equal_ignoring_case(header.name, call.idempotency->header)) continue;
    headers.push_back(JsonArray{Json(header.name), Json(std::get<std::string>(header.value))});
  }
  const std::string* body = body_text(request);
  return JsonArray{input, Json(request.method), Json(request.url), std::move(headers), body == nullptr ? Json() : Json(*body)};
}

}  // namespace

Executor::Executor(HttpClient& client, ExecutorPorts ports)
    : client_(client), ports_(std::move(ports)), clock_(ports_.clock == nullptr ? system_clock() : *ports_.clock),
      limiter_(ports_.limit_share), caches_(ports_.store_cache, ports_.redis_cache) {
  if (!ports_.random) ports_.random = true_random;
}
Executor::~Executor() = default;

CallResult Executor::call(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input) {
  if (!may_be_kept(call, scope)) return uncached(fiber, call, scope, input);
  const CacheKey key = cache_key(call, scope, input);
  if (auto kept = caches_.get(fiber, call.cache->store, key)) {
    CallResult result;
    result.output = *std::move(kept);
    result.from_cache = true;
    return result;
  }
  SecretValues own;
  CallScope watched = scope;
  if (watched.secrets == nullptr) watched.secrets = &own;
  CallResult result = uncached(fiber, call, watched, input);
  if (!result.cut_short)
    keep_answer(fiber, caches_, {key, *call.cache, result.output, *watched.secrets, call.redaction});
  return result;
}

Answer Executor::exchange(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                          const PageTurn& turn, int& tries) {
  Try one{call, scope, input, turn};
  while (true) {
    auto outcome = send_once(fiber, one);
    tries = one.number;
    if (auto* answer = std::get_if<Answer>(&outcome)) return std::move(*answer);
    Fault& fault = std::get<Fault>(outcome);
    const bool repeatable = one.repeatable || fault.did_nothing;
    if (!fault.retry || !repeatable || one.number >= call.retry.attempts) fault.raise();
    const milliseconds wait = fault.retry_after.value_or(backoff(call.retry, one.number));
    if (wait > call.retry.max_wait || wait >= fiber.time_left(wait + milliseconds(1))) {
      fault.retry_after = wait;
      fault.raise();
    }
    wait_for_next_try(fiber, call, scope, wait);
    if (can_rewind(scope)) rewind(scope);
    ++one.number;
  }
}

// A token endpoint that is away for now is a fault like a provider that is: another try may help. What the
// connection itself lacks is none.
std::optional<Fault> Executor::without_credentials(const Try& one, auth::CredentialSource& credentials,
                                                   const std::function<void()>& work) const {
  try {
    work();
    record_tokens(one, credentials);
    return std::nullopt;
  } catch (const vault::ConnectionFailure&) {
    record_tokens(one, credentials);
    throw;
  } catch (const Failure& failure) {
    record_tokens(one, credentials);
    if (!is_retryable(failure.kind())) throw;
    Fault out = transport_fault(one.call.integration, failure);
    out.did_nothing = true;
    return out;
  }
}

// The requests for tokens that this try made.
void Executor::record_tokens(const Try& one, auth::CredentialSource& credentials) const {
  CallRecorder* const recorder = recorder_of(one.scope);
  for (const auth::TokenExchange& exchange : credentials.take_exchanges()) {
    if (recorder == nullptr) continue;
    RecordedCall out = recorded(exchange);
    out.tenant = one.scope.tenant;
    out.run = one.scope.run;
    out.action = one.call.action;
    out.connection = one.scope.connection;
    out.attempt = one.number;
    recorder->record(std::move(out));
  }
}

CallRecorder* Executor::recorder_of(const CallScope& scope) const {
  return scope.recorder == nullptr ? ports_.recorder : scope.recorder;
}

// nullopt: nothing came, and fault says what that means.
std::optional<ClientResponse> Executor::transmit(Fiber& fiber, Try& one, const ClientRequest& request,
                                                 Fault& fault) {
  try {
    return client_.send(fiber, request, one.hops);
  } catch (const EnoughOfAnError&) {
    return one.file.head();
  } catch (const Failure& failure) {
    // What the client itself refuses (a header with a line break, a URL that is none) has not gone out.
    if (failure.kind() != FailureKind::invalid || one.hops.size() > 1) record(one, request, nullptr, failure.message());
    if (!is_retryable(failure.kind()) || one.file.bytes() > 0) throw;
    fault = transport_fault(one.call.integration, failure);
    return std::nullopt;
  }
}

// Includes the second request after a refused credential.
std::variant<Answer, Fault> Executor::send_once(Fiber& fiber, Try& one) {
  auth::CredentialSource* credentials = one.call.call.anonymous ? nullptr : one.scope.credentials;
  one.redaction = redaction_of(one.call, credentials);
  const auto note_secrets = [&](const ClientRequest& request) {
    if (one.scope.secrets == nullptr) return;
    each_sent_secret(request, one.redaction, [&](std::string_view secret, SecretKind kind) { one.scope.secrets->add(secret, kind); });
  };
  while (true) {
    auto permit = limiter_.acquire(fiber, {one.scope.tenant, one.call.integration, one.scope.connection},
                                   one.call.limits, one.scope.priority, patience_of(one.call, one.scope));
    ClientRequest request = copy_of(request_of(one));
    if (request.upload && can_rewind(one.scope)) request.rewind = [&scope = one.scope] { rewind(scope); };
    one.file.begin_again();
    if (one.file.is_wanted())
      one.file.take_answer_of(request, [&one, &request, now = clock_.now()](const ClientResponse& head) {
        return std::holds_alternative<Fault>(judge(one.call, one.scope, one.input, one.redaction, request, head, now));
      });
    if (credentials != nullptr)
      if (auto fault = without_credentials(one, *credentials, [&] { credentials->apply(fiber, request); })) return *std::move(fault);
    note_secrets(request);
    one.started = clock_.now();
    Fault fault;
    auto response = transmit(fiber, one, request, fault);
    if (!response) return fault;
    if (!one.file.held_back().empty()) response->body = one.file.held_back();
    const Timestamp now = clock_.now();
    auto outcome = judge(one.call, one.scope, one.input, one.redaction, request, *response, now);
    const Fault* judged = std::get_if<Fault>(&outcome);
    const bool asked_to_wait = judged != nullptr && asks_to_wait(response->status, judged->kind);
    permit.learn(fiber, read_limits(response->headers, now), asked_to_wait ? judged->retry_after : std::nullopt);
    record(one, request, &*response, judged == nullptr ? "" : judged->message);
    if (judged == nullptr) {
      if (one.file.is_wanted()) {
        one.file.hand_on(fiber, response->body);  // as far as it has waited
        std::get<Answer>(outcome).body = one.file.output(*response);
      }
      return outcome;
    }
    const bool again = judged->reauthenticate && credentials != nullptr && one.refusals.may_ask() && can_rewind(one.scope);
    if (!again) return outcome;
    auto after = auth::AfterRefusal::give_up;
    if (auto missing = without_credentials(
            one, *credentials, [&] { after = credentials->after_refusal(fiber, request, *response); }))
      return *std::move(missing);
    if (!one.refusals.retries(after)) return outcome;
    rewind(one.scope);
  }
}

void Executor::record(const Try& one, const ClientRequest& request, const ClientResponse* response,
                      const std::string& failure) const {
  CallRecorder* const recorder = recorder_of(one.scope);
  if (recorder == nullptr) return;
  // Of a file its size is kept.
  const bool file = one.call.call.response.kind == ResponseKind::file && failure.empty();
  record_hops(*recorder, call_of(one), {request, one.hops, one.redaction, one.scope.secrets, response, failure},
              file ? AnswerBody::left_out : AnswerBody::kept);
}

void Executor::check_page(const CompiledCall& call, const CallScope& scope, const Json& input,
                          const PageTurn& turn) const {
  if (!turn.url || is_of_integration(call, scope, input, *turn.url)) return;
  throw vault::ConnectionFailure(vault::ConnectionError::host_not_allowed,
                                 "the next page is on " + host_of(*turn.url) + ", which is no host of " + call.integration);
}

bool Executor::is_of_integration(const CompiledCall& call, const CallScope& scope, const Json& input,
                                 const std::string& url) const {
  if (origin_of(url) == origin_of(build_request(call, scope, input, PageTurn{}).url)) return true;
  if (!url.starts_with("https://")) return false;
  return std::any_of(call.hosts.begin(), call.hosts.end(), [&](const CompiledTemplate& pattern) {
    return matches_host(pattern.fill(input, scope.vars, CompiledTemplate::Encode::none), host_of(url));
  });
}

// Full jitter, never less than a tenth, so that a busy provider is not hit at once.
milliseconds Executor::backoff(const RetrySpec& retry, int tries) const {
  const double grown = static_cast<double>(retry.wait.count()) * std::pow(retry.factor, tries - 1);
  const double bounded = std::min(grown, static_cast<double>(retry.max_wait.count()));
  return milliseconds(static_cast<std::int64_t>(bounded * (0.1 + 0.9 * ports_.random())));
}

CacheKey Executor::cache_key(const CompiledCall& call, const CallScope& scope, const Json& input) const {
  const Json what = call.cache_key.empty()
                        ? everything_asked(call, scope, input)
                        : call.cache_key.evaluate(request_root(scope, input, PageTurn{})).value_or(Json());
  return {scope.tenant, scope.connection,
          std::to_string(scope.connection_version) + "/" + call.integration + "/" + call.action + "/" +
              call.fingerprint + "/" + json::fingerprint(what)};
}

std::string Executor::url_of(const CompiledCall& call, const CallScope& scope, const std::string& path) const {
  std::string url = path;
  if (path.starts_with('/')) {
    const std::string base = call.base_url.fill(Json(), scope.vars, CompiledTemplate::Encode::none);
    url = base.substr(0, base.find_last_not_of('/') + 1) + path;
  }
  if (origin_of(url).empty())
    throw Failure(FailureKind::invalid, "the path \"" + shortened(path, 200) + "\" makes no URL of " + call.integration);
  if (is_of_integration(call, scope, Json(), url)) return url;
  throw vault::ConnectionFailure(vault::ConnectionError::host_not_allowed,
                                 "the path leads to " + origin_of(url) + ", which is no host of " + call.integration +
                                     "; declare it in endpoints.hosts if it is the provider's");
}

ClientResponse Executor::plain_call(Fiber& fiber, const Integration& integration, const CallScope& scope,
                                    const PlainCall& wanted) {
  Action action;
  action.api.emplace();
  action.api->method = wanted.method;
  action.api->body_kind = BodyKind::none;
  const auto call = CompiledCall::compile(integration, action).value_or_throw();
  PageTurn turn;
  turn.url = url_of(*call, scope, wanted.path);
  for (const Header& header : wanted.headers) turn.headers[header.name] = header.value;
  const Json nothing = JsonObject();
  Try one{*call, scope, nothing, turn};
  one.redaction = redaction_of(*call, scope.credentials);
  while (true) {
    auto permit = limiter_.acquire(fiber, {scope.tenant, integration.slug, scope.connection}, call->limits, scope.priority,
                                   patience_of(*call, scope));
    ClientRequest request = build_request(*call, scope, nothing, turn);
    request.body = wanted.body;
    if (!wanted.body.empty() && content_type_of(request).empty()) request.header("Content-Type", "application/json");
    if (scope.credentials != nullptr)
      if (const auto fault = without_credentials(one, *scope.credentials, [&] { scope.credentials->apply(fiber, request); }))
        fault->raise();
    one.started = clock_.now();
    Fault fault;
    auto response = transmit(fiber, one, request, fault);
    if (!response) fault.raise();
    const Timestamp now = clock_.now();
    const bool asked_to_wait = asks_to_wait(response->status, kind_of_status(response->status));
    permit.learn(fiber, read_limits(response->headers, now),
                 asked_to_wait ? parse_retry_after(response->headers.get("Retry-After").value_or(""), now) : std::nullopt);
    record(one, request, &*response, "");
    const bool refused = response->status == 401 && scope.credentials != nullptr && one.refusals.may_ask();
    auto after = auth::AfterRefusal::give_up;
    if (refused)
      if (const auto missing = without_credentials(
              one, *scope.credentials, [&] { after = scope.credentials->after_refusal(fiber, request, *response); }))
        missing->raise();
    if (one.refusals.retries(after)) continue;
    return shown({request, one.hops, one.redaction, scope.secrets, &*response, ""});
  }
}

}  // namespace junctor::connector
