#include "cli/token_command.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <iostream>

#include "api/known_scopes.h"
#include "async/scope.h"
#include "auth/api_tokens.h"
#include "cli/vault_access.h"
#include "json/serialize.h"

namespace junctor::cli {
namespace {

using Kind = CommandOption::Kind;

const CommandOption tenant_option{"--tenant", "the tenant; default when it is left out", Kind::value};

TenantId tenant_of(const Given& given) { return TenantId(given.value("tenant", default_tenant().text())); }

std::optional<Timestamp> expiry_of(const Given& given) {
  if (!given.has("days")) return std::nullopt;
  const std::string text = given.value("days");
  char* end = nullptr;
  const long days = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0' || days < 1 || days > 3650) throw Failure(FailureKind::invalid, "--days takes a number from 1 to 3650");
  return system_clock().now() + std::chrono::hours(24 * days);
}

// Of what the routes and the actions of the projects ask for.
auth::Scopes scopes_of(const Given& given, const std::vector<Project>& projects, const std::vector<Integration>& built_in) {
  const auto scopes = auth::Scopes::parse(given.value("scopes", "*"));
  const auto loaded = load_registry({{}, projects, built_in});
  if (!loaded) std::cerr << "warning: the definitions are left aside:\n" << to_string(loaded.problems()) << '\n';
  const auto unknown = api::unknown_scopes(scopes, loaded ? *loaded.value() : Registry());
  if (unknown)
    throw Failure(FailureKind::invalid, to_string(*unknown) + "; actions may ask for more: name their project with --project");
  return scopes;
}

int create(const Given& given, const std::vector<Integration>& built_in) {
  VaultAccess access = open_vault(given);
  const auth::Scopes scopes = scopes_of(given, access.projects, built_in);
  auth::ApiTokens tokens(*access.store, system_clock());
  run_in_fiber([&](Fiber& fiber) {
    const auto made =
        tokens.create(fiber, tenant_of(given), given.value("NAME"), scopes, expiry_of(given));
    std::cerr << "this token is shown once; keep it now\n";
    std::cout << made.text.reveal() << '\n';
  });
  return 0;
}

JsonObject to_json(const auth::ApiToken& token) {
  const auto time = [](const std::optional<Timestamp>& value) { return value ? Json(to_string(*value)) : Json(); };
  return {{"id", token.id.to_string()},          {"name", token.name},
          {"hint", token.hint},                  {"scopes", token.scopes.text()},
          {"created_at", to_string(token.created_at)}, {"expires_at", time(token.expires_at)},
          {"last_used_at", time(token.last_used_at)}, {"revoked_at", time(token.revoked_at)}};
}

int list(const Given& given) {
  VaultAccess access = open_vault(given);
  auth::ApiTokens tokens(*access.store, system_clock());
  JsonArray all;
  run_in_fiber([&](Fiber& fiber) {
    for (const auth::ApiToken& token : tokens.list(fiber, tenant_of(given))) all.push_back(to_json(token));
  });
  if (given.has("json")) {
    std::cout << json::to_text(Json(all), json::Layout::pretty) << '\n';
    return 0;
  }
  for (const Json& token : all)
    std::cout << token.at("id").as_string().c_str() << "  " << token.at("hint").as_string().c_str() << "  "
              << (token.at("revoked_at").is_null() ? "" : "revoked  ") << token.at("name").as_string().c_str() << "  "
              << token.at("scopes").as_string().c_str() << '\n';
  return 0;
}

int revoke(const Given& given) {
  const auto id = auth::ApiTokenId::parse(given.value("ID"));
  if (!id) throw Failure(FailureKind::invalid, "the id of a token is a UUID; `junctor token list` shows them");
  VaultAccess access = open_vault(given);
  auth::ApiTokens tokens(*access.store, system_clock());
  run_in_fiber([&](Fiber& fiber) { tokens.revoke(fiber, tenant_of(given), *id); });
  std::cout << "revoked\n";
  return 0;
}

}  // namespace

std::vector<Command> token_commands(const std::vector<Integration>& built_in) {
  return {{"token create",
           "Make an API token and print it, once",
           {{"NAME", "what it is for", Kind::place},
            {"--scopes", "such as \"runs:read connections:*\"; everything when it is left out", Kind::value},
            {"--days", "how long it is good; for ever when it is left out", Kind::value},
            tenant_option,
            project_option()},
           Settings::taken,
           [built_in](const Given& given) { return create(given, built_in); }},
          {"token list", "Show the tokens there are, without their text", {{"--json", "as JSON", Kind::flag}, tenant_option, project_option()}, Settings::taken, list},
          {"token revoke", "End a token", {{"ID", "the token's id", Kind::place}, tenant_option, project_option()}, Settings::taken, revoke}};
}

}  // namespace junctor::cli
