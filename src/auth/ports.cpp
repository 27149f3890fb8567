#include "auth/ports.h"

#include <boost/describe/enum_to_string.hpp>

namespace junctor::auth {
namespace {

template <typename Block>
void ensure(std::optional<Block>& block) {
  if (!block) block.emplace();
}

}  // namespace

AuthDefinition auth_definition(const Integration& integration) {
  AuthDefinition out{integration.auth, integration.endpoints, integration.scopes};
  if (out.methods.empty()) out.methods.emplace_back();
  for (Auth& method : out.methods) fill_defaults(method);
  return out;
}

void fill_defaults(Auth& method) {
  switch (method.type) {
    case AuthType::none:
    case AuthType::headers:
      break;
    case AuthType::api_key:
      ensure(method.api_key);
      break;
    case AuthType::bearer:
      ensure(method.bearer);
      break;
    case AuthType::basic:
      ensure(method.basic);
      break;
    case AuthType::digest:
      ensure(method.digest);
      break;
    case AuthType::hmac:
      ensure(method.hmac);
      break;
    case AuthType::aws_sigv4:
      ensure(method.aws_sigv4);
      break;
    case AuthType::oauth2:
    case AuthType::oidc:
      ensure(method.oauth2);
      break;
    case AuthType::mtls:
      ensure(method.mtls);
      break;
  }
}

std::vector<std::string> consent_methods(const AuthDefinition& definition) {
  std::vector<std::string> out;
  for (const Auth& method : definition.methods)
    if (method.oauth2 && (method.oauth2->grant == Grant::authorization_code ||
                          method.oauth2->grant == Grant::device_code))
      out.push_back(method.slug);
  return out;
}

vault::FieldDeclaration field_declaration(const Field& field) {
  vault::FieldDeclaration one;
  one.key = field.key;
  one.label = field.label;
  one.help = field.help;
  one.placeholder = field.placeholder;
  one.kind = vault::parse_field_kind(boost::describe::enum_to_string(field.type, "text"))
                 .value_or(vault::FieldKind::text);
  one.phase = field.when == FieldPhase::before_auth ? vault::FieldPhase::before_authorisation
                                                    : vault::FieldPhase::after_authorisation;
  one.required = field.required;
  one.secret = field.is_secret();
  if (!field.default_.is_null()) one.default_value = field.default_;
  for (const Option& option : field.options) one.options.push_back({option.label, option.value});
  if (field.options_from) one.options_action = field.options_from->action;
  if (field.visible_when)
    one.visible_when =
        vault::FieldDeclaration::Condition{field.visible_when->field, field.visible_when->equals};
  one.order = field.order;
  one.hidden = field.hidden;
  one.min = field.min;
  one.max = field.max;
  one.pattern = field.pattern;
  return one;
}

vault::FieldDeclarations field_declarations(const Integration& integration) {
  vault::FieldDeclarations out;
  for (const Field& field : integration.vars) out.push_back(field_declaration(field));
  return out;
}

vault::IntegrationProfile integration_profile(const Integration& integration) {
  const AuthDefinition definition = auth_definition(integration);
  vault::IntegrationProfile out{field_declarations(integration), {}, consent_methods(definition)};
  for (const Auth& method : definition.methods) out.auth_methods.push_back(method.slug);
  return out;
}

}  // namespace junctor::auth
