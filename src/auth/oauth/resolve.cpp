#include <fmt/format.h>

#include "auth/oauth/token_service.h"
#include "auth/schemes.h"

namespace junctor::auth {

using vault::ConnectionError;
using vault::ConnectionFailure;

TokenService::Resolved TokenService::resolve_locally(const vault::OpenConnection& open) {
  const vault::Connection& connection = open.connection;
  Resolved out;
  out.definition = catalogue_.find(connection.integration);
  if (!out.definition)
    throw ConnectionFailure(
        ConnectionError::unknown_integration,
        fmt::format("the integration \"{}\" is not loaded", connection.integration));
  out.method = &out.definition->methods.front();
  for (const Auth& method : out.definition->methods)
    if (method.slug == connection.auth_method && !method.slug.empty()) out.method = &method;
  const VarsContext vars(open);
  if (out.method->mtls || out.method->type == AuthType::mtls)
    out.identity = client_identity(out.method->mtls.value_or(MtlsAuth()), vars);
  if (!out.method->oauth2) return out;
  const Endpoints& declared = out.definition->endpoints;
  const auto fill = [&](const Template& text, std::string_view name) {
    return text.empty() ? std::string() : vars.url(text, name);
  };
  out.endpoints = {fill(declared.issuer, "endpoints.issuer"),
                   fill(declared.authorization, "endpoints.authorization"),
                   fill(declared.token, "endpoints.token"),
                   fill(declared.device_authorization, "endpoints.device_authorization"),
                   fill(declared.revocation, "endpoints.revocation"),
                   fill(declared.jwks, "endpoints.jwks"),
                   AnswersNameIssuer::no};
  return out;
}

TokenService::Resolved TokenService::resolve(Fiber& fiber, const vault::OpenConnection& open) {
  Resolved out = resolve_locally(open);
  if (out.endpoints.issuer.empty()) return out;
  const OAuthEndpoints found = discovery_.metadata(fiber, out.endpoints.issuer);
  const auto complete = [&](std::string& mine, const std::string& theirs,
                            const std::string& with_certificate = {}) {
    if (mine.empty()) mine = out.identity && !with_certificate.empty() ? with_certificate : theirs;
  };
  complete(out.endpoints.authorization, found.authorization);
  complete(out.endpoints.token, found.token, found.mtls_token);
  complete(out.endpoints.device_authorization, found.device_authorization,
           found.mtls_device_authorization);
  complete(out.endpoints.revocation, found.revocation, found.mtls_revocation);
  complete(out.endpoints.jwks, found.jwks);
  out.endpoints.answers_name_issuer = found.answers_name_issuer;
  return out;
}

}  // namespace junctor::auth
