// The integrations that are loaded, with everything compiled that runs per event or call.
//
// Threads: immutable; a new one replaces it as a whole, and whoever works keeps the one it began with.
// Lifetime: shared by the engine, which replaces it, and by the work in progress.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/ports.h"
#include "base/cron.h"
#include "connector/compiled_call.h"
#include "connector/expressions.h"
#include "junctor/integration.h"
#include "junctor/result.h"
#include "junctor/schema.h"

namespace junctor::connector {
class SecretValues;
}

namespace junctor {

struct LoadedAction {
  const Action* definition = nullptr;
  Json input_document;  // the schemas as documents, for whoever shows or coerces by them
  CompiledSchema input;
  CompiledSchema output;
  std::shared_ptr<const connector::CompiledCall> call;  // null for coded actions; shared by its callers
  connector::CompiledExpression memo_key;               // of `memoize`
  std::string fingerprint;                              // of the definition, where its output is kept
  std::vector<FileParam> files;                         // that come beside the input
};

// Whether the action's answer is a file, which can be streamed.
bool gives_file(const LoadedAction& action);

// An output as a run keeps it: of a file in it the size, instead of its content.
Json kept_output(const LoadedAction& action, Json output);

// An output whose files, given as base64, repeat no credential: every byte of one becomes "*", as in files that are
// streamed.
Json masked_files(const LoadedAction& action, Json output, const connector::SecretValues& secrets);

// What the action declares to be left out of what is kept.
connector::Redaction redaction_of(const LoadedAction& action);

struct LoadedWebhook {
  const WebhookType* definition = nullptr;
  connector::CompiledExpression event_type, dedup_id, topic, payload, items, entity_id, partition,
      ignore, respond;
};

// What starts by itself: a pass, a catch, or an action or flow with triggers. Each has a queue of its
// own, so that a slow one holds up nobody else.
struct Reaction {
  enum class Kind { pass, catch_, action, flow };
  Kind kind = Kind::pass;
  std::string integration;
  std::string subject;              // slug of the pass, catch, action or flow
  std::string queue;                // "github.pass.to_chat"
  std::vector<std::string> topics;  // patterns; empty when only schedules start it
  std::vector<Trigger> triggers;    // of actions and flows
  std::string action;               // called; empty for flows
  std::string target_integration;   // of the action
  std::string target_connection;
  connector::CompiledExpression filter, map;
  connector::CompiledValue input;   // instead of map; both empty: the payload
  bool each = false;                // a list from map calls once per element
  int most_attempts = 0;            // 0: the usual
  int concurrency = 16;
  std::optional<CronSchedule> schedule;
};
std::string_view to_string(Reaction::Kind kind);

struct LoadedIntegration {
  Integration definition;
  std::string folder;  // where its definition stands; empty for one that is built in
  auth::AuthDefinition auth;
  vault::IntegrationProfile profile;
  std::map<std::string, LoadedAction, std::less<>> actions;
  std::map<std::string, LoadedWebhook, std::less<>> webhooks;
  std::vector<Reaction> reactions;

  // Compiles everything; Problems for what cannot be (a schema that does not compile, say).
  static Result<std::shared_ptr<const LoadedIntegration>> load(Integration definition, std::string folder = {});

  // Throws ConnectionFailure{unknown_action} that names what there is.
  const LoadedAction& action(std::string_view slug) const;
};

class Registry final {
 public:
  Registry() = default;
  explicit Registry(std::vector<std::shared_ptr<const LoadedIntegration>> integrations);

  // null when there is none.
  std::shared_ptr<const LoadedIntegration> find(std::string_view slug) const;
  // Throws ConnectionFailure{unknown_integration} that names what there is.
  std::shared_ptr<const LoadedIntegration> require(std::string_view slug) const;
  const std::map<std::string, std::shared_ptr<const LoadedIntegration>, std::less<>>& all() const {
    return integrations_;
  }

 private:
  std::map<std::string, std::shared_ptr<const LoadedIntegration>, std::less<>> integrations_;
};

}  // namespace junctor
