#include <algorithm>

#include "connector/checks.h"

namespace junctor::connector {
namespace {

bool is_safe_url(const std::string& url) {
  for (const char* start : {"https://", "http://localhost", "http://127.", "http://[::1]", "{"}) {
    if (url.starts_with(start)) return true;
  }
  return url.empty();
}

void warn_urls(const Endpoints& urls, Findings& out) {
  const std::pair<const char*, const Template*> all[] = {
      {"base_url", &urls.base_url}, {"authorization", &urls.authorization}, {"token", &urls.token},
      {"userinfo", &urls.userinfo}, {"revocation", &urls.revocation},       {"jwks", &urls.jwks}};
  for (const auto& [key, url] : all) {
    if (!is_safe_url(url->text)) {
      out.warning(join("endpoints", key), "\"" + url->text + "\"", "https:// (or http://localhost)");
    }
  }
}

void warn_auth(const Integration& integration, Findings& out) {
  for (const Auth& auth : integration.auth) {
    const bool oauth = auth.type == AuthType::oauth2 || auth.type == AuthType::oidc;
    const bool scopes = !integration.scopes.empty() || (auth.oauth2 && !auth.oauth2->scopes.empty());
    if (oauth && !scopes) out.warning("scopes", "none", "the scopes to ask for");
    if (auth.type != AuthType::oidc || !integration.endpoints.issuer.empty()) continue;
    if (integration.endpoints.jwks.empty()) out.warning("endpoints.jwks", "nothing", "the keys of the provider");
    if (integration.endpoints.userinfo.empty()) out.warning("endpoints.userinfo", "nothing", "the userinfo URL");
  }
}

void warn_secret_names(const Integration& integration, Findings& out) {
  for (const Field& field : integration.vars) {
    const bool looks = field.key.ends_with("secret") || field.key.ends_with("password") ||
                       field.key.ends_with("token") || field.key.ends_with("api_key");
    if (looks && !field.is_secret() && field.secret != false) {
      out.warning(join("vars", field.key), "a field that reads like a secret and is not one", "type: password");
    }
  }
}

}  // namespace

void check_usual(const Integration& integration, Findings& out) {
  warn_urls(integration.endpoints, out);
  warn_auth(integration, out);
  warn_secret_names(integration, out);
  const bool works = !integration.actions.empty() || !integration.webhooks.empty() ||
                     !integration.flows.empty() || !integration.passes.empty();
  if (!works) out.problem("actions", "nothing that this integration does", "an action, a webhook, a flow or a pass");
  if (!integration.actions.empty() && integration.schemas.empty()) {
    const bool typed = std::all_of(integration.actions.begin(), integration.actions.end(), [](const Action& action) {
      return !action.output.empty();
    });
    if (!typed) out.warning("schemas", "none", "schemas of what actions give");
  }
  if (!integration.actions.empty() && integration.test_action.empty()) {
    out.warning("test_action", "no action that proves a connection", "an action health, or test_action: its slug");
  }
  if (!integration.auth.empty() && integration.vars.empty() &&
      std::any_of(integration.auth.begin(), integration.auth.end(),
                  [](const Auth& auth) { return auth.type != AuthType::none; })) {
    out.warning("vars", "none", "the fields that hold a connection's credentials");
  }
}

}  // namespace junctor::connector
