// The requests of a call and their answers, as they may be stored and shown.
//
// Threads: any thread; no state.
#pragma once

#include <string>
#include <vector>

#include "connector/ports.h"
#include "connector/redaction.h"
#include "connector/secret_values.h"
#include "net/client.h"

namespace junctor::connector {

// One request with the hops it took.
struct SentRequest {
  const ClientRequest& request;
  const std::vector<ClientHop>& hops;
  const Redaction& redaction;
  const SecretValues* secrets;     // of its run; may be null
  const ClientResponse* response;  // null: none came whole
  const std::string& failure;      // why there was none, or why it counts as a fault
};
enum class AnswerBody { kept, left_out };

// Each hop as a call of its own. about: whose they are, and when the first began.
void record_hops(CallRecorder& recorder, const RecordedCall& about, const SentRequest& sent, AnswerBody body);

// The same as a person may see it: without what it repeats of the credentials. There has to be a response.
ClientResponse shown(const SentRequest& sent);

// Of a request; empty without one.
std::string content_type_of(const ClientRequest& request);
// Null where the body is secret.
const std::string* body_text(const ClientRequest& request);

}  // namespace junctor::connector
