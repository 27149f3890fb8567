#include "engine/actions.h"

#include <algorithm>
#include <boost/json.hpp>
#include <typeinfo>

#include "base/text.h"
#include "engine/counted_files.h"
#include "engine/declared_calls.h"
#include "engine/memos.h"
#include "engine/run_calls.h"
#include "engine/run_context.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "junctor/provider_failure.h"
#include "net/client.h"
#include "store/store.h"
#include "vault/connections.h"

namespace junctor {
namespace {

Json fitted(const CompiledSchema& schema, const Json& value, const std::string& what) {
  auto result = normalise(schema, value);
  if (result.ok()) return std::move(result).value();
  throw ShapeFailure(what, result.problems());
}

std::string name_of(const LoadedIntegration& integration, const LoadedAction& action) {
  return integration.definition.slug + "." + action.definition->slug;
}

// An output that does not keep its promise is not the caller's fault: of a declared action the provider answered
// something else (a page in HTML, say) or the definition is wrong, of a handler the handler is. Where it does not
// fit is told, what stands there is not.
Json promised(const LoadedIntegration& integration, const LoadedAction& action, const Json& value, const CallTrace& trace) {
  auto result = normalise(action.output, value);
  if (result.ok()) return std::move(result).value();
  const std::string misfit = " that does not fit its schema at " + result.problems().front().path;
  if (!action.definition->is_declared())
    throw Failure(FailureKind::bug, name_of(integration, action) + " gave an output" + misfit, to_string(result.problems()));
  ProviderAnswer answer;
  answer.status = trace.calls.empty() ? 200 : trace.calls.back().status;
  throw ProviderFailure(FailureKind::unavailable,
                        integration.definition.slug + " gave an answer to " + action.definition->slug + misfit +
                            "; the plug shows it, `compare` with every difference",
                        std::move(answer));
}

bool needs_connection(const Integration& integration) {
  return !integration.vars.empty() || !integration.auth.empty();
}

// Vars of a connection that does not exist yet, for an action that needs no credentials.
vault::Connection not_stored(const CallScope& scope, const LoadedIntegration& loaded,
                             const LoadedAction& action) {
  const Integration& integration = loaded.definition;
  const Action& definition = *action.definition;
  const bool anonymous = definition.is_declared() && definition.api->anonymous;
  if (!anonymous && !integration.auth.empty())
    throw vault::ConnectionFailure(vault::ConnectionError::not_authorised,
                                   definition.slug + " needs credentials; create the connection first");
  vault::Connection connection;
  connection.tenant = scope.tenant;
  connection.integration = integration.slug;
  auto checked = vault::check_vars(loaded.profile.fields, *scope.entered_vars, {}, {}, vault::Completeness::as_far_as_given);
  if (!checked) throw vault::ConnectionFailure(checked.problems());
  connection.vars = std::move(checked.value().open);
  return connection;
}

// The connection of a call. An integration that declares no vars and no authorisation works without.
std::optional<vault::Connection> connection_for(Fiber& fiber, const ActionsParts& parts,
                                                const CallScope& scope,
                                                const LoadedIntegration& integration,
                                                const LoadedAction* action, CallTrace& trace) {
  const Integration& definition = integration.definition;
  std::optional<vault::Connection> connection;
  if (scope.entered_vars && action != nullptr) return not_stored(scope, integration, *action);
  if (!scope.connection.empty() || needs_connection(definition)) {
    std::string reference = scope.connection.empty() ? definition.slug : scope.connection;
    const bool is_name = !ConnectionId::parse(reference) && !scope.connection.empty() &&
                         reference.find('/') == std::string::npos;
    if (is_name) reference = definition.slug + "/" + reference;
    connection = parts.connections.find(fiber, scope.tenant, reference);
    if (connection->integration != definition.slug)
      throw Failure(FailureKind::invalid, "the connection \"" + connection->name + "\" belongs to " +
                                              connection->integration + ", not to " +
                                              definition.slug);
  }
  if (connection && connection->enabled == vault::Enabled::no && scope.use == ConnectionUse::work)
    throw vault::ConnectionFailure(vault::ConnectionError::disabled_connection,
                                   "the connection \"" + connection->name + "\" is disabled; enable it");
  if (connection && trace.connection.empty())
    trace.connection = connection->integration + "/" + connection->name;
  return connection;
}

std::string how_to_give(const LoadedAction& action, const std::string& name) {
  return "as a part \"" + name + "\" of multipart/form-data, " +
         (takes_body_as_file(*action.definition) ? "as the whole body of any type but application/json, " : "") +
         "by `junctor plug call --file " + name + "=PATH`, or from code";
}

std::vector<Problem> faults_of_files(const Json& given, const UploadFiles& files, const LoadedAction& action) {
  std::vector<Problem> out;
  std::string names;
  const auto* members = given.if_object();
  for (const FileParam& file : action.files) {
    names += (names.empty() ? "" : ", ") + file.name;
    if (members != nullptr && members->contains(file.name))
      out.push_back({file.name, 0, "a member of the input", "the file itself, beside the input: " + how_to_give(action, file.name), {}});
    else if (file.required && !files.contains(file.name))
      out.push_back({file.name, 0, "no file", "one, beside the input: " + how_to_give(action, file.name), {}});
  }
  for (const auto& [name, file] : files) {
    const bool known = std::any_of(action.files.begin(), action.files.end(), [&wanted = name](const auto& one) { return one.name == wanted; });
    if (!known)
      out.insert(out.begin(), {name, 0, "a file of this name", names.empty() ? "none: the action takes no file" : "one of its files: " + names, {}});
  }
  return out;
}

// What goes with a call must be what its action takes: a file that nobody sends, or that nobody asked for, is lost.
void check_files(const Json& given, const CallScope& scope, const LoadedIntegration& integration, const LoadedAction& action) {
  const std::string name = name_of(integration, action);
  if (auto faults = faults_of_files(given, scope.files, action); !faults.empty())
    throw ShapeFailure("the input of " + name, std::move(faults));
  if (scope.download && !gives_file(action))
    throw Failure(FailureKind::invalid, name + " gives no file; `response: {kind: file}` of its definition would make its answer one");
}

// What a handler throws of its own is a fault of it that its run records, with the calls it made until then.
template <typename Work>
Json handled(const std::string& name, const Work& work) {
  try {
    return work();
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    throw Failure(FailureKind::bug, name + " failed with an error of its own; the log has it", error.what());
  }
}

// An expression names the value that it cannot use, a handler what it likes. Failures with more than a message to them
// repeat nothing of a provider's answer, or have been searched where they were made.
template <typename Work>
auto telling_no_secret(const CallTrace& trace, const Work& work) {
  try {
    return work();
  } catch (const Failure& failure) {
    if (typeid(failure) != typeid(Failure)) throw;
    Failure told(failure.kind(), trace.secrets.without(failure.message()), trace.secrets.without(failure.detail()), failure.where());
    if (failure.retry_after()) told.retry_after(*failure.retry_after());
    throw told;
  }
}

}  // namespace

Json with_file_names(const Json& given, const UploadFiles& files) {
  if (files.empty() || !given.is_object()) return given;
  Json out = given;
  for (const auto& [name, file] : files) out.get_object()[name] = file.filename.empty() ? name : as_utf8(file.filename);
  return out;
}

ShapeFailure::ShapeFailure(const std::string& what, std::vector<Problem> problems)
    : Failure(FailureKind::invalid, what + " does not fit: " + to_string(problems)),
      problems_(std::move(problems)) {}

Json Actions::call(Fiber& fiber, const CallScope& scope, std::string_view integration_slug,
                   std::string_view action_slug, const Json& given, CallTrace& trace) {
  fiber.check();
  const auto integration = parts_.registry.get()->require(integration_slug);
  const LoadedAction& action = integration->action(action_slug);
  check_files(given, scope, *integration, action);
  Json input = fitted(action.input, given, "the input of " + name_of(*integration, action));
  // The expressions of a declared action see what its files are called; a handler has the files.
  if (action.definition->is_declared()) input = with_file_names(input, scope.files);
  const auto connection = connection_for(fiber, parts_, scope, *integration, &action, trace);
  const auto work = [&] { return perform(fiber, scope, integration, action, connection, input, trace); };
  const bool memoised = action.definition->memoize && parts_.caches != nullptr;
  const bool usual = scope.use == ConnectionUse::work && scope.output == OutputShape::promised && scope.files.empty() && !scope.download;
  if (!memoised || !usual) return telling_no_secret(trace, work);
  MemoQuestion question{*integration, action, scope.tenant, {}, 0, Json(), input};
  if (connection) {
    question.connection = connection->id.to_string();
    question.connection_version = connection->version;
    question.vars = connection->vars;
  }
  return telling_no_secret(trace, [&] { return remembered(fiber, *parts_.caches, question, trace, work); });
}

Json Actions::perform(Fiber& fiber, const CallScope& scope,
                      const std::shared_ptr<const LoadedIntegration>& integration,
                      const LoadedAction& action, const std::optional<vault::Connection>& connection,
                      const Json& input, CallTrace& trace) {
  const std::string name = name_of(*integration, action);
  Json output;
  if (action.definition->is_declared()) {
    const CountedFiles counted(scope, trace);
    DeclaredOutput answer = parts_.declared.call(
        fiber, {integration, action, counted.scope(), connection, input, &trace, &trace.secrets});
    output = std::move(answer.output);
    note_cut(name, answer.cut_short, trace);
    store_full_trace(fiber, scope, trace);
  } else if (action.definition->handler) {
    RunContext context(fiber, *this, scope, integration, action, connection, trace);
    output = handled(name, [&] { return action.definition->handler(context, input); });
  } else {
    throw Failure(FailureKind::unsupported,
                  name + " has neither an `api` block nor a handler, so it cannot be called");
  }
  return scope.output == OutputShape::raw || scope.download ? output
                                                            : promised(*integration, action, output, trace);
}

ClientResponse Actions::call_path(Fiber& fiber, const CallScope& scope, std::string_view integration_slug,
                                  const connector::PlainCall& wanted, CallTrace& trace) {
  fiber.check();
  const auto integration = parts_.registry.get()->require(integration_slug);
  auto connection = connection_for(fiber, parts_, scope, *integration, nullptr, trace);
  return parts_.declared.call_path(fiber, {integration, scope, std::move(connection), wanted, &trace, &trace.secrets});
}

void Actions::note_cut(const std::string& name, std::optional<ListingBound> cut_short, CallTrace& trace) const {
  if (cut_short) trace.note_cut(name, *cut_short, parts_.clock.now());
}

// A run of many calls keeps few of them in memory; the rest is stored with its end.
void Actions::store_full_trace(Fiber& fiber, const CallScope& scope, CallTrace& trace) {
  constexpr std::size_t most_in_memory = 32;
  if (trace.calls.size() < most_in_memory) return;
  parts_.store.write(fiber, [&](Transaction& transaction) {
    runs::append_calls(transaction, scope.tenant, scope.run, trace.shown_calls());
  });
  trace.calls.clear();
}

StreamedRows Actions::stream(Fiber& fiber, const CallScope& scope, std::string_view integration_slug,
                             std::string_view action_slug, const Json& given,
                             const std::function<bool(const Json&)>& take, CallTrace& trace) {
  fiber.check();
  const auto integration = parts_.registry.get()->require(integration_slug);
  const LoadedAction& action = integration->action(action_slug);
  if (!action.definition->is_declared())
    throw Failure(FailureKind::unsupported, name_of(*integration, action) +
                                                " is not a declared action, so it has no pages");
  const Json input =
      fitted(action.input, given, "the input of " + name_of(*integration, action));
  auto connection = connection_for(fiber, parts_, scope, *integration, &action, trace);
  const StreamedRows streamed = telling_no_secret(trace, [&] {
    return parts_.declared.stream(fiber, {integration, action, scope, std::move(connection), input, &trace, &trace.secrets},
                                  [&](const Json& row) {
                                    store_full_trace(fiber, scope, trace);
                                    return take(row);
                                  });
  });
  note_cut(name_of(*integration, action), streamed.cut_short, trace);
  return streamed;
}

Json Actions::vars(Fiber& fiber, const CallScope& scope, std::string_view integration_slug,
                   std::string_view action_slug) {
  CallTrace unused;
  const auto integration = parts_.registry.get()->require(integration_slug);
  const auto connection =
      connection_for(fiber, parts_, scope, *integration, &integration->action(action_slug), unused);
  return connection ? Json(connection->vars) : Json(JsonObject());
}

std::string recorded_output(const CallTrace& trace, const LoadedAction& action, const Json& output) {
  return trace.shown_output(kept_output(action, output), redaction_of(action));
}

Json told_output(const CallTrace& trace, const LoadedAction& action, Json output) {
  return trace.secrets.without_credentials(masked_files(action, std::move(output), trace.secrets));
}

}  // namespace junctor
