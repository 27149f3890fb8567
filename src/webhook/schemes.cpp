#include "webhook/verify.h"

namespace junctor::webhook {
namespace {

void stamped(VerifySpec& out, const char* header, const char* timestamp, const char* text) {
  out.header = header;
  out.timestamp_header = timestamp;
  out.signed_text = text;
}

void plain(VerifySpec& out, const char* header) {
  out.scheme = VerifyScheme::hmac;
  out.header = header;
}

}  // namespace

VerifySpec expanded(const VerifySpec& spec) {
  VerifySpec out = spec;
  switch (spec.scheme) {
    case VerifyScheme::github:  // docs.github.com, "Validating webhook deliveries"
    case VerifyScheme::meta:    // developers.facebook.com, "Validating payloads"
      if (spec.scheme == VerifyScheme::meta) out.scheme = VerifyScheme::hmac;
      out.header = "X-Hub-Signature-256";
      out.prefix = "sha256=";
      break;
    case VerifyScheme::stripe:  // docs.stripe.com/webhooks, "Verify webhook signatures manually"
      out.header = "Stripe-Signature";
      out.signature_key = "v1";
      out.timestamp_key = "t";
      out.signed_text = "{timestamp}.{body}";
      break;
    case VerifyScheme::slack:  // api.slack.com/authentication/verifying-requests-from-slack
      stamped(out, "X-Slack-Signature", "X-Slack-Request-Timestamp", "v0:{timestamp}:{body}");
      out.prefix = "v0=";
      break;
    case VerifyScheme::standard:  // the Standard Webhooks specification, "Verifying"
      out.encoding = Encoding::base64;
      out.prefix = "v1,";
      if (out.header.empty()) out.header = "webhook-signature";
      if (out.id_header.empty()) out.id_header = "webhook-id";
      if (out.timestamp_header.empty()) out.timestamp_header = "webhook-timestamp";
      out.signed_text = "{id}.{timestamp}.{body}";
      break;
    case VerifyScheme::sendgrid:  // twilio.com/docs/sendgrid, "Event Webhook security features"
      stamped(out, "X-Twilio-Email-Event-Webhook-Signature",
              "X-Twilio-Email-Event-Webhook-Timestamp", "{timestamp}{body}");
      out.encoding = Encoding::base64;
      break;
    case VerifyScheme::shopify:  // shopify.dev, "Verify webhook deliveries"
      plain(out, "X-Shopify-Hmac-Sha256");
      out.encoding = Encoding::base64;
      break;
    case VerifyScheme::hubspot:  // developers.hubspot.com, "Validating requests", version 3
      plain(out, "X-HubSpot-Signature-v3");
      stamped(out, "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp",
              "{method}{url}{body}{timestamp}");
      out.encoding = Encoding::base64;
      break;
    case VerifyScheme::bamboohr:  // documentation.bamboohr.com, "Webhooks", private key
      plain(out, "X-BambooHR-Signature");
      stamped(out, "X-BambooHR-Signature", "X-BambooHR-Timestamp", "{body}{timestamp}");
      break;
    case VerifyScheme::discord:  // discord.com/developers, "Validating security request headers"
      out.scheme = VerifyScheme::ed25519;
      stamped(out, "X-Signature-Ed25519", "X-Signature-Timestamp", "{timestamp}{body}");
      break;
    case VerifyScheme::twilio:  // twilio.com/docs/usage/webhooks/webhooks-security
      out.header = "X-Twilio-Signature";
      break;
    default:
      break;
  }
  return out;
}

}  // namespace junctor::webhook
