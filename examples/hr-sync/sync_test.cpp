#include "hr-sync/sync.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <stdexcept>

#include "hr-sync/employee.h"
#include "junctor/failure.h"

namespace hr_sync {
namespace {

using junctor::Json;

// The integration's table and outbox, in memory.
class Table final : public junctor::Records {
 public:
  std::optional<junctor::Record> get(std::string_view, std::string_view key) override {
    const auto found = rows.find(std::string(key));
    if (found == rows.end()) return std::nullopt;
    return junctor::Record{found->first, found->second, 1};
  }
  std::vector<junctor::Record> list(const junctor::RecordQuery& query) override {
    std::vector<junctor::Record> page;
    for (auto at = rows.upper_bound(query.after); at != rows.end() && page.size() < query.limit;
         ++at)
      page.push_back({at->first, at->second, 1});
    return page;
  }
  junctor::Change put(std::string_view, std::string_view key, const Json& value) override {
    auto [at, is_new] = rows.try_emplace(std::string(key), value);
    if (is_new) return junctor::Change::created;
    if (at->second == value) return junctor::Change::unchanged;
    at->second = value;
    return junctor::Change::updated;
  }
  bool remove(std::string_view, std::string_view key) override {
    return rows.erase(std::string(key)) > 0;
  }
  junctor::EventId emit(std::string_view topic, const Json& payload) override {
    events.push_back(std::string(topic) + " " + std::string(payload.at("id").as_string()));
    return junctor::EventId::generate();
  }

  std::map<std::string, Json> rows;
  std::vector<std::string> events;
};

// Streams the given rows; a transaction is tried twice, as after a conflict, and counts once.
class TestContext final : public junctor::Context {
 public:
  std::vector<Json> answer;
  Table table;
  std::size_t breaks_after = SIZE_MAX;
  std::optional<junctor::ListingBound> cut_short;

  junctor::StreamedRows stream(std::string_view, const Json&, const std::function<bool(const Json&)>& take,
                               const junctor::CallOptions&) override {
    std::size_t taken = 0;
    for (const Json& row : answer) {
      if (taken == breaks_after) throw junctor::Failure(junctor::FailureKind::unavailable, "cut");
      ++taken;
      if (!take(row)) break;
    }
    return {taken, cut_short};
  }
  void transaction(const std::function<void(junctor::Records&)>& body) override {
    Table lost = table;
    body(lost);
    body(table);
  }

  junctor::Fiber& fiber() override { throw std::logic_error("not used"); }
  const junctor::TenantId& tenant() const override { return junctor::default_tenant(); }
  junctor::RunId run() const override { return {}; }
  std::string idempotency_key() const override { return "key"; }
  const Json& vars() const override { return vars_; }
  junctor::Secret secret(std::string_view) override { return {}; }
  std::optional<junctor::UploadFile> file(std::string_view) override { return std::nullopt; }
  Json call(std::string_view, const Json&, const junctor::CallOptions&) override { return {}; }
  junctor::EventId emit(std::string_view topic, const Json& payload) override {
    return table.emit(topic, payload);
  }
  Json step(std::string_view, const std::function<Json()>& body) override { return body(); }
  void log(junctor::LogLevel, std::string_view) override {}
  void progress(std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view, std::int64_t) override {}

 private:
  Json vars_;
};

Json row(const std::string& id, const std::string& title = "Clerk") {
  return junctor::JsonObject{{"id", id},
                             {"first_name", "Ada"},
                             {"last_name", "Berg"},
                             {"email", "Ada@Example.com"},
                             {"department", "Data"},
                             {"title", title},
                             {"manager_id", nullptr},
                             {"hired_on", "2020-01-01"},
                             {"status", "active"},
                             {"salary_band", 3}};
}

std::vector<Json> rows(int count) {
  std::vector<Json> made;
  for (int i = 0; i < count; ++i) made.push_back(row("e" + std::to_string(1000 + i)));
  return made;
}

TEST(HrSync, maps_a_row_to_the_kept_shape) {
  const auto employee = to_employee(junctor::from_json<HrRow>(row("e1")).value_or_throw());
  EXPECT_EQ(employee.display_name, "Ada Berg");
  EXPECT_EQ(employee.email, "ada@example.com");
  EXPECT_EQ(employee.reports_to, std::nullopt);
  EXPECT_EQ(employee.status, Status::active);
}

TEST(HrSync, the_first_sync_creates_everyone_with_one_event_each) {
  TestContext context;
  context.answer = rows(120);
  const SyncReport report = sync_employees(context, {});
  EXPECT_EQ(report.read, 120);
  EXPECT_EQ(report.created, 120);
  EXPECT_EQ(context.table.rows.size(), 120u);
  EXPECT_EQ(context.table.events.size(), 120u);
}

TEST(HrSync, a_second_sync_emits_only_what_changed) {
  TestContext context;
  context.answer = rows(120);
  sync_employees(context, {});
  context.table.events.clear();

  context.answer[7] = row("e1007", "Director");
  context.answer.erase(context.answer.begin() + 119);
  context.answer.push_back(row("e2000"));
  const SyncReport report = sync_employees(context, {});
  EXPECT_EQ(report.created, 1);
  EXPECT_EQ(report.updated, 1);
  EXPECT_EQ(report.left, 1);
  const std::vector<std::string> expected = {"employee_updated e1007", "employee_created e2000",
                                             "employee_left e1119"};
  EXPECT_EQ(context.table.events, expected);
}

TEST(HrSync, nobody_leaves_because_the_list_was_cut_short) {
  TestContext context;
  context.answer = rows(120);
  sync_employees(context, {});
  context.breaks_after = 60;
  EXPECT_THROW(sync_employees(context, {}), junctor::Failure);
  EXPECT_EQ(context.table.rows.size(), 120u);
}

TEST(HrSync, nobody_leaves_because_a_bound_ended_the_list) {
  TestContext context;
  context.answer = rows(120);
  sync_employees(context, {});
  context.answer = rows(60);
  context.cut_short = junctor::ListingBound::pages;
  EXPECT_EQ(sync_employees(context, {}).left, 0);
  EXPECT_EQ(context.table.rows.size(), 120u);
}

TEST(HrSync, the_table_is_read_page_by_page) {
  TestContext context;
  context.answer = rows(120);
  sync_employees(context, {});
  KnownInput input;
  std::size_t pages = 0, employees = 0;
  for (std::optional<std::string> next = ""; next; next = known_employees(context, input).next) {
    input.after = *next;
    ++pages;
    employees += known_employees(context, input).employees.size();
  }
  EXPECT_EQ(pages, 3u);
  EXPECT_EQ(employees, 120u);
}

}  // namespace
}  // namespace hr_sync
