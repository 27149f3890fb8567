#include "json/infer.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <utility>

#include "json/number.h"
#include "json/pointer.h"
#include "json/schema_format.h"
#include "json/schema_run.h"

namespace junctor::json {
namespace {

constexpr int max_depth = 64;
constexpr std::size_t max_words = 12;        // distinct strings remembered
constexpr std::size_t max_enum_words = 6;    // that make an enum
constexpr std::size_t repeats_per_word = 4;  // seen per distinct string, at least

struct Format {
  std::string_view name;
  schema::FormatCheck check;
};
bool is_web_address(std::string_view text) {
  return text.find("://") != std::string_view::npos && schema::is_uri(text);
}
constexpr std::array<Format, 7> formats = {{{"date-time", schema::is_date_time},
                                            {"date", schema::is_date},
                                            {"uuid", schema::is_uuid},
                                            {"email", schema::is_email},
                                            {"uri", is_web_address},
                                            {"ipv4", schema::is_ipv4},
                                            {"ipv6", schema::is_ipv6}}};

bool is_word(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  const bool has_letter = std::any_of(text.begin(), text.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
  return !text.empty() && text.size() <= 40 && has_letter && std::all_of(text.begin(), text.end(), fits);
}

bool is_id(std::string_view key) {
  const bool digits = !key.empty() && std::all_of(key.begin(), key.end(),
                                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits || schema::is_uuid(key);
}

}  // namespace

// What was seen at one place of the documents.
struct SchemaSamples::Shape {
  std::size_t total = 0;
  std::size_t nulls = 0, booleans = 0, integers = 0, fractions = 0, strings = 0, arrays = 0, objects = 0;

  unsigned possible_formats = (1u << formats.size()) - 1;
  std::set<std::string> words;
  bool words_overflow = false;

  std::unique_ptr<Shape> items;
  std::vector<std::pair<std::string, std::unique_ptr<Shape>>> members;  // in order of appearance
  std::map<std::string, std::size_t, std::less<>> member_at;

  void add(const Json& value, int depth);
  void add_string(std::string_view text);
  void merge(const Shape& other);
  Shape& member(std::string_view name);
  bool is_map() const;
  JsonArray types() const;
  void write_string(JsonObject& out) const;
  void write_object(JsonObject& out) const;
  Json write() const;
};

void SchemaSamples::Shape::add_string(std::string_view text) {
  ++strings;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if ((possible_formats >> i & 1) != 0 && !formats[i].check(text)) possible_formats &= ~(1u << i);
  }
  if (words_overflow) return;
  if (!is_word(text)) {
    words_overflow = true;
  } else {
    words.emplace(text);
    words_overflow = words.size() > max_words;
  }
  if (words_overflow) words.clear();
}

SchemaSamples::Shape& SchemaSamples::Shape::member(std::string_view name) {
  const auto known = member_at.find(name);
  if (known != member_at.end()) return *members[known->second].second;
  member_at.emplace(name, members.size());
  members.emplace_back(name, std::make_unique<Shape>());
  return *members.back().second;
}

void SchemaSamples::Shape::add(const Json& value, int depth) {
  ++total;
  switch (value.kind()) {
    case boost::json::kind::null: ++nulls; break;
    case boost::json::kind::bool_: ++booleans; break;
    case boost::json::kind::string: add_string(std::string_view(value.get_string())); break;
    case boost::json::kind::array:
      ++arrays;
      if (depth >= max_depth) break;
      if (!items) items = std::make_unique<Shape>();
      for (const Json& item : value.get_array()) items->add(item, depth + 1);
      break;
    case boost::json::kind::object:
      ++objects;
      if (depth >= max_depth) break;
      for (const auto& entry : value.get_object()) member(entry.key()).add(entry.value(), depth + 1);
      break;
    default: ++(is_integral(Number::of(value)) ? integers : fractions); break;
  }
}

void SchemaSamples::Shape::merge(const Shape& other) {
  total += other.total;
  nulls += other.nulls;
  booleans += other.booleans;
  integers += other.integers;
  fractions += other.fractions;
  strings += other.strings;
  arrays += other.arrays;
  objects += other.objects;
  possible_formats &= other.possible_formats;
  words_overflow = words_overflow || other.words_overflow;
  words.insert(other.words.begin(), other.words.end());
  words_overflow = words_overflow || words.size() > max_words;
  if (words_overflow) words.clear();
  if (other.items) {
    if (!items) items = std::make_unique<Shape>();
    items->merge(*other.items);
  }
  for (const auto& [name, shape] : other.members) member(name).merge(*shape);
}

bool SchemaSamples::Shape::is_map() const {
  return members.size() >= 2 && std::all_of(members.begin(), members.end(),
                                            [](const auto& entry) { return is_id(entry.first); });
}

JsonArray SchemaSamples::Shape::types() const {
  JsonArray names;
  if (objects != 0) names.emplace_back("object");
  if (arrays != 0) names.emplace_back("array");
  if (strings != 0) names.emplace_back("string");
  if (fractions != 0) {
    names.emplace_back("number");
  } else if (integers != 0) {
    names.emplace_back("integer");
  }
  if (booleans != 0) names.emplace_back("boolean");
  if (nulls != 0) names.emplace_back("null");
  return names;
}

void SchemaSamples::Shape::write_string(JsonObject& out) const {
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if ((possible_formats >> i & 1) == 0) continue;
    out["format"] = formats[i].name;
    return;
  }
  const bool only_strings = strings + nulls == total;
  if (!only_strings || words.empty() || words.size() > max_enum_words) return;
  if (strings < words.size() * repeats_per_word) return;
  JsonArray values(words.begin(), words.end());
  if (nulls != 0) values.emplace_back(nullptr);
  out["enum"] = std::move(values);
}

void SchemaSamples::Shape::write_object(JsonObject& out) const {
  if (is_map()) {
    Shape all;
    for (const auto& [name, shape] : members) all.merge(*shape);
    out["additionalProperties"] = all.write();
    return;
  }
  JsonArray required;
  JsonObject properties;
  for (const auto& [name, shape] : members) {
    if (shape->total == objects) required.emplace_back(name);
    properties[name] = shape->write();
  }
  if (!required.empty()) out["required"] = std::move(required);
  if (!properties.empty()) out["properties"] = std::move(properties);
}

Json SchemaSamples::Shape::write() const {
  JsonObject out;
  JsonArray names = types();
  if (names.size() == 1) {
    out["type"] = names[0];
  } else if (!names.empty()) {
    out["type"] = std::move(names);
  }
  if (strings != 0) write_string(out);
  if (objects != 0) write_object(out);
  if (items && items->total != 0) out["items"] = items->write();
  return out;
}

SchemaSamples::SchemaSamples() : shape_(std::make_unique<Shape>()) {}
SchemaSamples::~SchemaSamples() = default;
SchemaSamples::SchemaSamples(SchemaSamples&&) noexcept = default;
SchemaSamples& SchemaSamples::operator=(SchemaSamples&&) noexcept = default;

void SchemaSamples::add(const Json& sample) { shape_->add(sample, 0); }
std::size_t SchemaSamples::count() const { return shape_->total; }

Json SchemaSamples::schema() const {
  const Json written = shape_->write();
  JsonObject out;
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  for (const auto& member : written.get_object()) out[member.key()] = member.value();
  return out;
}

Json infer_schema(const std::vector<Json>& samples) {
  SchemaSamples all;
  for (const Json& sample : samples) all.add(sample);
  return all.schema();
}

std::string_view to_string(SchemaDifference::Kind kind) {
  switch (kind) {
    case SchemaDifference::Kind::missing: return "missing";
    case SchemaDifference::Kind::extra: return "extra";
    case SchemaDifference::Kind::type_changed: return "type_changed";
    case SchemaDifference::Kind::value: return "value";
  }
  return "value";
}

std::vector<SchemaDifference> compare(const Json& document, const CompiledSchema& compiled) {
  using Kind = SchemaDifference::Kind;
  std::vector<SchemaDifference> differences;
  for (const SchemaError& error : compiled.validate(document)) {
    SchemaDifference difference{Kind::value, error.instance_path, error.message};
    if (error.keyword == "required") {
      difference.kind = Kind::missing;
      const auto from = error.message.find('\'') + 1;
      append_pointer_token(difference.path,
                           std::string_view(error.message).substr(from, error.message.rfind('\'') - from));
    } else if (error.keyword == "type") {
      difference.kind = Kind::type_changed;
    } else if (error.keyword.empty() && (error.schema_path.ends_with("/additionalProperties") ||
                                         error.schema_path.ends_with("/unevaluatedProperties"))) {
      difference.kind = Kind::extra;
    }
    differences.push_back(std::move(difference));
  }
  for (const std::string& path : schema::undeclared_members(compiled.program(), document)) {
    differences.push_back({Kind::extra, path, "the schema does not declare this member"});
  }
  return differences;
}

}  // namespace junctor::json
