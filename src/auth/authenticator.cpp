#include "auth/authenticator.h"

#include <fmt/format.h>

#include "net/address_guard.h"

namespace junctor::auth {
namespace {

using Reason = NotAuthenticated::Reason;

constexpr std::string_view scheme = "Bearer ";

std::string text_member(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

// Words of an outside issuer that are no scopes of ours grant nothing.
Scopes scopes_of(const JsonObject& claims, const std::string& name) {
  std::set<std::string> names;
  const auto add = [&](std::string_view words) {
    while (!words.empty()) {
      const std::size_t end = std::min(words.find(' '), words.size());
      try {
        if (end > 0 && Scopes::parse(words.substr(0, end)) != Scopes())
          names.emplace(words.substr(0, end));
      } catch (const Failure&) {
      }
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  };
  const Json* value = claims.if_contains(name);
  if (value != nullptr && value->is_string()) add(value->as_string());
  if (value != nullptr && value->is_array())
    for (const Json& item : value->as_array())
      if (item.is_string()) add(item.as_string());
  return Scopes(std::move(names));
}

// "localhost:8400" → "localhost"; "[::1]:8400" → "::1".
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return equal_ignoring_case(host, "localhost") || (address && special_use(*address) == "loopback");
}

// Without authentication everything a browser on this machine shows could call us. A page of another origin says so
// in Origin; one whose name was made to point here shows that name in Host.
void require_own_page(const HttpRequest& request) {
  const std::string_view authority = request.headers.get("Host").value_or("localhost");
  const auto origin = request.headers.get("Origin");
  const auto is_own = [&] {
    for (const std::string_view before : {"http://", "https://"})
      if (origin->starts_with(before) && equal_ignoring_case(origin->substr(before.size()), authority)) return true;
    return false;
  };
  if (is_loopback(host_of(authority)) && (!origin || is_own())) return;
  throw Failure(FailureKind::denied,
                fmt::format("authentication is off (development), so calls of other web pages are refused: found {} {}, "
                            "expected this engine's own address; turn authentication on and send a token",
                            origin ? "Origin" : "Host", (origin ? *origin : authority).substr(0, 100)));
}

[[noreturn]] void refuse(const JwtRejection& rejection) {
  throw NotAuthenticated(Reason::invalid, rejection.reason, std::string(to_string(rejection.fault)));
}

bool looks_like_jwt(std::string_view token) {
  return token.starts_with("eyJ") && token.find('.') != std::string_view::npos;
}

}  // namespace

void require_loopback_without_authentication(Access access, std::string_view listen_address) {
  if (access == Access::authenticated) return;
  const auto address = IpAddress::parse(listen_address);
  if (listen_address == "localhost" || (address && special_use(*address) == "loopback")) return;
  throw Failure(FailureKind::denied,
                fmt::format("authentication is off (development), so listening on {} is refused; "
                            "listen on 127.0.0.1 or turn authentication on",
                            listen_address.substr(0, 100)));
}

Authenticator::Authenticator(ApiTokens& tokens, Discovery& discovery, const Clock& clock,
                             AuthenticatorOptions options)
    : tokens_(tokens), discovery_(discovery), clock_(clock), options_(std::move(options)) {}

Principal Authenticator::authenticate(Fiber& fiber, const HttpRequest& request) {
  if (options_.access == Access::development_without_authentication) {
    require_own_page(request);
    return {default_tenant(), "development", Scopes({"*"})};
  }
  const auto values = request.headers.get_all("Authorization");
  if (values.empty())
    throw NotAuthenticated(Reason::missing, "send an API token: Authorization: Bearer jct_…");
  const std::string_view value = values.front();
  if (values.size() > 1 || value.size() <= scheme.size() ||
      !equal_ignoring_case(value.substr(0, scheme.size()), scheme))
    throw NotAuthenticated(Reason::invalid,
                           "the Authorization header is not of the form \"Bearer <token>\"");
  std::string_view token = value.substr(scheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (options_.jwt && looks_like_jwt(token)) return authenticate_jwt(fiber, token);
  if (auto principal = tokens_.find(fiber, token)) return std::move(*principal);
  throw NotAuthenticated(Reason::invalid, "the token is unknown, revoked or expired");
}

Principal Authenticator::authenticate_jwt(Fiber& fiber, std::string_view token) {
  const JwtTrust& trust = *options_.jwt;
  // What no key could make good causes no fetch.
  JwtVerdict verdict = verify_jwt(token, Jwks(), trust.policy, clock_.now());
  if (const auto& rejection = std::get<JwtRejection>(verdict); rejection.fault != JwtFault::unknown_key)
    refuse(rejection);
  const std::string url = trust.jwks_url.empty()
                              ? discovery_.metadata(fiber, trust.policy.issuer).jwks
                              : trust.jwks_url;
  verdict = verify_jwt(token, *discovery_.keys(fiber, url), trust.policy, clock_.now());
  if (const auto* rejection = std::get_if<JwtRejection>(&verdict);
      rejection != nullptr && rejection->fault == JwtFault::unknown_key)
    verdict = verify_jwt(token, *discovery_.keys(fiber, url, Discovery::Keys::fetch_again),
                         trust.policy, clock_.now());
  if (const auto* rejection = std::get_if<JwtRejection>(&verdict))
    refuse(*rejection);
  const JsonObject& claims = std::get<VerifiedJwt>(verdict).claims;
  TenantId tenant = trust.tenant;
  if (!trust.tenant_claim.empty()) {
    tenant = TenantId(text_member(claims, trust.tenant_claim));
    if (tenant.empty())
      throw NotAuthenticated(
          Reason::invalid, fmt::format("the token names no tenant in \"{}\"", trust.tenant_claim));
  }
  return {tenant, text_member(claims, "sub"), scopes_of(claims, trust.scope_claim)};
}

}  // namespace junctor::auth
