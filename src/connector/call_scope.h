// For whom a declared action is called, and with what.
//
// Threads: a value for one call.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>

#include "connector/ports.h"
#include "connector/rate_limiter.h"

namespace junctor::auth {
class CredentialSource;
}

namespace junctor::connector {

// Whether kept answers may stand in for a call.
enum class Caching { on, off };

class SecretValues;

struct CallScope {
  TenantId tenant = default_tenant();
  std::string connection;       // its id: what limits and caches go by; empty without a connection
  std::string connection_name;
  std::int64_t connection_version = 0;  // grows when its vars change: answers of before count no more
  Json vars = JsonObject();     // of the connection, without its secrets
  // Puts credentials into the request; null: none are sent. Outlives the call.
  auth::CredentialSource* credentials = nullptr;
  std::string run;              // id of the run, for the record
  CallRecorder* recorder = nullptr;  // takes every request; null: the executor's. Outlives the call.
  SecretValues* secrets = nullptr;   // takes every secret that goes out; may be null. Outlives the call.
  std::string idempotency_key;  // the same in every try of the same work; empty: none is sent
  Priority priority = Priority::background;
  std::function<bool()> caller_ended;  // whether nobody waits for it any more: it then ends, cancelled; empty: somebody does
  Caching caching = Caching::on;
  UploadFiles uploads;
  // Of an answer of kind `file`, which then gives {bytes, content_type, content_disposition} as the output, unmapped;
  // empty: the file is base64 in the output.
  DownloadSink download;
};

}  // namespace junctor::connector
