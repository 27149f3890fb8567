#include "engine/intake.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

#include "auth/oauth/discovery.h"
#include "base/crypto.h"
#include "base/text.h"
#include "connector/topics.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "queue/event_log.h"
#include "store/store.h"
#include "webhook/challenge.h"
#include "webhook/jwt.h"
#include "webhook/verify.h"

namespace junctor {
namespace {

constexpr std::size_t most_items = 10'000;        // events of one delivery
constexpr std::size_t most_kept_headers = 64;
constexpr std::size_t most_header_bytes = 1'024;

// Never kept with the event: they carry proofs or credentials.
bool is_kept(std::string_view name, const VerifySpec& spec) {
  constexpr std::array<std::string_view, 5> hidden{"authorization", "cookie", "proxy-authorization",
                                                   "set-cookie", "x-api-key"};
  if (equal_ignoring_case(name, spec.header)) return false;
  return std::none_of(hidden.begin(), hidden.end(),
                      [&](auto other) { return equal_ignoring_case(name, other); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// What the engine itself writes into an event's headers, and what speaks of the sender's connection only:
// a sender outside must neither forge the first ("connection" names one of Junctor's) nor be shown by the
// second.
bool is_reserved(std::string_view name) {
  constexpr std::string_view reserved[] = {"x-source", "connection", "event-type", "endpoint",
                                           "keep-alive", "transfer-encoding"};
  return std::any_of(std::begin(reserved), std::end(reserved),
                     [&](std::string_view each) { return equal_ignoring_case(name, each); });
}

JsonObject headers_object(const HttpRequest& request, const VerifySpec& spec) {
  JsonObject out;
  for (const Header& header : request.headers) {
    if (out.size() >= most_kept_headers) break;
    if (!is_kept(header.name, spec) || header.value.size() > most_header_bytes) continue;
    if (is_reserved(header.name)) continue;
    out[lower(header.name)] = as_utf8(header.value);
  }
  return out;
}

JsonObject query_object(const HttpRequest& request) {
  JsonObject out;
  for (const Parameter& parameter : request.query) out[as_utf8(parameter.name)] = as_utf8(parameter.value);
  return out;
}

// JSON as it is; a form becomes an object, and of a form with a "payload" field that field is the
// body, as GitHub and Slack send it.
Result<Json> parse_body(const HttpRequest& request) {
  const auto type = request.headers.get("Content-Type").value_or("");
  if (!type.starts_with("application/x-www-form-urlencoded")) {
    if (request.body.empty()) return Json(nullptr);
    return json::parse(request.body);
  }
  JsonObject form;
  for (const Parameter& field : parse_query(request.body)) {
    if (field.name == "payload" && field.value.starts_with('{')) return json::parse(field.value);
    form[as_utf8(field.name)] = as_utf8(field.value);
  }
  return Json(std::move(form));
}

std::string hash_of(std::string_view bytes) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, bytes));
}

}  // namespace

// What one delivery says, worked out before anything is stored.
struct Intake::Delivery {
  const HttpRequest& request;
  const Endpoint& endpoint;
  const LoadedIntegration& integration;
  const LoadedWebhook& webhook;
  Json body;
  jsonata::Bindings bindings;
  std::string event_type;
  std::string dedup_id;

  std::optional<std::string> locate(const Location& location,
                                    const connector::CompiledExpression& body_expression) const {
    if (!location.header.empty())
      if (const auto value = request.headers.get(location.header); value && !value->empty())
        return as_stored_text(std::string(*value));
    if (!location.query.empty())
      if (const auto value = request.query_value(location.query); value && !value->empty())
        return as_stored_text(std::string(*value));
    const auto text = body_expression.text(body, &bindings);
    return text ? std::optional(as_stored_text(*text)) : std::nullopt;
  }

  std::string topic(const Json& item) const {
    if (const auto given = webhook.topic.text(item, &bindings)) return *given;
    return integration.definition.slug + "." + connector::topic_word(event_type);
  }

  queue::NewEvent event(const Json& item, const std::string& headers, std::size_t index) const {
    queue::NewEvent event;
    event.tenant = endpoint.tenant;
    event.topic = as_stored_text(topic(item));
    event.source = integration.definition.slug;
    event.connection = endpoint.connection;
    event.headers = headers;
    event.entity = as_stored_text(webhook.entity_id.text(item, &bindings).value_or(""));
    event.partition_key = as_stored_text(webhook.partition.text(item, &bindings).value_or(event.entity));
    event.idempotency_key = "hook:" + endpoint.name + ":" + dedup_id;
    if (index > 0) event.idempotency_key += "#" + std::to_string(index);
    event.traceparent = as_stored_text(std::string(request.headers.get("traceparent").value_or("")));
    event.payload = json::to_text(
        webhook.payload.empty() ? item : webhook.payload.evaluate(item, &bindings).value_or(Json()));
    return event;
  }
};

Intake::Intake(Store& store, WebhookEndpoints& endpoints, const CurrentRegistry& registry,
               queue::EventLog& events, auth::Discovery& discovery, const Clock& clock,
               std::string public_url)
    : store_(store),
      endpoints_(endpoints),
      registry_(registry),
      events_(events),
      discovery_(discovery),
      clock_(clock),
      public_url_(std::move(public_url)) {}

// Keys that cannot be fetched are no reason to refuse: the failure answers 503 and the provider tries
// again.
webhook::Verdict Intake::verify(Fiber& fiber, const VerifySpec& spec, const HttpRequest& request,
                                const std::string& url, const std::vector<Secret>& secrets) {
  if (spec.scheme != VerifyScheme::jwt || spec.jwks_url.empty())
    return webhook::verify(spec, request, url, secrets, clock_.now());
  // What no key could make good causes no fetch.
  const auto unread = webhook::verify_jwt_delivery(spec, request, auth::Jwks(), clock_.now());
  if (const auto* refused = std::get_if<webhook::Refused>(&unread)) return *refused;
  for (const auto wish : {auth::Discovery::Keys::cached, auth::Discovery::Keys::fetch_again}) {
    const auto keys = discovery_.keys(fiber, spec.jwks_url, wish);
    const auto outcome = webhook::verify_jwt_delivery(spec, request, *keys, clock_.now());
    if (std::holds_alternative<webhook::Verified>(outcome)) return webhook::Verified{};
    if (const auto* refused = std::get_if<webhook::Refused>(&outcome)) return *refused;
  }
  return webhook::Refused{"no key of the provider fits the token"};
}

HttpResponse Intake::receive(Fiber& fiber, const HttpRequest& request, const std::string& name) {
  const auto open = endpoints_.open(fiber, name);
  if (!open) return problem_response(404, "there is no webhook endpoint of this name");
  const Endpoint& endpoint = open->endpoint;
  const auto registry = registry_.get();
  const auto integration = registry->find(endpoint.integration);
  const LoadedWebhook* webhook = nullptr;
  if (integration) {
    const auto found = integration->webhooks.find(endpoint.webhook);
    if (found != integration->webhooks.end()) webhook = &found->second;
  }
  if (webhook == nullptr)
    throw Failure(FailureKind::unavailable, "the integration of this endpoint is not loaded",
                  endpoint.integration + "/" + endpoint.webhook)
        .retry_after(std::chrono::seconds(30));

  const std::string url = public_url_ + request.target;
  if (auto answer = webhook::challenge(webhook->definition->verify, request, url, open->secrets,
                                       clock_.now())) {
    ++counts_.ignored;
    return std::move(*answer);
  }
  const auto verdict =
      verify(fiber, webhook->definition->verify, request, url, open->secrets);
  if (const auto* refused = std::get_if<webhook::Refused>(&verdict))
    return refuse(fiber, endpoint, request, 401, refused->reason);

  auto body = parse_body(request);
  if (!body.ok())
    return refuse(fiber, endpoint, request, 400,
                  "the body is not JSON: " + to_string(body.problems().front()));

  Delivery delivery{request, endpoint, *integration, *webhook, std::move(body).value(), {}, {}, {}};
  const VerifySpec spec = webhook::expanded(webhook->definition->verify);
  delivery.bindings.set("headers", headers_object(request, spec));
  delivery.bindings.set("query", query_object(request));
  const WebhookType& type = *webhook->definition;
  delivery.event_type =
      delivery.locate(type.event_type, webhook->event_type).value_or("received");
  delivery.bindings.set("type", Json(delivery.event_type));
  delivery.dedup_id = delivery.locate(type.dedup_id, webhook->dedup_id).value_or("");
  // Without an id of the sender's, the same bytes are the same delivery.
  if (delivery.dedup_id.empty() || delivery.dedup_id.size() > 512)
    delivery.dedup_id = "sha256:" + hash_of(request.body);

  if (!webhook->respond.empty()) {
    const auto answer = webhook->respond.evaluate(delivery.body, &delivery.bindings);
    if (answer && answer->is_object()) {
      const auto& object = answer->get_object();
      const auto* status = object.if_contains("status");
      const auto* content = object.if_contains("body");
      HttpResponse response = content && content->is_string()
                                  ? HttpResponse::text(200, std::string(content->get_string()))
                                  : HttpResponse::json(200, content ? *content : Json(nullptr));
      if (status && status->is_int64())
        response.status = static_cast<int>(std::clamp<std::int64_t>(status->get_int64(), 200, 599));
      ++counts_.ignored;
      return response;
    }
  }
  if (webhook->ignore.is_true(delivery.body, &delivery.bindings)) {
    ++counts_.ignored;
    return HttpResponse::json(202, JsonObject{{"ignored", true}});
  }
  return store(fiber, delivery);
}

HttpResponse Intake::store(Fiber& fiber, const Delivery& delivery) {
  JsonObject headers =
      headers_object(delivery.request, webhook::expanded(delivery.webhook.definition->verify));
  headers["event-type"] = delivery.event_type;
  headers["endpoint"] = delivery.endpoint.name;
  const std::string headers_text = json::to_text(Json(std::move(headers)));

  std::vector<queue::NewEvent> events;
  if (!delivery.webhook.items.empty()) {
    const auto items = delivery.webhook.items.evaluate(delivery.body, &delivery.bindings)
                           .value_or(Json(JsonArray()));
    const JsonArray list = items.is_array() ? items.get_array() : JsonArray{items};
    if (list.size() > most_items)
      throw Failure(FailureKind::too_large, "a delivery may hold at most 10000 events");
    for (std::size_t i = 0; i < list.size(); ++i)
      events.push_back(delivery.event(list[i], headers_text, i));
  } else {
    events.push_back(delivery.event(delivery.body, headers_text, 0));
  }

  enum class Outcome { accepted, duplicate };
  struct KeyReused final : std::exception {};  // nothing of such a delivery stays
  JsonArray ids;
  const auto append = [&](Transaction& transaction) {
    Outcome result = Outcome::duplicate;
    ids.clear();
    for (const queue::NewEvent& event : events) {
      const auto published = events_.append(transaction, event);
      if (std::holds_alternative<queue::KeyReused>(published)) throw KeyReused();
      if (const auto* accepted = std::get_if<queue::Accepted>(&published)) {
        ids.emplace_back(accepted->id.to_string());
        result = Outcome::accepted;
      } else {
        ids.emplace_back(std::get<queue::Replayed>(published).id.to_string());
      }
    }
    if (events.empty()) result = Outcome::accepted;
    return result;
  };
  Outcome outcome;
  try {
    outcome = store_.write(fiber, append);
  } catch (const KeyReused&) {
    return refuse(fiber, delivery.endpoint, delivery.request, 409,
                  "this delivery id came before with another body");
  }
  ++(outcome == Outcome::accepted ? counts_.accepted : counts_.duplicates);
  return HttpResponse::json(
      202, JsonObject{{"events", std::move(ids)}, {"duplicate", outcome == Outcome::duplicate}});
}

HttpResponse Intake::refuse(Fiber& fiber, const Endpoint& endpoint, const HttpRequest& request,
                            int status, const std::string& reason) {
  ++counts_.refused;
  endpoints_.note_refusal(fiber, endpoint,
                          {clock_.now().time_since_epoch().count(), request.peer.address, reason});
  // The sender learns that it failed, not how close it came.
  return problem_response(status, status == 401 ? "the delivery could not be verified" : reason);
}

}  // namespace junctor
