#include "webhook/verify.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/crypto.h"
#include "net/http.h"
#include "webhook/public_key.h"

namespace junctor::webhook {
namespace {

constexpr std::size_t most_signatures = 16;  // candidates in one header

crypto::Digest digest_of(HmacAlgorithm algorithm) {
  switch (algorithm) {
    case HmacAlgorithm::sha1: return crypto::Digest::sha1;
    case HmacAlgorithm::sha256: return crypto::Digest::sha256;
    case HmacAlgorithm::sha384: return crypto::Digest::sha384;
    case HmacAlgorithm::sha512: return crypto::Digest::sha512;
  }
  return crypto::Digest::sha256;
}

std::optional<std::string> decode(Encoding encoding, std::string_view text) {
  switch (encoding) {
    case Encoding::hex: return crypto::from_hex(text);
    case Encoding::base64: return crypto::from_base64(text);
    case Encoding::base64url: return crypto::from_base64url(text);
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (parts.size() < most_signatures) {
    const auto at = text.find(separator);
    if (const auto part = trimmed(text.substr(0, at)); !part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return parts;
}

// The values of `key` in "t=1492774577,v1=5257a8…,v1=…".
std::vector<std::string_view> values_of(std::string_view header, std::string_view key) {
  std::vector<std::string_view> values;
  for (const auto part : split(header, ',')) {
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == key)
      values.push_back(part.substr(equals + 1));
  }
  return values;
}

// Everything that could be the signature. Standard Webhooks separates with spaces, others with commas.
std::vector<std::string_view> candidates(const VerifySpec& spec, std::string_view header) {
  if (!spec.signature_key.empty()) return values_of(header, spec.signature_key);
  std::vector<std::string_view> found;
  const char separator = spec.scheme == VerifyScheme::standard ? ' ' : ',';
  for (auto part : split(header, separator)) {
    if (!part.starts_with(spec.prefix)) continue;
    found.push_back(part.substr(spec.prefix.size()));
  }
  return found;
}

struct Stamp {
  std::string_view text;
  std::string problem;  // empty when it is within the tolerance, or not asked for
};

Stamp timestamp_of(const VerifySpec& spec, const HttpRequest& request, std::string_view header,
                   Timestamp now) {
  Stamp stamp;
  if (!spec.timestamp_key.empty()) {
    const auto values = values_of(header, spec.timestamp_key);
    if (!values.empty()) stamp.text = values.front();
  } else if (!spec.timestamp_header.empty()) {
    stamp.text = request.headers.get(spec.timestamp_header).value_or("");
  } else {
    return stamp;
  }
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(stamp.text.data(), stamp.text.data() + stamp.text.size(), seconds);
  if (error != std::errc() || end != stamp.text.data() + stamp.text.size() || seconds < 0 ||
      seconds > 253'402'300'799) {  // the year 9999
    stamp.problem = "the timestamp is missing or no number of seconds";
    return stamp;
  }
  const auto distance = std::chrono::abs(now - Timestamp(std::chrono::seconds(seconds)));
  if (distance > spec.tolerance) stamp.problem = "the timestamp is outside the tolerance";
  return stamp;
}

// signed_text with its places filled; an unknown place stays as it is and can match no signature.
std::string signed_text(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
                        std::string_view timestamp) {
  const std::string_view pattern = spec.signed_text.text;
  std::string out;
  out.reserve(pattern.size() + request.body.size());
  for (std::size_t i = 0; i < pattern.size();) {
    const auto close = pattern[i] == '{' ? pattern.find('}', i) : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += pattern[i++];
      continue;
    }
    const auto place = pattern.substr(i + 1, close - i - 1);
    if (place == "body") out += request.body;
    else if (place == "timestamp") out += timestamp;
    else if (place == "id") out += request.headers.get(spec.id_header).value_or("");
    else if (place == "url") out += url;
    else if (place == "method") out += request.method;
    else if (place.starts_with("header.")) out += request.headers.get(place.substr(7)).value_or("");
    else out += pattern.substr(i, close - i + 1);
    i = close + 1;
  }
  return out;
}

// A Standard Webhooks secret is "whsec_" and base64; every other is its text.
std::string key_bytes(const VerifySpec& spec, std::string_view secret) {
  if (spec.scheme == VerifyScheme::standard && secret.starts_with("whsec_"))
    return crypto::from_base64(secret.substr(6)).value_or(std::string());
  return std::string(secret);
}

bool signature_matches(const VerifySpec& spec, std::string_view secret, std::string_view text,
                       std::string_view signature) {
  if (spec.scheme == VerifyScheme::ed25519) return verify_ed25519(secret, text, signature);
  if (spec.scheme == VerifyScheme::sendgrid) return verify_ecdsa_sha256(secret, text, signature);
  std::string key = key_bytes(spec, secret);
  const bool right =
      !key.empty() && crypto::equal_constant_time(
                          crypto::hmac(digest_of(spec.algorithm), key, text), signature);
  crypto::wipe(key);
  return right;
}

Verdict verify_signature(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
                         std::span<const Secret> secrets, Timestamp now) {
  std::string_view id_header = spec.id_header;
  const auto header = request.headers.get(spec.header);
  if (!header) return Refused{"the header " + spec.header + " is missing"};
  const Stamp stamp = timestamp_of(spec, request, *header, now);
  if (!stamp.problem.empty()) return Refused{stamp.problem};
  if (spec.scheme == VerifyScheme::standard && !request.headers.contains(id_header))
    return Refused{"the header " + spec.id_header + " is missing"};
  const std::string text = signed_text(spec, request, url, stamp.text);
  for (const auto candidate : candidates(spec, *header)) {
    const auto signature = decode(spec.encoding, candidate);
    if (!signature || signature->empty()) continue;
    for (const Secret& secret : secrets)
      if (!secret.empty() && signature_matches(spec, secret.reveal(), text, *signature))
        return Verified{};
  }
  return Refused{"no signature in " + spec.header + " fits the body"};
}

bool is_one_of(std::string_view given, std::span<const Secret> secrets) {
  bool found = false;
  for (const Secret& secret : secrets) found |= !secret.empty() && secret.equals(given);
  return found;
}

// basic: each secret is "user:password". bearer and header: the value itself, after the prefix.
Verdict verify_shared(const VerifySpec& spec, const HttpRequest& request,
                      std::span<const Secret> secrets) {
  const std::string name = spec.header.empty() ? "Authorization" : spec.header;
  auto value = request.headers.get(name);
  if (!value) return Refused{"the header " + name + " is missing"};
  if (spec.scheme == VerifyScheme::header) {
    if (!value->starts_with(spec.prefix)) return Refused{"the header " + name + " is of another form"};
    value->remove_prefix(spec.prefix.size());
    return is_one_of(*value, secrets) ? Verdict(Verified{}) : Refused{"the secret is not ours"};
  }
  const auto space = value->find(' ');
  const std::string_view expected = spec.scheme == VerifyScheme::basic ? "basic" : "bearer";
  if (space == std::string_view::npos || !equal_ignoring_case(value->substr(0, space), expected))
    return Refused{"the header " + name + " is of another form"};
  const auto credential = trimmed(value->substr(space + 1));
  if (spec.scheme == VerifyScheme::bearer)
    return is_one_of(credential, secrets) ? Verdict(Verified{}) : Refused{"the token is not ours"};
  const auto decoded = crypto::from_base64(credential);
  return decoded && is_one_of(*decoded, secrets) ? Verdict(Verified{})
                                                 : Refused{"the user or password is not ours"};
}

}  // namespace

VerifySpec expanded(const VerifySpec& spec) {
  VerifySpec out = spec;
  switch (spec.scheme) {
    case VerifyScheme::github:  // docs.github.com, "Validating webhook deliveries"
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
      out.header = "X-Slack-Signature";
      out.prefix = "v0=";
      out.timestamp_header = "X-Slack-Request-Timestamp";
      out.signed_text = "v0:{timestamp}:{body}";
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
      out.header = "X-Twilio-Email-Event-Webhook-Signature";
      out.timestamp_header = "X-Twilio-Email-Event-Webhook-Timestamp";
      out.encoding = Encoding::base64;
      out.signed_text = "{timestamp}{body}";
      break;
    default: break;
  }
  return out;
}

Verdict verify(const VerifySpec& given, const HttpRequest& request, std::string_view url,
               std::span<const Secret> secrets, Timestamp now) {
  if (given.scheme == VerifyScheme::none) return Verified{};
  if (secrets.empty()) return Refused{"the endpoint has no secret to check against"};
  VerifySpec spec = expanded(given);
  // Svix signs as the standard does, under older header names.
  if (spec.scheme == VerifyScheme::standard && !request.headers.contains(spec.header) &&
      request.headers.contains("svix-signature")) {
    spec.header = "svix-signature";
    spec.id_header = "svix-id";
    spec.timestamp_header = "svix-timestamp";
  }
  switch (spec.scheme) {
    case VerifyScheme::basic:
    case VerifyScheme::bearer:
    case VerifyScheme::header: return verify_shared(spec, request, secrets);
    case VerifyScheme::hmac:
    case VerifyScheme::ed25519:
    case VerifyScheme::github:
    case VerifyScheme::stripe:
    case VerifyScheme::slack:
    case VerifyScheme::standard:
    case VerifyScheme::sendgrid: return verify_signature(spec, request, url, secrets, now);
    default: return Refused{"this scheme cannot be checked here"};
  }
}

}  // namespace junctor::webhook
