#include "api/expand.h"

#include <boost/json.hpp>
#include <map>
#include <set>

#include "connector/expressions.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::api {
namespace {

constexpr std::size_t most_ids = 10'000;

// The rows of an output: pointers, because they are changed in place.
std::vector<JsonObject*> rows_of(Json& output) {
  std::vector<JsonObject*> rows;
  Json* list = &output;
  if (output.is_object())
    for (const char* name : {"results", "items"})
      if (auto* member = output.get_object().if_contains(name); member && member->is_array())
        list = member;
  if (list->is_array()) {
    for (Json& row : list->get_array())
      if (row.is_object()) rows.push_back(&row.get_object());
  } else if (output.is_object()) {
    rows.push_back(&output.get_object());
  }
  return rows;
}

std::string id_text(const Json& value) {
  if (value.is_null() || value.is_structured()) return {};
  return connector::scalar_text(value);
}

void expand_field(Fiber& fiber, Actions& actions, const CallScope& scope, const std::string& slug,
                  const Expandable& expandable, Json& output, CallTrace& trace) {
  JsonArray ids;
  std::set<std::string> seen;
  for (JsonObject* row : rows_of(output)) {
    const Json* value = row->if_contains(expandable.field);
    if (value == nullptr || id_text(*value).empty()) continue;
    if (seen.insert(id_text(*value)).second) ids.push_back(*value);
  }
  if (ids.empty()) return;
  if (ids.size() > most_ids)
    throw Failure(FailureKind::too_large, "?expand= takes at most 10000 ids; ask for fewer rows");
  CallScope below = scope;
  below.files.clear();
  below.download = {};
  below.idempotency_key += "/expand/" + expandable.field;
  Json found = actions.call(fiber, below, slug, expandable.action,
                            JsonObject{{expandable.ids_param, std::move(ids)}}, trace);
  const connector::CompiledExpression id_of(expandable.id);
  std::map<std::string, const JsonObject*> by_id;
  for (JsonObject* row : rows_of(found))
    if (const auto id = id_of.text(Json(*row))) by_id[*id] = row;
  for (JsonObject* row : rows_of(output)) {
    Json* value = row->if_contains(expandable.field);
    if (value == nullptr) continue;
    const auto match = by_id.find(id_text(*value));
    if (match != by_id.end()) *value = *match->second;
  }
}

}  // namespace

std::vector<const Expandable*> wanted_fields(const Action& action, std::string_view wanted) {
  std::vector<const Expandable*> out;
  while (!wanted.empty()) {
    const auto comma = wanted.find(',');
    std::string name(wanted.substr(0, comma));
    wanted.remove_prefix(comma == std::string_view::npos ? wanted.size() : comma + 1);
    std::erase(name, ' ');
    if (name.empty()) continue;
    const Expandable* match = nullptr;
    std::string known;
    for (const Expandable& one : action.expandable) {
      if (one.field == name) match = &one;
      known += (known.empty() ? "" : ", ") + one.field;
    }
    if (match == nullptr)
      throw ShapeFailure("?expand=", {Problem{"expand", 0, "\"" + name + "\"", "one of " + known, ""}});
    out.push_back(match);
  }
  return out;
}

void expand(Fiber& fiber, Actions& actions, const CallScope& scope, const LoadedIntegration& integration,
            const std::vector<const Expandable*>& fields, Json& output, CallTrace& trace) {
  for (const Expandable* one : fields)
    expand_field(fiber, actions, scope, integration.definition.slug, *one, output, trace);
}

}  // namespace junctor::api
