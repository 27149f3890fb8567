// Schedules that fire once, whichever node looks first.
//
// A schedule's next moment is a row; who fires it moves the row on in the same transaction that puts
// the work into its queue. A moment that passed while nothing ran fires once, late, and only the newest.
//
// Threads: run_scheduler on one fiber; the rest inside the caller's transaction.
// Invariants:
//   1. For each (schedule, moment) the work is enqueued in exactly one committed transaction.
//   2. A changed cron text starts anew from now; an unchanged one keeps its next moment over restarts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cron.h"
#include "junctor/clock.h"
#include "junctor/ids.h"
#include "store/migrations.h"

namespace junctor {

class Fiber;
class Signal;
class Snapshot;
class Store;
class Transaction;

struct Schedule {
  TenantId tenant;
  std::string integration;
  std::string subject;  // the action or flow that is started
  CronSchedule cron;
};

struct ScheduleRow {
  std::string integration, subject, cron, timezone;
  std::int64_t next_at = 0;  // milliseconds since 1970
  std::int64_t last_at = 0;  // 0: never fired
  bool enabled = true;
};

namespace schedules {

const MigrationSet& migrations();

// Makes the stored schedules of these integrations equal to those given; others of them are removed.
void define(Transaction& transaction, const std::vector<std::string>& integrations,
            const std::vector<Schedule>& wanted, Timestamp now);

// Puts the work of one moment into its queue.
using Fire = std::function<void(Transaction&, const TenantId&, const ScheduleRow&, Timestamp moment)>;

// Fires what is due, at most 100 at a time; returns how many that were.
int fire_due(Transaction& transaction, Timestamp now, const Fire& fire);

// The earliest next moment of all.
std::optional<Timestamp> next_moment(Snapshot& snapshot);

std::vector<ScheduleRow> list(Snapshot& snapshot, const TenantId& tenant);
bool enable(Transaction& transaction, const TenantId& tenant, const std::string& integration,
            const std::string& subject, bool enabled, Timestamp now);

}  // namespace schedules

// Fires what is due until it is cancelled; looks again at the latest after 15 seconds, because another
// node may have changed the rows. Store failures are logged and tried again.
void run_scheduler(Fiber& fiber, Store& store, const Clock& clock, const schedules::Fire& fire);

}  // namespace junctor
