#include "json/schema_text.h"

#include <simdjson.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/key_set.h"
#include "json/schema_evaluate.h"

namespace junctor::schema {
namespace {

namespace dom = simdjson::dom;

// Kinds by simdjson's letter for a type; a double's depends on its value.
constexpr std::array<Kinds, 256> make_kinds_by_letter() {
  std::array<Kinds, 256> kinds{};
  const auto set = [&](dom::element_type type, Kinds kind) {
    kinds[static_cast<unsigned char>(type)] = kind;
  };
  set(dom::element_type::NULL_VALUE, null_kind);
  set(dom::element_type::BOOL, boolean_kind);
  set(dom::element_type::OBJECT, object_kind);
  set(dom::element_type::ARRAY, array_kind);
  set(dom::element_type::STRING, string_kind);
  set(dom::element_type::INT64, integer_kind);
  set(dom::element_type::UINT64, integer_kind);
  return kinds;
}
constexpr std::array<Kinds, 256> kinds_by_letter = make_kinds_by_letter();

// Kinds were asked before: the conversions cannot fail.
struct TapeModel {
  using Value = dom::element;

  static Kinds kind(Value value) {
    const Kinds kind = kinds_by_letter[static_cast<unsigned char>(value.type())];
    if (kind != 0) return kind;
    return kind_of(value.get_double().value_unsafe());
  }
  static json::Number number(Value value) {
    switch (value.type()) {
      case dom::element_type::INT64: return json::Number::of(std::int64_t{value});
      case dom::element_type::UINT64: return json::Number::of(std::uint64_t{value});
      default: return json::Number::of(double{value});
    }
  }
  static std::string_view text(Value value) { return value.get_string().value_unsafe(); }
  template <typename Visit>
  static void for_each_item(Value value, Visit visit) {
    const dom::array items = value.get_array().value_unsafe();
    for (const dom::element item : items) {
      if (!visit(item)) return;
    }
  }
  template <typename Visit>
  static void for_each_member(Value value, Visit visit) {
    const dom::object members = value.get_object().value_unsafe();
    const auto end = members.end();
    for (auto at = members.begin(); at != end; ++at) {
      if (!visit(at.key(), at.value())) return;
    }
  }
  static bool has_member(Value value, std::string_view name) {
    const dom::object members = value.get_object().value_unsafe();
    return members.at_key(name).error() == simdjson::SUCCESS;
  }
  static Json to_json(Value value);
  static bool items_are_unique(Value value) {
    std::vector<Json> items;
    for_each_item(value, [&](Value item) {
      items.push_back(to_json(item));
      return true;
    });
    std::vector<const Json*> pointers;
    for (const Json& item : items) pointers.push_back(&item);
    return are_unique(pointers);
  }
  // Never inlined: the set would stand on the stack once for every level.
  [[gnu::noinline]] static bool has_repeated_keys(Value value) {
    json::KeySet keys;
    bool repeated = false;
    for_each_member(value, [&](std::string_view key, Value) { return !(repeated = !keys.add(key)); });
    return repeated || !keys.are_different();
  }
  static bool has_repeated_keys_anywhere(Value value) {
    bool found = false;
    const Kinds kind = TapeModel::kind(value);
    if (kind == array_kind) {
      for_each_item(value, [&](Value item) { return !(found = has_repeated_keys_anywhere(item)); });
    } else if (kind == object_kind) {
      if (has_repeated_keys(value)) return true;
      for_each_member(value, [&](std::string_view, Value member) {
        return !(found = has_repeated_keys_anywhere(member));
      });
    }
    return found;
  }
};

Json TapeModel::to_json(Value value) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE: return nullptr;
    case dom::element_type::BOOL: return bool{value};
    case dom::element_type::INT64: return std::int64_t{value};
    case dom::element_type::UINT64: return std::uint64_t{value};
    case dom::element_type::DOUBLE: return double{value};
    case dom::element_type::STRING: {
      const std::string_view text = value;
      return boost::json::string_view(text.data(), text.size());
    }
    case dom::element_type::ARRAY: {
      JsonArray items;
      for_each_item(value, [&](Value item) {
        items.push_back(to_json(item));
        return true;
      });
      return items;
    }
    case dom::element_type::OBJECT: break;
  }
  JsonObject members;
  for_each_member(value, [&](std::string_view key, Value member) {
    members.insert_or_assign(key, to_json(member));
    return true;
  });
  return members;
}

}  // namespace

struct TextTape::State {
  dom::parser parser;
};

TextTape::TextTape() : state_(std::make_unique<State>()) {}
TextTape::~TextTape() = default;

TextTape::Outcome TextTape::judge(Run& run, std::string_view text) {
  dom::element root;
  if (state_->parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return Outcome::undecided;
  }
  const bool good = Evaluator<TapeModel, false>(run).check(run.program.root, root, nullptr, {});
  if (run.repeated_keys) return Outcome::undecided;
  if ((!good || run.is_doubtful) && TapeModel::has_repeated_keys_anywhere(root)) {
    return Outcome::undecided;
  }
  return good && run.aborted == nullptr ? Outcome::accepted : Outcome::rejected;
}

}  // namespace junctor::schema
