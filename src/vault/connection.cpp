#include "vault/connection.h"

#include <array>
#include <boost/json/value.hpp>

namespace junctor::vault {
namespace {

constexpr std::array<std::string_view, 4> statuses = {"needs_authorisation", "needs_vars", "ready",
                                                      "grant_expired"};

FailureKind kind_of(ConnectionError error) {
  switch (error) {
    case ConnectionError::vars_invalid:
    case ConnectionError::credentials_invalid:
    case ConnectionError::request_invalid:
    case ConnectionError::several_connections:
      return FailureKind::invalid;
    case ConnectionError::unknown_integration:
    case ConnectionError::unknown_action:
    case ConnectionError::unknown_connection:
      return FailureKind::not_found;
    case ConnectionError::name_taken:
    case ConnectionError::changed_meanwhile:
    case ConnectionError::disabled_connection:
    case ConnectionError::not_authorised:
    case ConnectionError::grant_expired:
    case ConnectionError::secrets_destroyed:
      return FailureKind::conflict;
    case ConnectionError::host_not_allowed:
    case ConnectionError::consent_unknown:
    case ConnectionError::another_browser:
    case ConnectionError::another_issuer:
      return FailureKind::denied;
    case ConnectionError::provider_error:
      return FailureKind::unavailable;
  }
  return FailureKind::bug;
}

}  // namespace

std::string_view to_string(ConnectionStatus status) {
  return statuses[static_cast<std::size_t>(status)];
}

std::optional<ConnectionStatus> parse_connection_status(std::string_view text) {
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (statuses[i] == text) return static_cast<ConnectionStatus>(i);
  return std::nullopt;
}

std::string_view to_string(HealthState state) {
  constexpr std::array<std::string_view, 3> names = {"unknown", "healthy", "failing"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(ConnectionError error) {
  constexpr std::array<std::string_view, 18> names = {
      "vars_invalid",     "unknown_integration", "unknown_action",      "unknown_connection", "several_connections",
      "name_taken",       "disabled_connection", "not_authorised",      "grant_expired",      "host_not_allowed",
      "provider_error",   "credentials_invalid", "changed_meanwhile",   "consent_unknown",    "another_browser",
      "another_issuer",   "secrets_destroyed",   "request_invalid"};
  return names[static_cast<std::size_t>(error)];
}

ConnectionFailure::ConnectionFailure(ConnectionError code, std::string message, std::string detail,
                                     boost::source_location where)
    : Failure(kind_of(code), std::move(message), std::move(detail), where), code_(code) {}

ConnectionFailure::ConnectionFailure(std::vector<Problem> problems, ConnectionError code,
                                     boost::source_location where)
    : Failure(FailureKind::invalid, junctor::to_string(problems), {}, where),
      code_(code),
      problems_(std::move(problems)) {}

JsonObject to_json(const Connection& connection) {
  JsonObject health{{"state", to_string(connection.health.state)}};
  if (connection.health.checked_at) {
    health["message"] = connection.health.message;
    health["checked_at"] = junctor::to_string(*connection.health.checked_at);
    if (connection.health.latency) health["latency_ms"] = connection.health.latency->count();
  }
  JsonObject out{{"id", connection.id.to_string()},
                 {"integration", connection.integration},
                 {"name", connection.name},
                 {"enabled", connection.enabled == Enabled::yes},
                 {"status", to_string(connection.status)}};
  if (!connection.auth_method.empty()) out["auth_method"] = connection.auth_method;
  if (!connection.status_reason.empty()) out["status_reason"] = connection.status_reason;
  out["vars"] = connection.vars;
  out["health"] = std::move(health);
  out["version"] = connection.version;
  out["created_at"] = junctor::to_string(connection.created_at);
  out["updated_at"] = junctor::to_string(connection.updated_at);
  return out;
}

}  // namespace junctor::vault
