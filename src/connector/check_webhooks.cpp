#include "connector/checks.h"
#include "connector/triggers.h"

namespace junctor::connector {
namespace {

void check_verify(const VerifySpec& verify, const std::string& at, Findings& out) {
  const bool needs_header = verify.scheme == VerifyScheme::hmac || verify.scheme == VerifyScheme::header ||
                            verify.scheme == VerifyScheme::ed25519;
  if (needs_header && verify.header.empty()) {
    out.problem(join(at, "header"), "nothing", "the header that carries the signature or the secret");
  }
  if (verify.scheme == VerifyScheme::jwt) {
    if (verify.jwks_url.empty()) out.problem(join(at, "jwks_url"), "nothing", "the URL of the provider's keys");
    if (verify.issuer.empty()) out.problem(join(at, "issuer"), "nothing", "who signs the tokens: their `iss`");
    if (verify.audience.empty()) out.problem(join(at, "audience"), "nothing", "for whom the tokens are made: their `aud`");
  }
  if (verify.tolerance.count() < 0) out.problem(join(at, "tolerance"), "less than nothing", "0s or more");
}

void check_types(const Integration& integration, Findings& out) {
  for (const WebhookType& webhook : integration.webhooks) {
    const std::string at = join("webhooks", webhook.slug);
    check_verify(webhook.verify, join(at, "verify"), out);
    if (webhook.produces.empty()) {
      out.problem(join(at, "produces"), "none", "the events that it becomes, or \"*\" for whatever is sent");
    }
    const Location& type = webhook.event_type;
    if (type.header.empty() && type.query.empty() && type.body.empty() && webhook.topic.empty() &&
        webhook.produces.size() != 1) {
      out.problem(join(at, "event_type"), "nothing", "where a delivery says what it is, or `topic`");
    }
  }
}

void check_step(const Integration& integration, const std::optional<WireStep>& step, const std::string& at,
                Findings& out) {
  if (!step || integration.find_action(step->action) != nullptr) return;
  out.problem(join(at, "action"), "\"" + step->action + "\"",
              expected_one_of("an action", step->action, slugs_of(integration.actions)));
}

void check_wires(const Integration& integration, Findings& out) {
  for (const WireSpec& wire : integration.wires) {
    const std::string at = join("wires", wire.slug);
    if (integration.find_webhook(wire.webhook) == nullptr) {
      out.problem(join(at, "webhook"), "\"" + wire.webhook + "\"",
                  expected_one_of("a webhook type", wire.webhook, slugs_of(integration.webhooks)));
    }
    if (wire.mode == WireMode::managed && (!wire.subscribe || !wire.unsubscribe)) {
      out.problem(at, "no subscribe or unsubscribe", "both, or mode: manual");
    }
    check_step(integration, wire.subscribe, join(at, "subscribe"), out);
    check_step(integration, wire.verify, join(at, "verify"), out);
    check_step(integration, wire.renew, join(at, "renew"), out);
    check_step(integration, wire.unsubscribe, join(at, "unsubscribe"), out);
  }
}

void check_catches(const Integration& integration, Findings& out) {
  for (const CatchSpec& one : integration.catches) {
    const std::string at = join("catch", one.slug);
    if (one.topics.empty()) out.problem(join(at, "topics"), "none", "topics such as github.*");
    check_topics(one.topics, join(at, "topics"), out);
    if (integration.find_action(one.action) == nullptr) {
      out.problem(join(at, "action"), "\"" + one.action + "\"",
                  expected_one_of("an action of this integration", one.action, slugs_of(integration.actions)));
    }
  }
}

// Whether another integration has the action is known only when all are loaded.
void check_passes(const Integration& integration, Findings& out) {
  for (const PassSpec& one : integration.passes) {
    const std::string at = join("pass", one.slug);
    if (one.topics.empty()) out.problem(join(at, "topics"), "none", "topics such as github.*");
    check_topics(one.topics, join(at, "topics"), out);
    if (one.max_attempts < 0) out.problem(join(at, "max_attempts"), std::to_string(one.max_attempts), "0 or more");
    if (one.to.action.empty()) out.problem(join(at, "to.action"), "nothing", "the action that gets the events");
    const bool own = one.to.integration.empty() || one.to.integration == integration.slug;
    if (own && !one.to.action.empty() && integration.find_action(one.to.action) == nullptr) {
      out.problem(join(at, "to.action"), "\"" + one.to.action + "\"",
                  expected_one_of("an action", one.to.action, slugs_of(integration.actions)));
    }
  }
}

}  // namespace

void check_webhooks(const Integration& integration, Findings& out) {
  check_types(integration, out);
  check_wires(integration, out);
  check_catches(integration, out);
  check_passes(integration, out);
}

}  // namespace junctor::connector
