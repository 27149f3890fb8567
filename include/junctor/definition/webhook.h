// Inbound webhooks: verification, identification, and what becomes of them.
//
// Threads: values.
#pragma once

#include "junctor/definition/action.h"
#include "junctor/definition/auth.h"

namespace junctor {

enum class VerifyScheme {
  none, hmac, basic, bearer, header, ed25519, jwt, github, stripe, slack, standard, sendgrid, shopify,
  twilio, discord, meta, hubspot, bamboohr, microsoft
};
BOOST_DESCRIBE_ENUM(VerifyScheme, none, hmac, basic, bearer, header, ed25519, jwt, github, stripe, slack,
                    standard, sendgrid, shopify, twilio, discord, meta, hubspot, bamboohr, microsoft)
enum class SecretSource { platform_generated, provider_assigned, user_provided };
BOOST_DESCRIBE_ENUM(SecretSource, platform_generated, provider_assigned, user_provided)

// How a delivery proves where it comes from. The named schemes from github on need nothing further;
// the others take what they need of the rest.
struct VerifySpec {
  VerifyScheme scheme = VerifyScheme::none;
  SecretSource secret_source = SecretSource::platform_generated;
  HmacAlgorithm algorithm = HmacAlgorithm::sha256;
  Encoding encoding = Encoding::hex;
  std::string header{};               // of the signature, or of the shared secret
  std::string prefix{};               // before the signature
  std::string signature_key{};        // where the header is "t=…,v1=…": the key of the signature
  std::string timestamp_key{};        // and of the timestamp
  std::string timestamp_header{};
  Duration tolerance = std::chrono::minutes(5);
  Template signed_text = "{body}";  // of {body}, {timestamp}, {id}, {url}, {method}, {header.NAME}, {form}
  std::string id_header{};
  ValueSpec secret{};                 // missing: the endpoint's own secrets
  std::string jwks_url{};             // jwt
  std::string issuer{};
  std::string audience{};
};
BOOST_DESCRIBE_STRUCT(VerifySpec, (),
                      (scheme, secret_source, algorithm, encoding, header, prefix, signature_key,
                       timestamp_key, timestamp_header, tolerance, signed_text, id_header, secret, jwks_url,
                       issuer, audience))

// Where a value of a delivery stands: the first of header, query, body (JSONata over the parsed
// body; $headers and $query are bound) that gives a text.
struct Location {
  std::string header{};
  std::string query{};
  Jsonata body{};
};
BOOST_DESCRIBE_STRUCT(Location, (), (header, query, body))

// A kind of webhook that a provider sends to one URL.
//
// The event's topic is "{slug of the integration}.{event type}", with everything that is no letter,
// digit or "_" in the type turned into "_" ("pull_request" → "github.pull_request"), unless `topic`
// (JSONata; $type is bound) gives another.
struct WebhookType {
  std::string slug{};
  std::string label{};
  std::string description{};
  std::vector<std::string> produces{};  // events of the integration, or topics
  std::string handler{};                // action called with every delivery; missing: none
  VerifySpec verify{};
  Location event_type{};
  Location dedup_id{};
  Jsonata topic{};
  Jsonata payload{};        // the event's payload; missing: the body
  Jsonata items{};          // one delivery, several events: the list
  Jsonata entity_id{};
  Jsonata partition{};      // order key of the events; missing: entity_id
  Jsonata ignore{};         // true: accepted and dropped (pings)
  Jsonata respond{};        // answers at once {status, headers, body} (challenges); undefined: 202
  std::vector<Field> fields{};
};
BOOST_DESCRIBE_STRUCT(WebhookType, (),
                      (slug, label, description, produces, handler, verify, event_type, dedup_id, topic,
                       payload, items, entity_id, partition, ignore, respond, fields))

// A managed subscription at the provider; every step is an action of the integration. Inputs see
// {callback_url, events, secret, wire} and `map` gives {remote_id, expires_at, secret}.
struct WireStep {
  std::string action{};
  ValueSpec input{};
  Jsonata map{};
};
BOOST_DESCRIBE_STRUCT(WireStep, (), (action, input, map))
enum class WireMode { managed, manual };
BOOST_DESCRIBE_ENUM(WireMode, managed, manual)
struct WireSpec {
  std::string slug{};
  std::string webhook{};  // the webhook type it feeds
  WireMode mode = WireMode::managed;
  std::vector<std::string> events{};
  std::optional<WireStep> subscribe{};
  std::optional<WireStep> verify{};
  std::optional<WireStep> renew{};
  std::optional<WireStep> unsubscribe{};
  Duration renew_before = std::chrono::hours(24);
};
BOOST_DESCRIBE_STRUCT(WireSpec, (),
                      (slug, webhook, mode, events, subscribe, verify, renew, unsubscribe, renew_before))

// Who may read an event's place in the order: see Trigger for topics.
//
// A catch runs an action of its own integration for every event that fits.
struct CatchSpec {
  std::string slug{};
  std::vector<std::string> topics{};
  Jsonata filter{};    // `$` is the payload; $event {id, topic, type, time, source, attributes} is bound
  std::string action{};
  ValueSpec input{};   // missing: the payload; `$` is the payload
  Jsonata partition{};
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(CatchSpec, (), (slug, topics, filter, action, input, partition, enabled))

// Where a pass or a flow delivers. `connection` names a connection of that integration; missing:
// the tenant's only, or default, one.
struct CallTarget {
  std::string integration{};  // missing: its own
  std::string connection{};
  std::string action{};
};
BOOST_DESCRIBE_STRUCT(CallTarget, (), (integration, connection, action))

// A pass maps every event that fits to the input of an action of another integration. `map` gives
// the input; undefined (nothing) skips the event, a list calls once per element when `each`.
struct PassSpec {
  std::string slug{};
  std::string description{};
  std::vector<std::string> topics{};
  Jsonata filter{};
  Jsonata map{};
  bool each = false;
  CallTarget to{};
  Jsonata partition{};
  int max_attempts = 0;  // 0: the queue's
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(PassSpec, (),
                      (slug, description, topics, filter, map, each, to, partition, max_attempts, enabled))

}  // namespace junctor
