#include "engine/run_calls.h"

#include <gtest/gtest.h>

#include "engine/call_trace.h"
#include "engine/test_store.h"
#include "store/transaction.h"

namespace junctor {
namespace {

class RunCallsTest : public testing::Test {
 protected:
  static connector::RecordedCall call(int status, const std::string& failure = "") {
    connector::RecordedCall out;
    out.integration = "crm";
    out.action = "list";
    out.started_at = Timestamp(std::chrono::milliseconds(5));
    out.method = "GET";
    out.url = "https://api.example/people?key=[redacted]";
    out.request_headers = {{"Authorization", "[redacted]"}};
    out.status = status;
    out.response_body = R"({"a":1})";
    out.total = std::chrono::microseconds(1234);
    out.failure = failure;
    return out;
  }
  void append(const std::vector<connector::RecordedCall>& calls) {
    store_->write_blocking(
        [&](Transaction& tx) { runs::append_calls(tx, tenant_, id_, calls); });
  }
  RunCalls stored() {
    return store_->read_blocking([&](Snapshot& view) {
      return runs::calls(view, tenant_, id_, runs::CallDetails::with);
    });
  }

  TestStore store_{{runs::migrations()}};
  const TenantId tenant_ = default_tenant();
  const RunId id_ = RunId::generate();
};

TEST_F(RunCallsTest, are_kept_in_their_order_with_what_went_over_the_wire) {
  append({call(200)});
  append({call(500, "crm answered 500")});
  const RunCalls all = stored();
  ASSERT_EQ(all.calls.size(), 2u);
  EXPECT_EQ(all.calls[0].number, 1);
  EXPECT_EQ(all.calls[0].total_us, 1234);
  EXPECT_NE(all.calls[0].detail.find(R"("headers":[["Authorization","[redacted]"]])"),
            std::string::npos);
  EXPECT_EQ(all.calls[1].status, 500);
  EXPECT_EQ(all.calls[1].failure, "crm answered 500");
  EXPECT_EQ(all.left_out, 0);
}

TEST_F(RunCallsTest, of_a_run_are_bounded_and_count_what_is_left_out) {
  append(std::vector<connector::RecordedCall>(600, call(200)));
  append(std::vector<connector::RecordedCall>(600, call(404, "crm answered 404")));
  append({call(200)});
  const RunCalls all = stored();
  EXPECT_EQ(all.calls.size(), 1000u);
  EXPECT_EQ(all.left_out, 201);
}

TEST_F(RunCallsTest, keep_bodies_of_the_first_and_of_all_with_a_fault) {
  append(std::vector<connector::RecordedCall>(60, call(200)));
  append({call(404, "crm answered 404")});
  const RunCalls all = stored();
  const auto has_body = [&](std::size_t i) {
    return all.calls[i].detail.find("\"body\"") != std::string::npos;
  };
  EXPECT_TRUE(has_body(0));
  EXPECT_TRUE(has_body(49));
  EXPECT_FALSE(has_body(50));
  EXPECT_TRUE(has_body(60));
}

TEST_F(RunCallsTest, go_with_their_run) {
  RunStart start;
  start.tenant = tenant_;
  start.id = id_;
  RunEnd end;
  end.at = Timestamp(std::chrono::milliseconds(2000));
  store_->write_blocking([&](Transaction& tx) { runs::record(tx, start, end); });
  append({call(200)});
  store_->write_blocking([&](Transaction& tx) {
    return runs::forget(tx, Timestamp(std::chrono::milliseconds(3000)), 10);
  });
  EXPECT_TRUE(stored().calls.empty());
}

TEST_F(RunCallsTest, and_log_lines_of_a_trace_are_stored_with_their_levels) {
  CallTrace trace;
  trace.note(LogLevel::debug, "looked closer", Timestamp(std::chrono::milliseconds(1)));
  for (int i = 0; i < 2000; ++i)
    trace.note(LogLevel::error, "again", Timestamp(std::chrono::milliseconds(2)));
  trace.record(call(200));
  store_->write_blocking([&](Transaction& tx) { store_trace(tx, tenant_, id_, trace); });
  const auto lines =
      store_->read_blocking([&](Snapshot& view) { return runs::logs(view, tenant_, id_); });
  ASSERT_EQ(lines.size(), 1001u);
  EXPECT_EQ(lines.front().level, "debug");
  EXPECT_EQ(lines.back().message, "further lines were left out");
  EXPECT_EQ(stored().calls.size(), 1u);
}

}  // namespace
}  // namespace junctor
