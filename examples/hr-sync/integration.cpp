#include "hr-sync/integration.h"

#include <boost/json.hpp>

#include "hr-sync/employee.h"
#include "hr-sync/sync.h"
#include "junctor/define.h"

namespace hr_sync {
namespace {

using junctor::Action;
using junctor::Field;
using junctor::FieldWidget;

Field var(std::string key, FieldWidget type, std::string label) {
  Field field;
  field.key = std::move(key);
  field.type = type;
  field.label = std::move(label);
  return field;
}

junctor::Auth api_key() {
  junctor::Auth auth;
  auth.type = junctor::AuthType::api_key;
  auth.api_key.emplace();
  auth.api_key->name = "X-Api-Key";
  auth.api_key->value = "=vars.token";
  return auth;
}

// Declared: the engine makes the calls, page after page.
Action list_employees() {
  junctor::Param limit;
  limit.name = "limit";
  limit.ui_type = junctor::UiType::integer;
  limit.default_ = 50;
  limit.min = 1;
  limit.max = 500;

  Action action;
  action.slug = "list_employees";
  action.description = "Every employee, page by page";
  action.method = "GET";
  action.params = {limit};
  junctor::ApiCall& api = action.api.emplace();
  api.path = "/hr/employees";
  junctor::Pagination& pages = api.pagination.emplace();
  pages.kind = junctor::PaginationKind::cursor;
  pages.items = "employees";
  pages.next = "next_cursor";
  pages.param = "cursor";
  return action;
}

// What sync_employees has besides its structs: it starts every few seconds, one run at a time.
Action every_few_seconds() {
  junctor::Trigger trigger;
  trigger.type = junctor::TriggerType::schedule;
  trigger.every = std::chrono::seconds(5);
  trigger.input = junctor::Json(junctor::JsonObject{});

  Action options;
  options.description = "Makes the employees table the same as the HR system";
  options.triggers = {trigger};
  options.concurrency = 1;
  options.sync.emplace();
  options.sync->entity = "employee";
  options.sync->label = "Employees";
  return options;
}

Action read_only() {
  Action options;
  options.description = "Who is in the table, page by page";
  options.method = "GET";
  return options;
}

}  // namespace

junctor::Integration integration() {
  return junctor::define_integration("hr")
      .name("HR system")
      .description("Keeps a table of employees the same as the HR system")
      .category("hr")
      .base_url("{vars.base_url}")
      .auth(api_key())
      .var(var("base_url", FieldWidget::url, "Address"))
      .var(var("token", FieldWidget::password, "API key"))
      .collection<Employee>("employees")
      .event<Employee>("employee_created", "Somebody is new in the HR system")
      .event<Employee>("employee_updated", "Something about an employee changed")
      .event<Employee>("employee_left", "Somebody is no longer in the HR system")
      .action(list_employees())
      .action("sync_employees", sync_employees, every_few_seconds())
      .action("employees", known_employees, read_only())
      .build();
}

}  // namespace hr_sync
