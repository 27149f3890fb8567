// Calling actions, whoever asks: a route, a pass, a schedule, another action.
//
// Threads: any loop.
// Lifetime: what it is given outlives it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/call_trace.h"
#include "engine/current_registry.h"
#include "junctor/clock.h"
#include "junctor/context.h"
#include "junctor/files.h"
#include "junctor/ids.h"

namespace junctor {

class DeclaredCalls;
class Store;
namespace queue {
class EventLog;
}
namespace vault {
class Connections;
struct Connection;
}
struct ClientResponse;
namespace connector {
class Caches;
struct PlainCall;
}

enum class Urgency { interactive, background };

// What a call does with its connection. A test proves the connection as it stands now: a disabled one is
// used as well, and nothing is answered from memory.
enum class ConnectionUse { work, test };
// Whether an output is made to fit the action's schema, or given as it came: for comparing the two.
enum class OutputShape { promised, raw };

// On whose behalf, and as part of what, an action is called.
struct CallScope {
  TenantId tenant;
  RunId run;
  std::string connection;       // name or id; empty: the only one of the integration, or none
  std::string idempotency_key;  // stable over retries; calls below derive theirs from it
  Urgency urgency = Urgency::interactive;
  ConnectionUse use = ConnectionUse::work;
  OutputShape output = OutputShape::promised;
  // Instead of a connection's, for one that is not stored yet: only anonymous actions take them.
  std::optional<JsonObject> entered_vars = std::nullopt;
  // What goes up with the call, and where the file that it gives comes down; not for the calls below it.
  UploadFiles files = {};
  DownloadSink download = {};
  std::function<bool()> caller_ended = {};  // whether nobody waits for it any more; empty: always somebody does
  int depth = 0;                // calls inside calls; bounded
};

struct ActionsParts {
  Store& store;
  const CurrentRegistry& registry;
  vault::Connections& connections;
  DeclaredCalls& declared;
  queue::EventLog& events;
  const Clock& clock;
  connector::Caches* caches = nullptr;  // for memoised actions; null: none are
};

class Actions final {
 public:
  explicit Actions(const ActionsParts& parts) : parts_(parts) {}
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  // Input is normalised against the action's schema (defaults filled, undeclared members stripped, the names of
  // files put in), output likewise, but for a file that goes into scope.download: of it the output is {bytes,
  // content_type, content_disposition}. Throws ShapeFailure for an input that does not fit, and what the action throws.
  Json call(Fiber& fiber, const CallScope& scope, std::string_view integration,
            std::string_view action, const Json& input, CallTrace& trace);

  // The rows of an action that pages; see Context::stream.
  StreamedRows stream(Fiber& fiber, const CallScope& scope, std::string_view integration,
                      std::string_view action, const Json& input,
                      const std::function<bool(const Json&)>& take, CallTrace& trace);

  // The open vars of the connection that a call would use; an empty object without one.
  Json vars(Fiber& fiber, const CallScope& scope, std::string_view integration,
            std::string_view action);

  // Any path of an integration with the connection's credentials, for debugging; answers of any status. What
  // the answer repeats of a secret is cut out.
  ClientResponse call_path(Fiber& fiber, const CallScope& scope, std::string_view integration,
                           const connector::PlainCall& wanted, CallTrace& trace);

  const ActionsParts& parts() const { return parts_; }

 private:
  Json perform(Fiber& fiber, const CallScope& scope,
               const std::shared_ptr<const LoadedIntegration>& integration, const LoadedAction& action,
               const std::optional<vault::Connection>& connection, const Json& input, CallTrace& trace);
  void note_cut(const std::string& name, std::optional<ListingBound> cut_short, CallTrace& trace) const;
  void store_full_trace(Fiber& fiber, const CallScope& scope, CallTrace& trace);

  ActionsParts parts_;
};

// The text that a run keeps of an action's output.
std::string recorded_output(const CallTrace& trace, const LoadedAction& action, const Json& output);

// What the caller of an action gets of its output: all but the credentials, also in a file that stands in it.
Json told_output(const CallTrace& trace, const LoadedAction& action, Json output);

// The input with the files that come with it: a parameter that is a file has its name as its value.
Json with_file_names(const Json& input, const UploadFiles& files);

// An input that does not fit the action's schema: 422 with every fault, never retried.
class ShapeFailure final : public Failure {
 public:
  ShapeFailure(const std::string& what, std::vector<Problem> problems);
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

}  // namespace junctor
