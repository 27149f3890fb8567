#include <algorithm>
#include <set>

#include "connector/checks.h"

namespace junctor::connector {
namespace {

bool is_version(std::string_view text) {
  int parts = 1;
  bool digit_before = false;
  for (const char c : text.substr(0, text.find_first_of("-+"))) {
    if (c == '.') {
      if (!digit_before) return false;
      ++parts;
    }
    digit_before = c >= '0' && c <= '9';
    if (!digit_before && c != '.') return false;
  }
  return parts == 3 && digit_before;
}

bool needs_authorization_url(const Auth& auth) {
  const Grant grant = auth.oauth2 ? auth.oauth2->grant : Grant::authorization_code;
  return grant == Grant::authorization_code;
}

// Only the block that the type names (mtls may stand beside any).
void check_blocks(const Auth& auth, const std::string& at, Findings& out) {
  const auto refuse = [&](bool given, AuthType owner, const char* block) {
    const bool fits = auth.type == owner || (owner == AuthType::oauth2 && auth.type == AuthType::oidc);
    if (given && !fits) {
      out.problem(join(at, block), "a block for another type", "the block of the declared `type`, or none");
    }
  };
  refuse(auth.api_key.has_value(), AuthType::api_key, "api_key");
  refuse(auth.bearer.has_value(), AuthType::bearer, "bearer");
  refuse(auth.basic.has_value(), AuthType::basic, "basic");
  refuse(auth.digest.has_value(), AuthType::digest, "digest");
  refuse(!auth.headers.empty(), AuthType::headers, "headers");
  refuse(auth.hmac.has_value(), AuthType::hmac, "hmac");
  refuse(auth.aws_sigv4.has_value(), AuthType::aws_sigv4, "aws_sigv4");
  refuse(auth.oauth2.has_value(), AuthType::oauth2, "oauth2");
}

// Whether a value can have one: not a text that is empty, nor a var that no field holds.
bool is_given(const Integration& integration, const ValueSpec& value) {
  constexpr std::string_view var = "=vars.";
  const auto* text = value.json.if_string();
  if (text == nullptr) return !value.empty();
  if (!text->starts_with(var)) return !text->empty();
  const std::string_view key = std::string_view(*text).substr(var.size());
  const bool computed = std::any_of(key.begin(), key.end(), [](char c) {
    return !(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  });
  return computed || std::any_of(integration.vars.begin(), integration.vars.end(),
                                 [&](const Field& field) { return field.key == key; });
}

// Without its id, a request with a client's secret is nobody's.
void check_client(const Integration& integration, const OAuth2Auth& oauth, const std::string& at, Findings& out) {
  const bool shows_secret = oauth.client_auth == ClientAuth::basic || oauth.client_auth == ClientAuth::body;
  const bool declares_requests = oauth.grant == Grant::token_exchange;
  if (!shows_secret || declares_requests || is_given(integration, oauth.client_id)) return;
  const bool basic = oauth.client_auth == ClientAuth::basic;
  out.problem(join(at, "oauth2.client_id"), "no client id, or a var that no field holds",
              std::string("the client's id for `client_auth: ") + (basic ? "basic" : "body") +
                  "`: a field client_id in `vars`, or `client_auth: none` for a client without a secret");
}

void check_oauth(const Integration& integration, const Auth& auth, const std::string& at, Findings& out) {
  const Endpoints& urls = integration.endpoints;
  const bool discovered = auth.type == AuthType::oidc && !urls.issuer.empty();
  const bool own_exchange = auth.oauth2 && auth.oauth2->exchange && !auth.oauth2->exchange->url.empty();
  if (!discovered && needs_authorization_url(auth) && urls.authorization.empty()) {
    out.problem("endpoints.authorization", "nothing", "the authorisation URL of an oauth2 integration");
  }
  if (!discovered && !own_exchange && urls.token.empty()) {
    out.problem("endpoints.token", "nothing", "the token URL of an oauth2 integration");
  }
  const OAuth2Auth oauth = auth.oauth2.value_or(OAuth2Auth());
  check_client(integration, oauth, at, out);
  if (oauth.grant == Grant::device_code && urls.device_authorization.empty() && !discovered) {
    out.problem("endpoints.device_authorization", "nothing", "the device authorisation URL (RFC 8628)");
  }
  if (oauth.grant == Grant::token_exchange && !oauth.exchange) {
    out.problem(join(at, "oauth2.exchange"), "nothing", "the request and how its answer is read");
  }
  const bool signs = oauth.grant == Grant::jwt_bearer || oauth.client_auth == ClientAuth::private_key_jwt;
  if (signs && oauth.private_key.empty()) {
    out.problem(join(at, "oauth2.private_key"), "nothing", "the key that signs, such as \"=vars.private_key\"");
  }
  if (oauth.client_auth == ClientAuth::mtls && !auth.mtls) {
    out.problem(join(at, "mtls"), "nothing", "the client certificate that the client shows");
  }
}

void check_auth(const Integration& integration, Findings& out) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < integration.auth.size(); ++i) {
    const Auth& auth = integration.auth[i];
    const std::string at = integration.auth.size() == 1 ? "auth" : at_index("auth", i);
    if (auth.slug.empty()) out.problem(join(at, "slug"), "nothing", "a slug for each of several ways to authorise");
    else if (!seen.insert(auth.slug).second) out.problem(join(at, "slug"), auth.slug, "a slug used once");
    check_blocks(auth, at, out);
    const auto* computed = auth.headers.json.if_string();
    if (auth.type == AuthType::headers && !auth.headers.json.is_object() &&
        (computed == nullptr || !computed->starts_with("="))) {
      out.problem(join(at, "headers"), "nothing", "a mapping of header names to values");
    }
    if (auth.type == AuthType::oauth2 || auth.type == AuthType::oidc) check_oauth(integration, auth, at, out);
  }
}

bool is_http_url(const std::string& text) {
  return text.starts_with("https://") || text.starts_with("http://") || text.starts_with("{");
}

void check_urls(const Integration& integration, Findings& out) {
  const Endpoints& urls = integration.endpoints;
  const std::pair<const char*, const Template*> all[] = {
      {"base_url", &urls.base_url},     {"authorization", &urls.authorization},
      {"token", &urls.token},           {"userinfo", &urls.userinfo},
      {"revocation", &urls.revocation}, {"introspection", &urls.introspection},
      {"jwks", &urls.jwks},             {"device_authorization", &urls.device_authorization},
      {"issuer", &urls.issuer}};
  for (const auto& [key, url] : all) {
    if (!url->empty() && !is_http_url(url->text)) {
      out.problem(join("endpoints", key), "\"" + url->text + "\"", "an absolute URL: https://…");
    }
  }
}

}  // namespace

void check_identity(const Integration& integration, Findings& out) {
  if (!is_slug(integration.slug, SlugKind::integration)) {
    const std::string better = to_snake(integration.slug);
    const bool offer = is_slug(better, SlugKind::integration);
    out.problem("slug", integration.slug.empty() ? "nothing" : "\"" + integration.slug + "\"",
                std::string(slug_rule(SlugKind::integration)) + (offer ? ", such as \"" + better + "\"" : ""));
  }
  if (!is_version(integration.version)) {
    out.problem("version", "\"" + integration.version + "\"", "three numbers: 1.0.0");
  }
  check_urls(integration, out);
  check_auth(integration, out);
}

}  // namespace junctor::connector
