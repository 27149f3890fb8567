#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "json/schema_documents.h"
#include "json/schema_evaluate.h"
#include "json/serialize.h"

namespace junctor::schema {
namespace {

struct JsonModel {
  using Value = const Json*;

  static Kinds kind(Value value) {
    switch (value->kind()) {
      case boost::json::kind::null: return null_kind;
      case boost::json::kind::bool_: return boolean_kind;
      case boost::json::kind::object: return object_kind;
      case boost::json::kind::array: return array_kind;
      case boost::json::kind::string: return string_kind;
      case boost::json::kind::double_: break;
      default: return integer_kind;
    }
    return kind_of(value->get_double());
  }
  static json::Number number(Value value) { return json::Number::of(*value); }
  static std::string_view text(Value value) {
    const JsonString& text = value->get_string();
    return {text.data(), text.size()};
  }
  template <typename Visit>
  static void for_each_item(Value value, Visit visit) {
    for (const Json& item : value->get_array()) {
      if (!visit(&item)) return;
    }
  }
  template <typename Visit>
  static void for_each_member(Value value, Visit visit) {
    for (const auto& member : value->get_object()) {
      const auto key = member.key();
      if (!visit(std::string_view(key.data(), key.size()), &member.value())) return;
    }
  }
  static bool has_member(Value value, std::string_view name) {
    return value->get_object().contains(name);
  }
  static const Json& to_json(Value value) { return *value; }
  static bool items_are_unique(Value value) {
    std::vector<const Json*> items;
    for (const Json& item : value->get_array()) items.push_back(&item);
    return are_unique(items);
  }
  static bool has_repeated_keys(Value) { return false; }
};

}  // namespace

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool are_unique(const std::vector<const Json*>& items) {
  if (items.size() <= 8) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t j = i + 1; j < items.size(); ++j) {
        if (json::json_equal(*items[i], *items[j])) return false;
      }
    }
    return true;
  }
  std::vector<std::pair<std::size_t, const Json*>> hashed;
  hashed.reserve(items.size());
  for (const Json* item : items) hashed.emplace_back(json::json_hash(*item), item);
  std::sort(hashed.begin(), hashed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < hashed.size(); ++i) {
    for (std::size_t j = i + 1; j < hashed.size() && hashed[j].first == hashed[i].first; ++j) {
      if (json::json_equal(*hashed[i].second, *hashed[j].second)) return false;
    }
  }
  return true;
}

std::string shown(const Json& value) {
  if (value.is_object()) return "{…}";
  if (value.is_array()) return "[…]";
  return excerpt(json::to_text(value));
}

bool check_key(Run& run, NodeId node, const Json& key, const Where<false>& at) {
  return Evaluator<JsonModel, false>(run).check(node, &key, nullptr, at);
}
bool check_key(Run& run, NodeId node, const Json& key, const Where<true>& at) {
  return Evaluator<JsonModel, true>(run).check(node, &key, nullptr, at);
}

bool judge_json(Run& run, const Json& document) {
  return Evaluator<JsonModel, false>(run).check(run.program.root, &document, nullptr, {}) &&
         run.aborted == nullptr;
}

bool judge_json_at(Run& run, NodeId node, const Json& value) {
  return Evaluator<JsonModel, false>(run).check(node, &value, nullptr, {}) &&
         run.aborted == nullptr;
}

void explain_json(Run& run, const Json& document) {
  Evaluator<JsonModel, true>(run).check(run.program.root, &document, nullptr, {});
  if (run.aborted == nullptr) return;
  SchemaError error;
  error.message = run.aborted;
  error.schema_uri = run.program.locations[run.program.root];
  run.errors.push_back(std::move(error));
}

}  // namespace junctor::schema
