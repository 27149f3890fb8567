#include "engine/flows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "engine/test_reactions.h"
#include "json/serialize.h"

namespace junctor {
namespace {

using testing::HasSubstr;

// An outside list of people, paged by two, that a test may change; it can fail at one page.
class People {
 public:
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    const std::string since(request.query_value("since").value_or(""));
    const int page = std::stoi(std::string(request.query_value("page").value_or("1")));
    if (page == failing_page) return HttpResponse::text(503, "busy");
    JsonArray rows;
    for (const auto& [id, name] : people)
      if (since.empty() || id > since) rows.push_back(JsonObject{{"id", id}, {"name", name}});
    const std::size_t from = static_cast<std::size_t>(page - 1) * 2;
    JsonArray part;
    if (newest_first) std::reverse(rows.begin(), rows.end());
    for (std::size_t i = from; i < std::min(rows.size(), from + 2); ++i) part.push_back(rows[i]);
    return HttpResponse::json(200, JsonObject{{"people", part}});
  }

  std::map<std::string, std::string> people{{"1", "Ada"}, {"2", "Bo"}, {"3", "Cy"}};
  std::atomic<int> failing_page{0};
  std::atomic<bool> newest_first{false};

 private:
  std::mutex mutex_;
};

class FlowsTest : public testing::Test {
 protected:
  FlowsTest()
      : engine_([this](const HttpRequest& request, std::size_t) {
          return request.method == "GET" ? people_.answer(request) : take(request);
        }) {}

  HttpResponse take(const HttpRequest& request) {
    if (request.body.find(refused_) != std::string::npos && !refused_.empty())
      return HttpResponse::text(422, "not this one");
    return HttpResponse::json(200, JsonObject{{"id", "out-" + std::to_string(++given_)}});
  }

  void load(const std::string& flow) {
    engine_.load({R"(
slug: hr
endpoints: {base_url: "{api}"}
collections: {people: {}}
actions:
  list_people:
    params: {since: {}}
    api:
      method: GET
      path: /people
      retry: {attempts: 1}
      pagination: {kind: page, param: page, items: people, page_size: 2)" + bounds_ + R"(}
  create_person: {params: {id: {}, name: {}}, api: {method: POST, path: /out, retry: {attempts: 1}}}
  delete_person: {params: {id: {}}, api: {method: DELETE, path: "/out/{id}", retry: {attempts: 1}}}
  update_person: {params: {id: {}, name: {}, target: {}}, api: {method: PUT, path: "/out/{target}", retry: {attempts: 1}}}
flows:
  sync:
)" + flow});
  }

  // One run of the flow; the failure that ended it, if any.
  std::optional<FailureKind> run() {
    std::optional<FailureKind> failed;
    trace_ = {};
    run_in_fiber([&](Fiber& fiber) {
      const auto integration = engine_.registry.get()->require("hr");
      CallScope scope;
      scope.tenant = default_tenant();
      scope.run = RunId::generate();
      try {
        engine_.flows.run(fiber, scope, integration, *integration->definition.find_flow("sync"),
                          nullptr, trace_);
      } catch (const Failure& failure) {
        failed = failure.kind();
        trace_.log.push_back({LogLevel::error, failure.message(), 0});
      }
    });
    for (const auto& line : trace_.log) std::printf("%s\n", line.message.c_str());
    return failed;
  }
  std::int64_t count(const std::string& name) {
    const auto found = trace_.counters.find(name);
    return found == trace_.counters.end() ? 0 : found->second;
  }
  bool noted(const std::string& part) const {
    return std::any_of(trace_.log.begin(), trace_.log.end(),
                       [&](const CallTrace::Line& line) { return line.message.find(part) != std::string::npos; });
  }
  std::vector<std::string> stored() {
    std::vector<std::string> out;
    run_in_fiber([&](Fiber& fiber) {
      for (const Record& record : engine_.records(fiber, "hr", "people"))
        out.push_back(record.key + " " + json::to_text(record.value));
    });
    return out;
  }
  std::vector<std::string> emitted() {
    std::vector<std::string> out;
    run_in_fiber([&](Fiber& fiber) {
      for (const queue::Event& event : engine_.events_of(fiber, "hr.*")) out.push_back(event.topic);
    });
    return out;
  }

  static constexpr const char* inflow = R"(
    source: {action: list_people}
    identity: {id: id}
    mapping: {map: "{'name': $uppercase(name)}"}
    target: {collection: people}
    batch_size: 2
    events: {created: hr.person_created, updated: hr.person_updated, deleted: hr.person_gone}
)";

  People people_;
  std::string bounds_;  // of the listing, as more members of its pagination
  std::string refused_;
  std::atomic<int> given_{0};
  ReactingEngine engine_;
  CallTrace trace_;
};

TEST_F(FlowsTest, an_inflow_stores_every_page_and_tells_what_is_new) {
  load(inflow);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_THAT(stored(), testing::ElementsAre(R"(1 {"name":"ADA"})", R"(2 {"name":"BO"})", R"(3 {"name":"CY"})"));
  EXPECT_EQ(count("extracted"), 3);
  EXPECT_EQ(count("created"), 3);
  EXPECT_THAT(emitted(), testing::ElementsAre("hr.person_created", "hr.person_created", "hr.person_created"));
}

TEST_F(FlowsTest, what_has_not_changed_writes_and_tells_nothing) {
  load(inflow);
  run();
  people_.people["2"] = "Bob";
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("unchanged"), 2);
  EXPECT_EQ(count("updated"), 1);
  EXPECT_EQ(emitted().size(), 4u);
  EXPECT_EQ(emitted().back(), "hr.person_updated");
}

TEST_F(FlowsTest, what_was_committed_before_a_failure_stays_and_is_not_told_again) {
  load(inflow);
  people_.failing_page = 2;
  EXPECT_EQ(run(), FailureKind::unavailable);
  EXPECT_EQ(stored().size(), 2u);
  people_.failing_page = 0;
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(stored().size(), 3u);
  EXPECT_EQ(emitted().size(), 3u);
}

TEST_F(FlowsTest, a_cursor_asks_only_for_what_is_newer) {
  load(R"(
    source: {action: list_people, input: {since: "=cursor"}}
    identity: {id: id}
    target: {collection: people}
    cursor: {value: id}
)");
  run();
  EXPECT_EQ(count("extracted"), 3);
  people_.people["4"] = "Di";
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("extracted"), 1);
  EXPECT_EQ(stored().size(), 4u);
}

TEST_F(FlowsTest, an_overlap_reads_the_last_stretch_again) {
  people_.people = {{"2026-01-01T00:00:00.000Z", "Ada"}, {"2026-01-02T00:00:00.000Z", "Bo"}};
  load(R"(
    source: {action: list_people, input: {since: "=cursor"}}
    identity: {id: id}
    target: {collection: people}
    cursor: {value: id, overlap: 1h}
)");
  run();
  people_.people["2026-01-01T23:30:00.000Z"] = "became visible late";
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("created"), 1);
  EXPECT_EQ(count("extracted"), 2);
}

TEST_F(FlowsTest, what_the_source_no_longer_has_is_deleted_at_the_target) {
  load(R"(
    source: {action: list_people}
    identity: {id: id, target_id: id}
    target: {create_action: create_person, update_action: update_person, delete_action: delete_person, missing: delete}
)");
  run();
  people_.people.erase("2");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 1);
  EXPECT_EQ(engine_.api.seen().back().method + " " + engine_.api.seen().back().target, "DELETE /out/out-2");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 0);
}

TEST_F(FlowsTest, a_connection_that_is_not_there_is_no_sign_that_a_record_is_gone) {
  const auto flow = [](const std::string& connection) {
    return R"(
    source: {action: list_people}
    identity: {id: id, target_id: id}
    target: {)" + connection + R"(create_action: create_person, update_action: update_person, delete_action: delete_person, missing: delete}
)";
  };
  load(flow(""));
  run();
  people_.people.erase("2");
  load(flow("connection: nobody, "));
  EXPECT_NE(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 0);
  load(flow(""));
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 1);
  EXPECT_EQ(engine_.api.seen().back().method, "DELETE");
}

TEST_F(FlowsTest, what_is_missing_goes_where_the_flow_says_so_but_never_for_an_empty_answer) {
  load(R"(
    source: {action: list_people}
    identity: {id: id}
    target: {collection: people, missing: delete}
    events: {deleted: hr.person_gone}
)");
  run();
  people_.people.erase("1");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 1);
  EXPECT_EQ(stored().size(), 2u);
  EXPECT_THAT(emitted(), testing::ElementsAre("hr.person_gone"));
  people_.people.clear();
  run();
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(FlowsTest, a_listing_that_was_cut_short_removes_nothing_from_a_collection) {
  const std::string flow = R"(
    source: {action: list_people}
    identity: {id: id}
    target: {collection: people, missing: delete}
)";
  load(flow);
  run();
  for (const char* bound : {", max_pages: 1", ", max_items: 2"}) {
    SCOPED_TRACE(bound);
    bounds_ = bound;
    load(flow);
    EXPECT_EQ(run(), std::nullopt);
    EXPECT_EQ(count("deleted"), 0);
    EXPECT_EQ(count("cut_short"), 1);
    EXPECT_EQ(stored().size(), 3u);
    EXPECT_TRUE(noted("the listing of hr.list_people was cut short by"));
    EXPECT_TRUE(noted("nothing that is missing was removed"));
  }
}

TEST_F(FlowsTest, a_listing_that_was_cut_short_removes_nothing_at_the_target) {
  const std::string flow = R"(
    source: {action: list_people}
    identity: {id: id, target_id: id}
    target: {create_action: create_person, update_action: update_person, delete_action: delete_person, missing: delete}
)";
  load(flow);
  run();
  bounds_ = ", max_pages: 1";
  load(flow);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("deleted"), 0);
  EXPECT_TRUE(noted("nothing that is missing was removed"));
}

constexpr const char* by_cursor = R"(
    source: {action: list_people, input: {since: "=cursor"}}
    identity: {id: id}
    target: {collection: people}
    cursor: {value: id}
    batch_size: 2
)";

TEST_F(FlowsTest, cut_listings_by_growing_cursor_go_on_where_they_ended) {
  for (const char* id : {"4", "5", "6", "7"}) people_.people[id] = "more";
  bounds_ = ", max_pages: 2";
  load(by_cursor);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(stored().size(), 7u);
}

TEST_F(FlowsTest, a_cut_listing_from_the_newest_back_leaves_the_cursor_where_it_was) {
  people_.newest_first = true;
  bounds_ = ", max_pages: 1";
  load(by_cursor);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(stored().size(), 2u);
  EXPECT_TRUE(noted("the cursor stays where it was"));
  bounds_.clear();
  load(by_cursor);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(stored().size(), 3u);
}

TEST_F(FlowsTest, a_failure_in_a_listing_from_the_newest_back_loses_no_older_rows) {
  people_.newest_first = true;
  people_.failing_page = 2;
  load(by_cursor);
  EXPECT_NE(run(), std::nullopt);
  people_.failing_page = 0;
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(stored().size(), 3u);
}

TEST_F(FlowsTest, a_relay_creates_then_updates_and_repeats_nothing) {
  load(R"(
    source: {action: list_people}
    identity: {id: id, target_id: id}
    target: {create_action: create_person, update_action: update_person, input: {id: "=source_id", name: "=record.name", target: "=id"}}
)");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("created"), 3);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("unchanged"), 3);
  people_.people["2"] = "Bob";
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("updated"), 1);
  const HttpRequest last = engine_.api.seen().back();
  EXPECT_EQ(last.method, "PUT");
  EXPECT_EQ(last.target, "/out/out-2");
}

TEST_F(FlowsTest, a_record_that_is_refused_is_left_out_and_said) {
  refused_ = "Bo";
  load(R"(
    source: {action: list_people}
    identity: {id: id}
    target: {create_action: create_person, update_action: update_person}
    on_error: skip
    max_errors: 1
)");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_EQ(count("created"), 2);
  EXPECT_EQ(count("failed"), 1);
  ASSERT_FALSE(trace_.log.empty());
  EXPECT_THAT(trace_.log[0].message, HasSubstr("record 2"));
}

}  // namespace
}  // namespace junctor
