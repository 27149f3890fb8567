#include "engine/authorisation_runs.h"

#include <gtest/gtest.h>

#include "engine/run_calls.h"
#include "engine/test_engine.h"

namespace junctor {
namespace {

TEST(AuthorisationRuns, keep_a_step_as_a_run_with_its_calls) {
  TestEngine engine({"slug: mail\nendpoints: {base_url: 'http://127.0.0.1:1'}\nactions: {me: {api: {path: /}}}\n"});
  AuthorisationRuns runs_of_steps(*engine.store, system_clock());
  auth::AuthorisationKeeper::Step step{default_tenant(), ConnectionId::generate(), "mail", "main", "consent", system_clock().now(), {}, {}};
  step.exchanges.emplace_back();
  step.exchanges[0].method = "POST";
  step.exchanges[0].url = "https://a.example/token";
  step.exchanges[0].status = 400;
  step.failure = Failure(FailureKind::denied, "refused");
  run_in_fiber([&](Fiber& fiber) { runs_of_steps.keep(fiber, step); });
  engine.store->read_blocking([&](Snapshot& view) {
    const auto found = runs::list(view, default_tenant(), {});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind + " " + found[0].subject + " " + found[0].connection, "authorisation consent mail/main");
    EXPECT_EQ(found[0].status, RunStatus::failed);
    EXPECT_EQ(found[0].failure + ": " + found[0].error, "denied: refused");
    const auto calls = runs::calls(view, default_tenant(), RunId::parse(found[0].id).value(), runs::CallDetails::with).calls;
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].url, "https://a.example/token");
    EXPECT_NE(calls[0].detail.find(step.connection.to_string()), std::string::npos);
  });
}

}  // namespace
}  // namespace junctor
