#include "hr-sync/employee.h"

#include <algorithm>

namespace hr_sync {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
  });
  return text;
}

Status to_status(const std::string& text) {
  if (text == "on_leave") return Status::on_leave;
  return text == "left" ? Status::left : Status::active;
}

}  // namespace

Employee to_employee(const HrRow& row) {
  Employee employee;
  employee.id = row.id;
  employee.display_name = row.first_name + " " + row.last_name;
  employee.email = lower_case(row.email);
  employee.team = row.department;
  employee.role = row.title;
  employee.reports_to = row.manager_id;
  employee.since = row.hired_on;
  employee.status = to_status(row.status);
  return employee;
}

}  // namespace hr_sync
