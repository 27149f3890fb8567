#include "engine/run_context.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/crypto.h"
#include "engine/records.h"
#include "engine/runs.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"
#include "store/store.h"
#include "vault/connections.h"

namespace junctor {
namespace {

vault::SecretName sealed_name(const TenantId& tenant, RunId run, std::string_view step) {
  return {tenant, runs::owner_of(run), "step/" + std::string(step)};
}

}  // namespace

RunContext::RunContext(Fiber& fiber, Actions& actions, const CallScope& scope,
                       std::shared_ptr<const LoadedIntegration> integration, const LoadedAction& action,
                       std::optional<vault::Connection> connection, CallTrace& trace)
    : fiber_(fiber),
      actions_(actions),
      scope_(scope),
      integration_(std::move(integration)),
      action_(action),
      connection_(std::move(connection)),
      trace_(trace),
      vars_(connection_ ? Json(connection_->vars) : Json(nullptr)) {}

Secret RunContext::secret(std::string_view key) {
  if (connection_) {
    auto& connections = actions_.parts().connections;
    auto open = actions_.parts().store.read(fiber_, [&](Snapshot& snapshot) {
      return connections.open(snapshot, scope_.tenant, connection_->id);
    });
    const auto found = open.secrets.find(std::string(key));
    if (found != open.secrets.end()) {
      trace_.secrets.add(found->second.reveal());
      return std::move(found->second);
    }
  }
  throw Failure(FailureKind::not_found,
                "the secret \"" + std::string(key) + "\" is not set; set it with `junctor connections "
                "set` or in the connection's settings");
}

std::optional<UploadFile> RunContext::file(std::string_view parameter) {
  const auto found = scope_.files.find(std::string(parameter));
  if (found != scope_.files.end()) return found->second;
  const bool declared = std::any_of(action_.files.begin(), action_.files.end(),
                                    [&](const FileParam& one) { return one.name == parameter; });
  if (!declared)
    throw Failure(FailureKind::bug, action_.definition->slug + " declares no file \"" + std::string(parameter) +
                                        "\": a param of ui_type file");
  return std::nullopt;
}

CallScope RunContext::scope_below(const CallOptions& options) {
  if (scope_.depth >= most_depth)
    throw Failure(FailureKind::invalid, "actions call one another more than 16 levels deep");
  CallScope below = scope_;
  ++below.depth;
  below.connection = options.connection;
  below.files = options.files;
  below.download = options.download;
  const bool own = options.integration.empty() || options.integration == integration_->definition.slug;
  if (own && options.connection.empty() && connection_) below.connection = connection_->id.to_string();
  // Retries repeat the calls of a handler in the same order, so the n-th call has the n-th key.
  below.idempotency_key = scope_.idempotency_key + "/" + std::to_string(++calls_);
  return below;
}

std::string RunContext::target_of(const CallOptions& options) const {
  return options.integration.empty() ? integration_->definition.slug : options.integration;
}

Json RunContext::call(std::string_view action, const Json& input, const CallOptions& options) {
  const CallScope below = scope_below(options);
  std::optional<DeadlineScope> limit;
  if (options.timeout) limit.emplace(fiber_, *options.timeout);
  return actions_.call(fiber_, below, target_of(options), action, input, trace_);
}

StreamedRows RunContext::stream(std::string_view action, const Json& input,
                                const std::function<bool(const Json& row)>& take,
                                const CallOptions& options) {
  const CallScope below = scope_below(options);
  std::optional<DeadlineScope> limit;
  if (options.timeout) limit.emplace(fiber_, *options.timeout);
  return actions_.stream(fiber_, below, target_of(options), action, input, take, trace_);
}

EventId RunContext::emit(std::string_view topic, const Json& payload) {
  EventId id;
  transaction([&](Records& records) { id = records.emit(topic, payload); });
  return id;
}

void RunContext::transaction(const std::function<void(Records&)>& body) {
  const ActionsParts& parts = actions_.parts();
  const RecordScope scope{scope_.tenant, integration_->definition.slug, scope_.run,
                          "integration_sync", &trace_.secrets};
  parts.store.write(fiber_, [&](Transaction& transaction) {
    StoredRecords records(transaction, parts.events, scope, parts.clock.now());
    body(records);
  });
}

Json RunContext::step(std::string_view name, const std::function<Json()>& body) {
  if (!steps_.emplace(name).second)
    throw Failure(FailureKind::invalid, "two steps of this run are called \"" + std::string(name) +
                                            "\"; a name stands for one step");
  Store& store = actions_.parts().store;
  vault::Vault& vault = actions_.parts().connections.vault();
  const auto stored = store.read(fiber_, [&](Snapshot& snapshot) -> std::optional<Json> {
    const auto text = runs::step(snapshot, scope_.tenant, scope_.run, name);
    if (!text) return std::nullopt;
    if (*text == runs::sealed_output)
      if (const auto sealed = vault.get(snapshot, sealed_name(scope_.tenant, scope_.run, name)))
        return json::parse(sealed->reveal()).value_or_throw();
    return json::parse(*text).value_or_throw();
  });
  if (stored) return *stored;
  const Json output = body();
  const bool secret = trace_.secrets.are_in(output);
  const std::string text = json::to_text(output);
  store.write(fiber_, [&](Transaction& transaction) {
    const bool first = runs::store_step(transaction, scope_.tenant, scope_.run, name,
                                        secret ? runs::sealed_output : std::string_view(text), actions_.parts().clock.now());
    if (first && secret)
      vault.put(transaction, sealed_name(scope_.tenant, scope_.run, name), Secret(text));
  });
  return output;
}

void RunContext::log(LogLevel level, std::string_view message) {
  trace_.note(level, message, actions_.parts().clock.now());
}

void RunContext::progress(std::uint64_t done, std::uint64_t total, std::string_view note) {
  trace_.done = done;
  trace_.total = total;
  if (!note.empty()) log(LogLevel::info, note);
}

void RunContext::count(std::string_view name, std::int64_t by) {
  trace_.counters[std::string(name)] += by;
}

}  // namespace junctor
