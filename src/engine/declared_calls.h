// What the engine needs of whoever executes declared actions.
//
// Threads: any loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/actions.h"
#include "engine/registry.h"
#include "vault/connection.h"

namespace junctor {

struct DeclaredCall {
  std::shared_ptr<const LoadedIntegration> integration;
  const LoadedAction& action;
  const CallScope& scope;
  std::optional<vault::Connection> connection;  // none: an integration without vars and credentials
  const Json& input;
  connector::CallRecorder* recorder = nullptr;  // takes every request of the call
  connector::SecretValues* secrets = nullptr;   // takes every secret that the call has to do with
};

struct PathCall {
  std::shared_ptr<const LoadedIntegration> integration;
  const CallScope& scope;
  std::optional<vault::Connection> connection;
  const connector::PlainCall& wanted;
  connector::CallRecorder* recorder = nullptr;
  connector::SecretValues* secrets = nullptr;
};

struct DeclaredOutput {
  Json output;
  std::optional<ListingBound> cut_short;
};

class DeclaredCalls {
 public:
  virtual ~DeclaredCalls() = default;
  virtual DeclaredOutput call(Fiber& fiber, const DeclaredCall& call) = 0;
  virtual ClientResponse call_path(Fiber& fiber, const PathCall& call) = 0;
  virtual StreamedRows stream(Fiber& fiber, const DeclaredCall& call,
                              const std::function<bool(const Json&)>& take) = 0;
};

}  // namespace junctor
