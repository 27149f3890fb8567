// The whole engine without its HTTP server: what comes in, what reacts, and a provider on the loopback.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <vector>

#include "async/scope.h"
#include "connector/test_api.h"
#include "connector/yaml_loader.h"
#include "engine/flows.h"
#include "engine/intake.h"
#include "engine/reactor.h"
#include "engine/test_engine.h"
#include "junctor/fiber.h"
#include "queue/stats.h"

namespace junctor {

class ReactingEngine : public TestEngine {
 public:
  using Answerer = connector::TestApi::Answerer;

  explicit ReactingEngine(Answerer answer) : TestEngine({}), api(std::move(answer)) {}

  // Definitions see the provider's address as {api}.
  void load(std::vector<std::string> definitions) {
    std::vector<std::shared_ptr<const LoadedIntegration>> loaded;
    for (std::string& text : definitions) {
      for (std::size_t at; (at = text.find("{api}")) != std::string::npos;)
        text.replace(at, 5, api.url());
      loaded.push_back(LoadedIntegration::load(
                           connector::load_integration(text, "test.yaml").value_or_throw())
                           .value_or_throw());
    }
    registry.set(std::make_shared<Registry>(std::move(loaded)));
  }

  EventId publish(Fiber& fiber, const std::string& topic, const std::string& payload,
                  const TenantId& tenant = default_tenant()) {
    return store->write(fiber, [&](Transaction& transaction) {
      queue::NewEvent event;
      event.tenant = tenant;
      event.topic = topic;
      event.payload = payload;
      return EventId(std::get<queue::Accepted>(events.append(transaction, event)).id);
    });
  }

  // Waits until a run of the subject is in this state; its row, or the newest one after ten seconds.
  RunRow run_of(Fiber& fiber, const std::string& subject, RunStatus status,
                const TenantId& tenant = default_tenant()) {
    RunFilter filter;
    filter.subject = subject;
    RunRow last;
    for (int i = 0; i < 1'000; ++i) {
      const auto rows = store->read(
          fiber, [&](Snapshot& view) { return runs::list(view, tenant, filter); });
      for (const RunRow& row : rows)
        if (row.status == status) return row;
      if (!rows.empty()) last = rows.front();
      fiber.sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "no run of " << subject << " is " << to_string(status) << "; the newest is "
                  << to_string(last.status) << ": " << last.error;
    return last;
  }

  std::vector<Record> records(Fiber& fiber, const std::string& integration,
                              const std::string& collection) {
    RecordQuery query;
    query.collection = collection;
    query.limit = 1'000;
    return store->read(fiber, [&](Snapshot& view) {
      return list_records(view, default_tenant(), integration, query);
    });
  }

  std::vector<queue::Event> events_of(Fiber& fiber, const std::string& topic) {
    queue::EventFilter filter;
    filter.topic_pattern = topic;
    return store->read(fiber, [&](Snapshot& view) { return events.read(view, filter).events; });
  }

  // Defines, consumes and stops around the body.
  void with_reactor(const std::function<void(Fiber&, Reactor&)>& body) {
    run_in_fiber([&](Fiber& fiber) {
      Reactor reactor({*store, events, registry, actions, flows, connections, system_clock(),
                       {&fiber.loop()}});
      reactor.define(fiber);
      reactor.start_consumers(fiber);
      try {
        body(fiber, reactor);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
      reactor.stop(fiber);
    });
  }

  connector::TestApi api;
  Flows flows{{*store, registry, actions, events, system_clock()}};
  WebhookEndpoints endpoints{*store, vault};
  Intake intake{*store,    endpoints,      registry,              events,
                discovery, system_clock(), "https://junctor.test"};
};

}  // namespace junctor
