// A provider on the loopback that answers as a test says, and the calls it saw.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <functional>
#include <mutex>
#include <vector>

#include "async/scope.h"
#include "auth/credentials.h"
#include "connector/executor.h"
#include "connector/yaml_loader.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace junctor::connector {

class TestApi final {
 public:
  using Answerer = std::function<HttpResponse(const HttpRequest&, std::size_t call)>;

  explicit TestApi(Answerer answer)
      : answer_(std::move(answer)), server_({}, [this](Fiber&, HttpRequest& request) { return serve(request); }) {
    server_.start();
  }
  ~TestApi() { server_.stop(std::chrono::milliseconds(100)); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<HttpRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  HttpResponse serve(const HttpRequest& request) {
    std::size_t call = 0;
    {
      const std::lock_guard lock(mutex_);
      call = seen_.size();
      seen_.push_back(request);
    }
    return answer_(request, call);
  }

  mutable std::mutex mutex_;
  std::vector<HttpRequest> seen_;
  Answerer answer_;
  HttpServer server_;
};

inline HttpClientOptions open_door() {
  HttpClientOptions options;
  options.guard = AddressGuard::off();
  return options;
}

// An integration with one action `go`; `body` is the text below it, indented by four.
inline Integration one_action(const std::string& base_url, const std::string& body, const std::string& top = "") {
  const std::string text = "slug: demo\nendpoints: {base_url: \"" + base_url + "\"}\n" + top + "actions:\n  go:\n" + body;
  return load_integration(text, "demo.yaml").value_or_throw();
}

// Loads, compiles and calls `go` inside a fiber.
class Caller final {
 public:
  Caller(const std::string& base_url, const std::string& body, const std::string& top = "")
      : integration_(one_action(base_url, body, top)),
        call_(CompiledCall::compile(integration_, *integration_.find_action("go")).value_or_throw()),
        client_(open_door()), executor_(client_, ports()) {}

  CallResult call(const Json& input = JsonObject()) {
    CallResult out;
    run_in_fiber([&](Fiber& fiber) { out = executor_.call(fiber, *call_, scope, input); });
    return out;
  }
  ProviderFailure failure(const Json& input = JsonObject()) {
    try {
      call(input);
    } catch (const ProviderFailure& failure) {
      return failure;
    }
    ADD_FAILURE() << "the call succeeded";
    return ProviderFailure(FailureKind::bug, "", {});
  }
  // Of a call that gets no answer.
  Failure silence(const Json& input = JsonObject()) {
    try {
      call(input);
    } catch (const ProviderFailure& failure) {
      ADD_FAILURE() << "the provider answered: " << failure.message();
      return failure;
    } catch (const Failure& failure) {
      return failure;
    }
    ADD_FAILURE() << "the call succeeded";
    return Failure(FailureKind::bug, "");
  }
  Executor& executor() { return executor_; }
  const CompiledCall& compiled() const { return *call_; }
  const Integration& integration() const { return integration_; }

  CallScope scope;
  struct Recorder final : CallRecorder {
    void record(RecordedCall call) override { calls.push_back(std::move(call)); }
    std::vector<RecordedCall> calls;
  } recorder;

 private:
  ExecutorPorts ports() {
    ExecutorPorts out;
    out.recorder = &recorder;
    out.random = [] { return 0.0; };
    return out;
  }

  Integration integration_;
  std::shared_ptr<const CompiledCall> call_;
  HttpClient client_;
  Executor executor_;
};

}  // namespace junctor::connector
