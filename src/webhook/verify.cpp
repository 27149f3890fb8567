#include "webhook/verify.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/crypto.h"
#include "net/http.h"
#include "webhook/public_key.h"
#include "webhook/scheme_forms.h"

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
      seconds > 253'402'300'799'000) {  // the year 9999
    stamp.problem = "the timestamp is missing or no number of seconds";
    return stamp;
  }
  // What would be a time after the year 5000 is one in milliseconds.
  const auto sent = seconds < 100'000'000'000 ? Timestamp(std::chrono::seconds(seconds))
                                              : Timestamp(std::chrono::milliseconds(seconds));
  const auto distance = std::chrono::abs(now - sent);
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
    else if (place == "form") out += sorted_form(request.body);
    else if (place.starts_with("header.")) out += request.headers.get(place.substr(7)).value_or("");
    else out += pattern.substr(i, close - i + 1);
    i = close + 1;
  }
  return out;
}

bool hmac_matches(const VerifySpec& spec, std::string_view key, std::string_view text,
                  std::string_view signature) {
  return !key.empty() && crypto::equal_constant_time(
                             crypto::hmac(digest_of(spec.algorithm), key, text), signature);
}

// A Standard Webhooks secret is base64, after "whsec_" or alone; libraries also take plain text.
bool standard_matches(const VerifySpec& spec, std::string_view secret, std::string_view text,
                      std::string_view signature) {
  const bool marked = secret.starts_with("whsec_");
  std::string key = crypto::from_base64(secret.substr(marked ? 6 : 0)).value_or(std::string());
  const bool right = hmac_matches(spec, key, text, signature) ||
                     (!marked && hmac_matches(spec, secret, text, signature));
  crypto::wipe(key);
  return right;
}

bool signature_matches(const VerifySpec& spec, std::string_view secret, std::string_view text,
                       std::string_view signature) {
  switch (spec.scheme) {
    case VerifyScheme::ed25519: return verify_ed25519(secret, text, signature);
    case VerifyScheme::sendgrid: return verify_ecdsa_sha256(secret, text, signature);
    case VerifyScheme::standard:
      // "whpk_" marks a public key; it belongs to the asymmetric form of the signature, "v1a,".
      if (secret.starts_with("whpk_"))
        return spec.prefix == "v1a," && verify_ed25519(secret.substr(5), text, signature);
      return spec.prefix == "v1," && standard_matches(spec, secret, text, signature);
    default: return hmac_matches(spec, secret, text, signature);
  }
}

Verdict verify_signature(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
                         std::span<const Secret> secrets, Timestamp now) {
  const auto header = request.headers.get(spec.header);
  if (!header) return Refused{"the header " + spec.header + " is missing"};
  const Stamp stamp = timestamp_of(spec, request, *header, now);
  if (!stamp.problem.empty()) return Refused{stamp.problem};
  if (spec.scheme == VerifyScheme::standard && !request.headers.contains(spec.id_header))
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

// Signatures by a shared secret, or by the provider's own key. Svix signs as the standard does, under
// older header names.
Verdict verify_standard(VerifySpec spec, const HttpRequest& request, std::string_view url,
                        std::span<const Secret> secrets, Timestamp now) {
  if (!request.headers.contains(spec.header) && request.headers.contains("svix-signature")) {
    spec.header = "svix-signature";
    spec.id_header = "svix-id";
    spec.timestamp_header = "svix-timestamp";
  }
  const Verdict shared = verify_signature(spec, request, url, secrets, now);
  if (std::holds_alternative<Verified>(shared)) return shared;
  spec.prefix = "v1a,";
  const Verdict own = verify_signature(spec, request, url, secrets, now);
  return std::holds_alternative<Verified>(own) ? own : shared;
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

Verdict verify(const VerifySpec& given, const HttpRequest& request, std::string_view url,
               std::span<const Secret> secrets, Timestamp now) {
  if (given.scheme == VerifyScheme::none) return Verified{};
  if (secrets.empty()) return Refused{"the endpoint has no secret to check against"};
  const VerifySpec spec = expanded(given);
  switch (spec.scheme) {
    case VerifyScheme::basic:
    case VerifyScheme::bearer:
    case VerifyScheme::header: return verify_shared(spec, request, secrets);
    case VerifyScheme::twilio: return verify_twilio(spec, request, url, secrets);
    case VerifyScheme::microsoft: return verify_client_state(request, secrets);
    case VerifyScheme::standard: return verify_standard(spec, request, url, secrets, now);
    case VerifyScheme::hmac:
    case VerifyScheme::ed25519:
    case VerifyScheme::github:
    case VerifyScheme::stripe:
    case VerifyScheme::slack:
    case VerifyScheme::sendgrid: return verify_signature(spec, request, url, secrets, now);
    default: return Refused{"this scheme cannot be checked here"};
  }
}

}  // namespace junctor::webhook
