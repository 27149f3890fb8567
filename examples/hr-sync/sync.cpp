#include "hr-sync/sync.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <vector>

#include "hr-sync/employee.h"

namespace hr_sync {
namespace {

constexpr std::string_view table = "employees";
constexpr std::size_t batch_size = 50;

struct Counts {
  std::int64_t created = 0;
  std::int64_t updated = 0;
};

Counts keep(junctor::Records& records, const std::vector<Employee>& batch) {
  Counts counts;
  for (const Employee& employee : batch) {
    const junctor::Json record = junctor::to_json(employee);
    switch (records.put(table, employee.id, record)) {
      case junctor::Change::created:
        ++counts.created;
        records.emit("employee_created", record);
        break;
      case junctor::Change::updated:
        ++counts.updated;
        records.emit("employee_updated", record);
        break;
      case junctor::Change::unchanged:
        break;
    }
  }
  return counts;
}

void keep_batch(junctor::Context& context, std::vector<Employee>& batch, SyncReport& report) {
  if (batch.empty()) return;
  Counts counts;
  // The body may run again after a conflict: it counts afresh.
  context.transaction([&](junctor::Records& records) { counts = keep(records, batch); });
  report.created += counts.created;
  report.updated += counts.updated;
  batch.clear();
  context.progress(static_cast<std::uint64_t>(report.read), 0);
}

// Takes out of a page of the table who was not seen, and gives where the next page starts.
std::string remove_unseen(junctor::Records& records, const std::set<std::string>& seen,
                          const std::string& after, std::int64_t& left) {
  left = 0;
  const auto page =
      records.list({.collection = std::string(table), .after = after, .limit = batch_size});
  for (const junctor::Record& record : page) {
    if (seen.contains(record.key)) continue;
    records.remove(table, record.key);
    records.emit("employee_left", record.value);
    ++left;
  }
  return page.empty() ? std::string() : page.back().key;
}

void remove_who_left(junctor::Context& context, const std::set<std::string>& seen,
                     SyncReport& report) {
  std::string after;
  do {
    std::int64_t left = 0;
    std::string next;
    context.transaction(
        [&](junctor::Records& records) { next = remove_unseen(records, seen, after, left); });
    report.left += left;
    after = next;
  } while (!after.empty());
}

}  // namespace

SyncReport sync_employees(junctor::Context& context, const SyncInput& input) {
  SyncReport report;
  std::set<std::string> seen;
  std::vector<Employee> batch;
  const junctor::JsonObject query{{"limit", input.page_size}};
  const junctor::StreamedRows rows = context.stream("list_employees", query, [&](const junctor::Json& row) {
    batch.push_back(to_employee(junctor::from_json<HrRow>(row).value_or_throw()));
    seen.insert(batch.back().id);
    ++report.read;
    if (batch.size() == batch_size) keep_batch(context, batch, report);
    return true;
  });
  keep_batch(context, batch, report);
  if (!rows.cut_short) remove_who_left(context, seen, report);
  context.count("created", report.created);
  context.count("updated", report.updated);
  context.count("left", report.left);
  return report;
}

KnownEmployees known_employees(junctor::Context& context, const KnownInput& input) {
  const auto limit = static_cast<std::size_t>(std::clamp(input.limit, 1, 200));
  KnownEmployees page;
  context.transaction([&](junctor::Records& records) {
    page = {};
    for (const junctor::Record& record :
         records.list({.collection = std::string(table), .after = input.after.value_or(""), .limit = limit}))
      page.employees.push_back(junctor::from_json<Employee>(record.value).value_or_throw());
  });
  if (page.employees.size() == limit) page.next = page.employees.back().id;
  return page;
}

}  // namespace hr_sync
