#include "world/people.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <random>
#include <string_view>

namespace junctor::world {
namespace {

using Words = std::array<std::string_view, 12>;
constexpr Words first_names = {"Ada",  "Bo",   "Chidi", "Dana", "Emre", "Fatou",
                               "Grit", "Hugo", "Ines",  "Jun",  "Kofi", "Lena"};
constexpr Words last_names = {"Ahmed",  "Berg",  "Costa", "Dubois", "Eriksen", "Fischer",
                              "García", "Horák", "Ivers", "Jansen", "Kowal",   "Lindqvist"};
constexpr Words departments = {"Sales",   "Support",   "Finance",  "People", "Legal",  "Design",
                               "Product", "Marketing", "Security", "Data",   "Office", "Platform"};
constexpr Words titles = {"Engineer", "Analyst",   "Manager", "Designer", "Counsel",  "Recruiter",
                          "Writer",   "Architect", "Clerk",   "Director", "Operator", "Planner"};
constexpr Words locations = {"Berlin", "Porto", "Oslo",  "Lagos",  "Kyoto", "Lima",
                             "Quito",  "Turin", "Delft", "Gdansk", "Cork",  "Austin"};

std::string pick(const Words& words, std::mt19937_64& random) {
  return std::string(words[random() % words.size()]);
}

}  // namespace

JsonObject invent_employee(std::uint64_t seed, std::uint64_t number) {
  std::mt19937_64 random(seed * 1'000'003 + number);
  const std::string first = pick(first_names, random);
  const std::string last = pick(last_names, random);
  JsonObject employee;
  employee["id"] = fmt::format("e{:05}", number);
  employee["first_name"] = first;
  employee["last_name"] = last;
  employee["email"] = fmt::format("person{}@example.com", number);
  employee["department"] = pick(departments, random);
  employee["title"] = pick(titles, random);
  employee["location"] = pick(locations, random);
  employee["salary_band"] = static_cast<std::int64_t>(1 + random() % 9);
  if (number == 1) {
    employee["manager_id"] = nullptr;
  } else {
    employee["manager_id"] = fmt::format("e{:05}", 1 + random() % (number - 1));
  }
  employee["hired_on"] =
      fmt::format("20{:02}-{:02}-{:02}", random() % 25, 1 + random() % 12, 1 + random() % 28);
  employee["status"] = "active";
  employee["updated_at"] = "2026-01-01T00:00:00.000Z";
  return employee;
}

void change_employee(JsonObject& employee, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  struct Field {
    std::string_view name;
    const Words& words;
  };
  const std::array<Field, 3> fields = {
      {{"title", titles}, {"department", departments}, {"location", locations}}};
  const std::size_t choice = random() % 4;
  if (choice == fields.size()) {
    employee["status"] = employee.at("status") == "active" ? "on_leave" : "active";
    return;
  }
  const Field& field = fields[choice];
  const Json before = employee.at(field.name);
  while (employee.at(field.name) == before) employee[field.name] = pick(field.words, random);
}

}  // namespace junctor::world
