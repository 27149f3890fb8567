#include "json/schema_dialect.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace junctor::schema {
namespace {

struct Known {
  std::string_view keyword;
  Holds holds;
  Draft from = Draft::draft_06;
  Draft until = Draft::v2020_12;
};

constexpr std::array<Known, 23> keywords = {{
    {"properties", Holds::named_schemas},
    {"patternProperties", Holds::named_schemas},
    {"additionalProperties", Holds::schema},
    {"propertyNames", Holds::schema},
    {"items", Holds::schema, Draft::v2020_12},
    {"items", Holds::schema_or_schemas, Draft::draft_06, Draft::v2019_09},
    {"additionalItems", Holds::schema, Draft::draft_06, Draft::v2019_09},
    {"prefixItems", Holds::schemas, Draft::v2020_12},
    {"contains", Holds::schema},
    {"allOf", Holds::schemas},
    {"anyOf", Holds::schemas},
    {"oneOf", Holds::schemas},
    {"not", Holds::schema},
    {"if", Holds::schema, Draft::draft_07},
    {"then", Holds::schema, Draft::draft_07},
    {"else", Holds::schema, Draft::draft_07},
    {"dependentSchemas", Holds::named_schemas, Draft::v2019_09},
    {"dependencies", Holds::named_schemas_or_lists},
    {"unevaluatedItems", Holds::schema, Draft::v2019_09},
    {"unevaluatedProperties", Holds::schema, Draft::v2019_09},
    {"contentSchema", Holds::schema, Draft::v2019_09},
    {"$defs", Holds::named_schemas, Draft::v2019_09},
    {"definitions", Holds::named_schemas},
}};

constexpr std::string_view vocabulary_2020 = "https://json-schema.org/draft/2020-12/vocab/";
constexpr std::string_view vocabulary_2019 = "https://json-schema.org/draft/2019-09/vocab/";

// Known, and without a switch of its own here.
bool is_neutral(std::string_view name) {
  return name == "core" || name == "meta-data" || name == "content" ||
         name == "format-annotation" || name == "format";
}

void adopt(Dialect& dialect, std::string_view name, bool is_2019) {
  if (name == "applicator") {
    dialect.applicator = true;
    if (is_2019) dialect.unevaluated = true;
  } else if (name == "unevaluated") {
    dialect.unevaluated = true;
  } else if (name == "validation") {
    dialect.validation = true;
  } else if (name == "format-assertion") {
    dialect.asserts_format = true;
  }
}

bool is_known(std::string_view name) {
  return is_neutral(name) || name == "applicator" || name == "unevaluated" ||
         name == "validation" || name == "format-assertion";
}

}  // namespace

std::optional<Dialect> published_dialect(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri.starts_with("https://")) {
    uri.remove_prefix(8);
  } else if (uri.starts_with("http://")) {
    uri.remove_prefix(7);
  }
  constexpr std::array<std::pair<std::string_view, Draft>, 5> drafts = {{
      {"json-schema.org/draft/2020-12/schema", Draft::v2020_12},
      {"json-schema.org/schema", Draft::v2020_12},
      {"json-schema.org/draft/2019-09/schema", Draft::v2019_09},
      {"json-schema.org/draft-07/schema", Draft::draft_07},
      {"json-schema.org/draft-06/schema", Draft::draft_06},
  }};
  for (const auto& [name, draft] : drafts) {
    if (uri != name) continue;
    Dialect dialect;
    dialect.draft = draft;
    return dialect;
  }
  return std::nullopt;
}

Dialect dialect_of_metaschema(const JsonObject& metaschema, Dialect base,
                              std::string_view& unknown) {
  const Json* vocabulary = metaschema.if_contains("$vocabulary");
  if (vocabulary == nullptr || !vocabulary->is_object()) return base;
  Dialect dialect = base;
  dialect.applicator = dialect.unevaluated = dialect.validation = false;
  for (const auto& entry : vocabulary->get_object()) {
    std::string_view name = entry.key();
    const bool is_2020 = name.starts_with(vocabulary_2020);
    const bool is_2019 = name.starts_with(vocabulary_2019);
    if (is_2020 || is_2019) name.remove_prefix(vocabulary_2020.size());
    if ((is_2020 || is_2019) && is_known(name)) {
      adopt(dialect, name, is_2019);
    } else if (entry.value().is_bool() && entry.value().get_bool()) {
      unknown = entry.key();
    }
  }
  return dialect;
}

Holds holds_of(std::string_view keyword, const Dialect& dialect) {
  for (const Known& known : keywords) {
    if (known.keyword == keyword && dialect.draft >= known.from && dialect.draft <= known.until) {
      return known.holds;
    }
  }
  return Holds::nothing;
}

}  // namespace junctor::schema
