#include "engine/flow_mapping.h"

#include <boost/json.hpp>

#include "junctor/failure.h"

namespace junctor {
namespace {

void put_at(JsonObject& target, const std::vector<std::string>& keys, Json value) {
  JsonObject* place = &target;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    Json& below = (*place)[keys[i]];
    if (!below.is_object()) below = JsonObject();
    place = &below.get_object();
  }
  (*place)[keys.back()] = std::move(value);
}

}  // namespace

std::vector<std::string> keys_of(const std::string& dotted) {
  std::vector<std::string> keys;
  std::size_t from = 0;
  for (std::size_t dot; (dot = dotted.find('.', from)) != std::string::npos; from = dot + 1)
    keys.push_back(dotted.substr(from, dot - from));
  keys.push_back(dotted.substr(from));
  return keys;
}

const Json* value_at(const Json& record, const std::vector<std::string>& keys) {
  const Json* place = &record;
  for (const std::string& key : keys) {
    if (!place->is_object()) return nullptr;
    place = place->get_object().if_contains(key);
    if (place == nullptr) return nullptr;
  }
  return place;
}

CompiledMapping::CompiledMapping(const MappingSpec& spec) : whole_(spec.map) {
  for (const FieldMapping& field : spec.fields)
    fields_.push_back({field, connector::CompiledExpression(field.transform)});
}

Json CompiledMapping::map(const Json& record) const {
  if (!whole_.empty()) return whole_.evaluate(record).value_or(Json(nullptr));
  if (fields_.empty()) return record;
  jsonata::Bindings bindings;
  bindings.set("record", record);
  JsonObject out;
  for (const Field& field : fields_) {
    const auto keys = field.spec.from_path.empty() ? keys_of(field.spec.from) : field.spec.from_path;
    const bool constant = field.spec.from.empty() && field.spec.from_path.empty();
    const Json* source = constant ? &field.spec.value : value_at(record, keys);
    std::optional<Json> value;
    if (source != nullptr && !(source->is_null() && constant)) value = *source;
    if (!field.transform.empty()) value = field.transform.evaluate(value.value_or(Json(nullptr)), &bindings);
    if ((!value || value->is_null()) && !field.spec.default_.is_null()) value = field.spec.default_;
    if (value) {
      put_at(out, keys_of(field.spec.to), std::move(*value));
    } else if (field.spec.required) {
      throw Failure(FailureKind::invalid, "the field \"" + field.spec.to + "\" is required, and \"" +
                                              field.spec.from + "\" has no value");
    }
  }
  return out;
}

}  // namespace junctor
