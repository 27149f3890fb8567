// The two shapes of an employee: as the HR API sends one, and as the integration keeps one.
//
// Threads: values.
#pragma once

#include <optional>
#include <string>

#include "junctor/reflection.h"

namespace hr_sync {

// A row of the HR API; what the integration does not use is left out.
struct HrRow {
  std::string id;
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string department;
  std::string title;
  std::optional<std::string> manager_id;
  std::string hired_on;
  std::string status;
};
JUNCTOR_DESCRIBE(HrRow, (id, first_name, last_name, email, department, title, manager_id, hired_on,
                         status))

enum class Status { active, on_leave, left };
JUNCTOR_DESCRIBE_ENUM(Status, active, on_leave, left)

struct Employee {
  std::string id;
  std::string display_name;
  std::string email;
  std::string team;
  std::string role;
  std::optional<std::string> reports_to;
  std::string since;
  Status status = Status::active;
};
JUNCTOR_DESCRIBE(Employee, (id, display_name, email, team, role, reports_to, since, status))

// The mapping. A status that is not known counts as active; the e-mail is lower-cased.
Employee to_employee(const HrRow& row);

}  // namespace hr_sync
