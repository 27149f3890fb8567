#include "engine/declared_executor.h"

#include <boost/json.hpp>

#include "auth/credential_service.h"
#include "connector/executor.h"
#include "connector/secret_values.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

template <typename Call>
connector::CallScope scope_of(const Call& call, auth::CredentialSource* credentials) {
  connector::CallScope scope;
  scope.tenant = call.scope.tenant;
  if (call.connection) {
    if (!call.scope.entered_vars) scope.connection = call.connection->id.to_string();
    scope.connection_name = call.connection->name;
    scope.connection_version = call.connection->version;
    scope.vars = call.connection->vars;
  }
  scope.uploads = call.scope.files;
  scope.download = call.scope.download;
  scope.credentials = credentials;
  scope.run = call.scope.run.to_string();
  scope.recorder = call.recorder;
  scope.secrets = call.secrets;
  if (credentials != nullptr && call.secrets != nullptr)
    credentials->each_secret([&](std::string_view secret) { call.secrets->add(secret); });
  scope.idempotency_key = call.scope.idempotency_key;
  scope.priority = call.scope.urgency == Urgency::interactive ? connector::Priority::interactive
                                                              : connector::Priority::background;
  scope.caller_ended = call.scope.caller_ended;
  if (call.scope.use == ConnectionUse::test || call.scope.output == OutputShape::raw) scope.caching = connector::Caching::off;
  return scope;
}

template <typename Call>
std::unique_ptr<auth::CredentialSource> credentials_of(Fiber& fiber, const Call& call,
                                                       auth::CredentialService& service) {
  if (!call.connection || call.scope.entered_vars) return nullptr;
  if (call.scope.use == ConnectionUse::test)
    return service.source_for_test(fiber, call.scope.tenant, call.connection->id, call.scope.run.to_string());
  return service.source(fiber, call.scope.tenant, call.connection->id, call.scope.run.to_string());
}

std::unique_ptr<auth::CredentialSource> credentials_of_action(Fiber& fiber, const DeclaredCall& call,
                                                              auth::CredentialService& service) {
  if (call.action.definition->api->anonymous) return nullptr;
  return credentials_of(fiber, call, service);
}

// Which of the bounds it was that cut a listing short.
ListingBound bound_of(const DeclaredCall& call, int pages, std::size_t rows) {
  const Pagination& bounds = call.action.call->pagination->spec;
  if (pages >= bounds.max_pages) return ListingBound::pages;
  return static_cast<std::int64_t>(rows) >= bounds.max_items ? ListingBound::items : ListingBound::time;
}

}  // namespace

DeclaredOutput DeclaredExecutor::call(Fiber& fiber, const DeclaredCall& call) {
  const auto credentials = credentials_of_action(fiber, call, credentials_);
  connector::CallResult result =
      executor_.call(fiber, *call.action.call, scope_of(call, credentials.get()), call.input);
  DeclaredOutput out;
  if (result.cut_short) out.cut_short = bound_of(call, result.pages, result.output.as_array().size());
  out.output = std::move(result.output);
  return out;
}

ClientResponse DeclaredExecutor::call_path(Fiber& fiber, const PathCall& call) {
  const auto credentials = credentials_of(fiber, call, credentials_);
  return executor_.plain_call(fiber, call.integration->definition, scope_of(call, credentials.get()),
                              call.wanted);
}

StreamedRows DeclaredExecutor::stream(Fiber& fiber, const DeclaredCall& call,
                                      const std::function<bool(const Json&)>& take) {
  const auto credentials = credentials_of_action(fiber, call, credentials_);
  const auto result = executor_.stream(fiber, *call.action.call, scope_of(call, credentials.get()), call.input,
                                       [&](Json&& row) { return take(row); });
  StreamedRows out{result.rows, std::nullopt};
  if (result.cut_short) out.cut_short = bound_of(call, result.pages, result.rows);
  return out;
}

}  // namespace junctor
