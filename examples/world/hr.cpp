#include "world/hr.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/crypto.h"
#include "world/people.h"
#include "world/requests.h"

namespace junctor::world {
namespace {

constexpr std::string_view collection = "/hr/employees";

// A cursor is the last id of the page before, made opaque so that nobody builds on its form.
std::string to_cursor(const std::string& id) { return crypto::to_base64url("after:" + id); }

std::optional<std::string> from_cursor(std::string_view cursor) {
  const auto text = crypto::from_base64url(cursor);
  if (!text || !text->starts_with("after:")) return std::nullopt;
  return text->substr(6);
}

}  // namespace

Hr::Hr(HrOptions options, Ledger& ledger, const Clock& clock)
    : options_(std::move(options)), ledger_(ledger), clock_(clock) {
  clear();
}

HttpResponse Hr::handle(const HttpRequest& request) {
  if (!is_allowed(request, options_.token))
    return problem_response(401, "the API key is missing or wrong");
  if (request.path == collection && request.method == "GET") return list(request);
  if (request.path == collection && request.method == "POST") return create(request);
  if (request.path == "/hr/mutate" && request.method == "POST") return mutate(request);
  if (request.path.starts_with(std::string(collection) + "/"))
    return one(request, request.path.substr(collection.size() + 1));
  return problem_response(404, "the HR API has no such route");
}

HttpResponse Hr::list(const HttpRequest& request) const {
  const std::size_t limit = std::max<std::size_t>(1, number_in_query(request, "limit", 50, 500));
  auto at = employees_.begin();
  if (const auto cursor = request.query_value("cursor"); cursor && !cursor->empty()) {
    const auto last = from_cursor(*cursor);
    if (!last) return problem_response(400, "the cursor is not one that this API gave");
    at = employees_.upper_bound(*last);
  }
  const auto since = request.query_value("updated_after");
  JsonArray page;
  std::string last;
  for (; at != employees_.end() && page.size() < limit; ++at) {
    if (since && std::string_view(at->second.at("updated_at").get_string()) <= *since) continue;
    page.push_back(at->second);
    last = at->first;
  }
  JsonObject answer;
  answer["employees"] = std::move(page);
  answer["total"] = employees_.size();
  answer["next_cursor"] = at == employees_.end() ? Json() : Json(to_cursor(last));
  return HttpResponse::json(200, answer);
}

HttpResponse Hr::one(const HttpRequest& request, const std::string& id) {
  const auto found = employees_.find(id);
  if (found == employees_.end()) return problem_response(404, "nobody has the id " + id);
  if (request.method == "GET") return HttpResponse::json(200, found->second);
  if (request.method == "DELETE") {
    remove(id);
    ledger_.append({{"kind", "left"}, {"id", id}});
    return HttpResponse::text(204, "");
  }
  if (request.method != "PATCH") return problem_response(405, "expected GET, PATCH or DELETE");

  auto body = object_in(request);
  if (auto* refused = std::get_if<HttpResponse>(&body)) return std::move(*refused);
  JsonObject employee = found->second;
  for (const auto& [name, value] : std::get<JsonObject>(body)) {
    if (name == "id" || !employee.contains(name))
      return problem_response(
          422, "an employee has no field \"" + std::string(name) + "\" that can be changed");
    employee[name] = value;
  }
  employee["updated_at"] = to_string(clock_.now());
  ledger_.append({{"kind", "employee"}, {"employee", employee}});
  put(employee);
  return HttpResponse::json(200, employee);
}

HttpResponse Hr::create(const HttpRequest& request) {
  auto body = object_in(request);
  if (auto* refused = std::get_if<HttpResponse>(&body)) return std::move(*refused);
  if (employees_.size() >= most_employees) return problem_response(507, "the company is full");
  JsonObject employee = invent_employee(options_.seed, created_ + 1);
  const Json id = employee.at("id");
  for (const auto& [name, value] : std::get<JsonObject>(body)) {
    if (!employee.contains(name))
      return problem_response(422, "an employee has no field \"" + std::string(name) + "\"");
    employee[name] = value;
  }
  employee["id"] = id;
  employee["updated_at"] = to_string(clock_.now());
  ledger_.append({{"kind", "employee"}, {"employee", employee}, {"new", true}});
  ++created_;
  put(employee);
  return HttpResponse::json(201, employee);
}

HttpResponse Hr::mutate(const HttpRequest& request) {
  auto body = object_in(request);
  if (auto* refused = std::get_if<HttpResponse>(&body)) return std::move(*refused);
  const auto number = [&body](std::string_view name, std::uint64_t otherwise) {
    boost::json::error_code error;
    const Json* value = std::get<JsonObject>(body).if_contains(name);
    const auto whole = value ? value->to_number<std::uint64_t>(error) : otherwise;
    return error ? otherwise : whole;
  };
  const std::uint64_t count = std::min<std::uint64_t>(number("count", 1), employees_.size());
  const std::uint64_t seed = number("seed", changes_ + 1);
  JsonArray changed;
  auto at = employees_.begin();
  for (std::uint64_t i = 0; i < count; ++i, ++at) {
    JsonObject employee = at->second;
    change_employee(employee, seed + i);
    employee["updated_at"] = to_string(clock_.now());
    changed.push_back(employee.at("id"));
    ledger_.append({{"kind", "employee"}, {"employee", employee}});
    put(std::move(employee));
  }
  return HttpResponse::json(200, JsonObject{{"changed", std::move(changed)}});
}

void Hr::put(JsonObject employee) {
  ++changes_;
  std::string id(employee.at("id").as_string());
  employees_[std::move(id)] = std::move(employee);
}

void Hr::remove(const std::string& id) {
  ++changes_;
  employees_.erase(id);
}

JsonObject Hr::counts() const { return {{"employees", employees_.size()}, {"changes", changes_}}; }

void Hr::replay(const JsonObject& line) {
  if (line.at("kind") == "employee") {
    if (line.contains("new")) ++created_;
    put(line.at("employee").as_object());
  } else if (line.at("kind") == "left") {
    remove(std::string(line.at("id").as_string()));
  }
}

void Hr::clear() {
  employees_.clear();
  for (created_ = 0; created_ < options_.employees; ++created_)
    put(invent_employee(options_.seed, created_ + 1));
  changes_ = 0;
}

}  // namespace junctor::world
