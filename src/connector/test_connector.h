// A connector of the catalogue on one connection, against a stand-in that answers as the provider's pages say.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "connector/test_api.h"
#include "json/parse.h"

namespace junctor::connector {

inline Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }
inline HttpResponse answer(int status, std::string_view body, const Headers& headers = {}) {
  HttpResponse out = HttpResponse::json(status, parsed(body));
  for (const Header& header : headers) out.headers.set(header.name, header.value);
  return out;
}

class Connector final {
 public:
  Connector(const std::string& name, const TestApi& api, const char* var = "base_url")
      : integration_(load_integration_folder(std::string(JUNCTOR_SOURCE_DIR) + "/connectors/" + name).value_or_throw()),
        client_(open_door()), executor_(client_) {
    scope.vars = JsonObject{{var, api.url()}};
    scope.connection = "c";
    scope.idempotency_key = "key-1";
  }

  // Long waits end at once, with the time they would have taken.
  Json call(const char* action, std::string_view input = "{}") {
    const auto call = CompiledCall::compile(integration_, *integration_.find_action(action)).value_or_throw();
    Json out;
    run_in_fiber([&](Fiber& fiber) {
      const DeadlineScope soon(fiber, std::chrono::seconds(20));
      out = executor_.call(fiber, *call, scope, parsed(input)).output;
    });
    return out;
  }
  ProviderFailure failure(const char* action, std::string_view input = "{}") {
    try {
      call(action, input);
    } catch (const ProviderFailure& fault) {
      return fault;
    }
    ADD_FAILURE() << action << " succeeded";
    return ProviderFailure(FailureKind::bug, "", {});
  }
  // The kind of a failure before any request.
  FailureKind refusal(const char* action, std::string_view input = "{}") {
    try {
      call(action, input);
    } catch (const Failure& fault) {
      return fault.kind();
    }
    ADD_FAILURE() << action << " succeeded";
    return FailureKind::bug;
  }
  const Integration& integration() const { return integration_; }
  CallScope scope;

 private:
  Integration integration_;
  HttpClient client_;
  Executor executor_;
};

}  // namespace junctor::connector
