// What an answer of a provider means.
//
// Threads: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "connector/call_scope.h"
#include "connector/compiled_call.h"
#include "junctor/provider_failure.h"
#include "net/client.h"

namespace junctor::connector {

// A fault, before it is decided whether to try again.
struct Fault {
  FailureKind kind = FailureKind::unavailable;
  bool retry = false;           // the status or a rule says that another try may help
  bool reauthenticate = false;  // the credential was refused
  bool did_nothing = false;     // at the provider: a repetition is safe whatever the method
  std::optional<std::chrono::milliseconds> retry_after;
  std::string message;          // "github answered 404: Not Found"
  ProviderAnswer answer;

  // As a ProviderFailure, or where no answer came as a plain Failure.
  [[noreturn]] void raise() const;
};

struct Answer {
  int status = 0;
  Headers headers;
  Json body;         // parsed; a text where it is no JSON; null when empty or streamed
  std::string url;   // that was called, for relative links
};

// The error rules, which read a JSON body whatever the declared kind, then the expected statuses, then
// the body by its kind. Bytes that are no UTF-8 become U+FFFD. sent: what a fault repeats of its secrets is
// cut out.
std::variant<Answer, Fault> judge(const CompiledCall& call, const CallScope& scope, const Json& input,
                                  const Redaction& redaction, const ClientRequest& sent,
                                  const ClientResponse& response, Timestamp now);

// Whether it can turn out to be a JSON object or list, as far as it is here.
bool may_be_json(std::string_view body);

// $input, $vars, $status, $headers for expressions over an answer.
jsonata::Bindings answer_bindings(const CallScope& scope, const Json& input, const Answer& answer);

// The action's output for a whole answer.
Json map_output(const CompiledCall& call, const CallScope& scope, const Json& input, const Answer& answer);

// What a status means when no rule says more.
FailureKind kind_of_status(int status);

}  // namespace junctor::connector
