#include "engine/schedules.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "store/store.h"

namespace junctor {
namespace {

constexpr std::array<Migration, 1> steps{{{1, "schedules", R"sql(
CREATE TABLE schedules (
  tenant TEXT NOT NULL,
  integration TEXT NOT NULL,
  subject TEXT NOT NULL,
  cron TEXT NOT NULL,
  timezone TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL DEFAULT 0,
  enabled BIGINT NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, integration, subject)
);
CREATE INDEX schedules_due ON schedules (enabled, next_at);
)sql",
                                             {}}}};

constexpr std::chrono::seconds look_again{15};
constexpr int most_at_once = 100;

ScheduleRow read_row(const Row& row) {
  ScheduleRow schedule;
  schedule.integration = row.text(1);
  schedule.subject = row.text(2);
  schedule.cron = row.text(3);
  schedule.timezone = row.text(4);
  schedule.next_at = row.int64(5);
  schedule.last_at = row.int64(6);
  schedule.enabled = row.boolean(7);
  return schedule;
}

constexpr std::string_view columns =
    "tenant, integration, subject, cron, timezone, next_at, last_at, enabled";

void define_one(Transaction& transaction, const Schedule& schedule, Timestamp now) {
  const auto unchanged = transaction.value<std::int64_t>(
      "SELECT next_at FROM schedules WHERE tenant = ? AND integration = ? AND subject = ? AND "
      "cron = ? AND timezone = ?",
      schedule.tenant, schedule.integration, schedule.subject, schedule.cron.text(),
      schedule.cron.timezone());
  if (unchanged) return;
  transaction.execute(
      "INSERT INTO schedules (tenant, integration, subject, cron, timezone, next_at) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, integration, subject) DO UPDATE SET "
      "cron = excluded.cron, timezone = excluded.timezone, next_at = excluded.next_at",
      schedule.tenant, schedule.integration, schedule.subject, schedule.cron.text(),
      schedule.cron.timezone(), schedule.cron.next_after(now));
}

}  // namespace

namespace schedules {

const MigrationSet& migrations() {
  static constexpr MigrationSet set{"schedules", steps};
  return set;
}

void define(Transaction& transaction, const std::vector<std::string>& integrations,
            const std::vector<Schedule>& wanted, Timestamp now) {
  std::set<std::array<std::string, 3>> keep;
  for (const Schedule& schedule : wanted) {
    define_one(transaction, schedule, now);
    keep.insert({schedule.tenant.text(), schedule.integration, schedule.subject});
  }
  for (const std::string& integration : integrations) {
    const Rows rows = transaction.query(
        "SELECT tenant, integration, subject FROM schedules WHERE integration = ?", integration);
    for (const auto& row : rows) {
      const std::array<std::string, 3> key{std::string(row.text(0)), std::string(row.text(1)),
                                           std::string(row.text(2))};
      if (!keep.contains(key))
        transaction.execute(
            "DELETE FROM schedules WHERE tenant = ? AND integration = ? AND subject = ?", key[0],
            key[1], key[2]);
    }
  }
}

int fire_due(Transaction& transaction, Timestamp now, const Fire& fire) {
  const Rows due = transaction.query(
      "SELECT tenant, integration, subject, cron, timezone, next_at, last_at, enabled FROM schedules "
      "WHERE enabled = 1 AND next_at <= ? ORDER BY next_at LIMIT ?",
      now, most_at_once);
  int fired = 0;
  for (const auto& row : due) {
    const TenantId tenant{std::string(row.text(0))};
    const ScheduleRow schedule = read_row(row);
    const auto cron = CronSchedule::parse(schedule.cron, schedule.timezone).value_or_throw();
    // The newest moment that has passed: a night without power starts a sync once, not forty times.
    Timestamp moment{std::chrono::milliseconds(schedule.next_at)};
    Timestamp next = cron.next_after(moment);
    for (int i = 0; next <= now && i < 10'000; ++i) {
      moment = next;
      next = cron.next_after(moment);
    }
    if (next <= now) next = cron.next_after(now);
    const auto moved = transaction.execute(
        "UPDATE schedules SET next_at = ?, last_at = ? WHERE tenant = ? AND integration = ? AND "
        "subject = ? AND next_at = ? AND enabled = 1",
        next, moment, tenant, schedule.integration, schedule.subject, schedule.next_at);
    if (moved != 1) continue;
    fire(transaction, tenant, schedule, moment);
    ++fired;
  }
  return fired;
}

std::optional<Timestamp> next_moment(Snapshot& snapshot) {
  return snapshot.value<Timestamp>("SELECT MIN(next_at) FROM schedules WHERE enabled = 1");
}

std::vector<ScheduleRow> list(Snapshot& snapshot, const TenantId& tenant) {
  static const std::string sql = "SELECT " + std::string(columns) +
                                 " FROM schedules WHERE tenant = ? ORDER BY integration, subject "
                                 "LIMIT 10000";
  std::vector<ScheduleRow> rows;
  snapshot.for_each(sql, [&](const Row& row) { rows.push_back(read_row(row)); }, tenant);
  return rows;
}

bool enable(Transaction& transaction, const TenantId& tenant, const std::string& integration,
            const std::string& subject, bool enabled, Timestamp now) {
  const Rows rows = transaction.query(
      "SELECT cron, timezone FROM schedules WHERE tenant = ? AND integration = ? AND subject = ?",
      tenant, integration, subject);
  if (rows.empty()) return false;
  const auto cron = CronSchedule::parse(rows[0].text(0), rows[0].text(1)).value_or_throw();
  transaction.execute(
      "UPDATE schedules SET enabled = ?, next_at = ? WHERE tenant = ? AND integration = ? AND "
      "subject = ?",
      enabled, cron.next_after(now), tenant, integration, subject);
  return true;
}

}  // namespace schedules

void run_scheduler(Fiber& fiber, Store& store, const Clock& clock, const schedules::Fire& fire) {
  while (true) {
    std::chrono::milliseconds wait = look_again;
    try {
      const Timestamp now = clock.now();
      const auto next =
          store.read(fiber, [](Snapshot& snapshot) { return schedules::next_moment(snapshot); });
      if (next && *next <= now) {
        store.write(fiber, [&](Transaction& transaction) {
          return schedules::fire_due(transaction, now, fire);
        });
        continue;
      }
      if (next) wait = std::min(wait, std::chrono::milliseconds(*next - now));
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      log::write(log::Level::warning, "engine", "schedules wait for the store: {} {}",
                 failure.message(), failure.detail());
      wait = std::chrono::seconds(1);
    }
    fiber.sleep_for(std::max(wait, std::chrono::milliseconds(1)));
  }
}

}  // namespace junctor
