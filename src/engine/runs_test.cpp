#include "engine/runs.h"

#include <gtest/gtest.h>

#include "engine/test_store.h"

namespace junctor {
namespace {

class Runs : public testing::Test {
 protected:
  RunStart start(int attempt = 1) {
    RunStart start;
    start.tenant = tenant_;
    start.id = id_;
    start.kind = "pass";
    start.integration = "github";
    start.subject = "to_chat";
    start.trigger = "event";
    start.attempt = attempt;
    start.at = Timestamp(std::chrono::milliseconds(1000));
    start.input = R"({"a":1})";
    return start;
  }
  bool begin(int attempt) {
    return store_->write_blocking([&](Transaction& tx) { return runs::begin(tx, start(attempt)); });
  }
  bool finish(int attempt, RunStatus status) {
    RunEnd end;
    end.status = status;
    end.counters["created"] = 3;
    end.at = Timestamp(std::chrono::milliseconds(2000));
    return store_->write_blocking(
        [&](Transaction& tx) { return runs::finish(tx, tenant_, id_, attempt, end); });
  }
  RunRow row() {
    return store_->read_blocking([&](Snapshot& view) { return *runs::get(view, tenant_, id_); });
  }

  TestStore store_{{runs::migrations()}};
  const TenantId tenant_ = default_tenant();
  const RunId id_ = RunId::generate();
};

TEST_F(Runs, end_once) {
  EXPECT_TRUE(begin(1));
  EXPECT_EQ(row().status, RunStatus::running);
  EXPECT_TRUE(finish(1, RunStatus::completed));
  EXPECT_FALSE(finish(1, RunStatus::failed));
  EXPECT_FALSE(begin(2));
  EXPECT_EQ(row().status, RunStatus::completed);
  EXPECT_EQ(row().counters, R"({"created":3})");
  EXPECT_EQ(row().finished_at, 2000);
}

TEST_F(Runs, an_attempt_that_lost_its_lease_cannot_end_the_next_one) {
  EXPECT_TRUE(begin(1));
  EXPECT_TRUE(begin(2));
  EXPECT_FALSE(finish(1, RunStatus::completed));
  EXPECT_FALSE(begin(1));
  EXPECT_TRUE(finish(2, RunStatus::retrying));
  EXPECT_EQ(row().finished_at, 0);
  EXPECT_TRUE(begin(3));
  EXPECT_TRUE(finish(3, RunStatus::failed));
}

TEST_F(Runs, a_finished_step_is_never_replaced) {
  const auto store_step = [&](const char* output) {
    return store_->write_blocking([&](Transaction& tx) {
      return runs::store_step(tx, tenant_, id_, "fetch", output, Timestamp());
    });
  };
  EXPECT_TRUE(store_step("1"));
  EXPECT_FALSE(store_step("2"));
  const auto output = store_->read_blocking(
      [&](Snapshot& view) { return runs::step(view, tenant_, id_, "fetch"); });
  EXPECT_EQ(output, "1");
}

TEST_F(Runs, are_listed_newest_first_by_what_they_are) {
  for (int i = 0; i < 5; ++i)
    store_->write_blocking([&](Transaction& tx) {
      RunStart one = start();
      one.id = RunId::generate();
      one.subject = i % 2 == 0 ? "even" : "odd";
      RunEnd end;
      runs::record(tx, one, end);
    });
  const auto list = [&](RunFilter filter) {
    return store_->read_blocking(
        [&](Snapshot& view) { return runs::list(view, tenant_, filter); });
  };
  const auto all = list({});
  ASSERT_EQ(all.size(), 5u);
  EXPECT_GT(all[0].id, all[4].id);
  RunFilter even;
  even.subject = "even";
  EXPECT_EQ(list(even).size(), 3u);
  RunFilter page;
  page.before = all[1].id;
  page.limit = 2;
  ASSERT_EQ(list(page).size(), 2u);
  EXPECT_EQ(list(page)[0].id, all[2].id);
  EXPECT_TRUE(store_->read_blocking([&](Snapshot& view) {
                      return runs::list(view, TenantId("other"), {});
                    }).empty());
}

TEST_F(Runs, bound_what_they_keep) {
  store_->write_blocking([&](Transaction& tx) {
    RunStart big = start();
    big.input = std::string(200'000, 'x');
    runs::begin(tx, big);
    runs::append_logs(tx, tenant_, id_, std::vector<RunLogLine>(1'500, {1, "info", "line"}));
  });
  EXPECT_LT(row().input.size(), 70'000u);
  const auto lines =
      store_->read_blocking([&](Snapshot& view) { return runs::logs(view, tenant_, id_); });
  ASSERT_EQ(lines.size(), 1'001u);
  EXPECT_EQ(lines.back().message, "further lines were left out");
}

TEST_F(Runs, are_forgotten_in_small_bites_and_only_when_they_ended) {
  EXPECT_TRUE(begin(1));
  for (int i = 0; i < 5; ++i)
    store_->write_blocking([&](Transaction& tx) {
      RunStart one = start();
      one.id = RunId::generate();
      RunEnd end;
      end.at = Timestamp(std::chrono::milliseconds(2000));
      runs::record(tx, one, end);
    });
  const auto forget = [&] {
    return store_->write_blocking([&](Transaction& tx) {
      return runs::forget(tx, Timestamp(std::chrono::milliseconds(3000)), 3);
    });
  };
  EXPECT_EQ(forget(), 3);
  EXPECT_EQ(forget(), 2);
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(row().status, RunStatus::running);
}

}  // namespace
}  // namespace junctor
