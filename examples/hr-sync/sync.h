// What the integration does: reads every employee of the HR API and keeps the integration's own
// table the same, with one event per change.
//
// Threads: the loop of the run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hr-sync/employee.h"
#include "junctor/context.h"
#include "junctor/reflection.h"

namespace hr_sync {

struct SyncInput {
  int page_size = 50;
};
JUNCTOR_DESCRIBE(SyncInput, (page_size))

struct SyncReport {
  std::int64_t read = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t left = 0;
};
JUNCTOR_DESCRIBE(SyncReport, (read, created, updated, left))

// A record and its event are written in one transaction: neither exists without the other, and a
// run that is cut short and starts again emits nothing twice. Who is no longer in the list has
// left; that is decided only after the whole list was read.
SyncReport sync_employees(junctor::Context& context, const SyncInput& input);

struct KnownInput {
  std::optional<std::string> after;  // the id of the last employee of the page before
  int limit = 50;
};
JUNCTOR_DESCRIBE(KnownInput, (after, limit))

struct KnownEmployees {
  std::vector<Employee> employees;
  std::optional<std::string> next;  // `after` of the next page
};
JUNCTOR_DESCRIBE(KnownEmployees, (employees, next))

// A page of the integration's own table, in the order of ids. limit: 1 to 200.
KnownEmployees known_employees(junctor::Context& context, const KnownInput& input);

}  // namespace hr_sync
