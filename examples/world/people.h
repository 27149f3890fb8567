// Invented employees, the same for the same seed.
//
// Threads: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "junctor/json.h"

namespace junctor::world {

// The employee with this number, 1 and up: id, first_name, last_name, email, department, title,
// location, salary_band, manager_id (null at the top), hired_on, status, updated_at.
JsonObject invent_employee(std::uint64_t seed, std::uint64_t number);

// Changes one thing about an employee: title, department, location or status.
void change_employee(JsonObject& employee, std::uint64_t seed);

}  // namespace junctor::world
