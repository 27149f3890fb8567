// What a coded action sees: Context over the real engine.
//
// Threads: the loop that runs the action.
// Lifetime: one call.
#pragma once

#include <set>

#include "engine/actions.h"
#include "junctor/context.h"
#include "vault/connection.h"

namespace junctor {

class RunContext final : public Context {
 public:
  static constexpr int most_depth = 16;  // calls inside calls

  RunContext(Fiber& fiber, Actions& actions, const CallScope& scope,
             std::shared_ptr<const LoadedIntegration> integration, const LoadedAction& action,
             std::optional<vault::Connection> connection, CallTrace& trace);

  Fiber& fiber() override { return fiber_; }
  const TenantId& tenant() const override { return scope_.tenant; }
  RunId run() const override { return scope_.run; }
  std::string idempotency_key() const override { return scope_.idempotency_key; }
  const Json& vars() const override { return vars_; }
  Secret secret(std::string_view key) override;
  std::optional<UploadFile> file(std::string_view parameter) override;
  Json call(std::string_view action, const Json& input, const CallOptions& options) override;
  StreamedRows stream(std::string_view action, const Json& input,
                     const std::function<bool(const Json& row)>& take,
                     const CallOptions& options) override;
  EventId emit(std::string_view topic, const Json& payload) override;
  void transaction(const std::function<void(Records&)>& body) override;
  Json step(std::string_view name, const std::function<Json()>& body) override;
  void log(LogLevel level, std::string_view message) override;
  void progress(std::uint64_t done, std::uint64_t total, std::string_view note) override;
  void count(std::string_view name, std::int64_t by) override;

 private:
  CallScope scope_below(const CallOptions& options);
  std::string target_of(const CallOptions& options) const;

  Fiber& fiber_;
  Actions& actions_;
  const CallScope& scope_;
  std::shared_ptr<const LoadedIntegration> integration_;
  const LoadedAction& action_;  // of integration_
  std::optional<vault::Connection> connection_;
  CallTrace& trace_;
  Json vars_;
  std::set<std::string, std::less<>> steps_;
  int calls_ = 0;
};

}  // namespace junctor
