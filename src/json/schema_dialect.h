// Which keywords a schema means: its draft and its vocabularies.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "junctor/json.h"

namespace junctor::schema {

enum class Draft : std::uint8_t { draft_06, draft_07, v2019_09, v2020_12 };

struct Dialect {
  Draft draft = Draft::v2020_12;
  bool applicator = true;
  bool unevaluated = true;
  bool validation = true;
  bool asserts_format = false;  // a vocabulary says so, whatever the options say

  bool is_modern() const { return draft >= Draft::v2019_09; }
  // `items` may be an array, beside `additionalItems`.
  bool has_item_arrays() const { return draft <= Draft::v2019_09; }
  bool ref_hides_siblings() const { return draft <= Draft::draft_07; }
};

// The dialect of a published metaschema, by its URI with or without an empty fragment.
std::optional<Dialect> published_dialect(std::string_view schema_uri);

// The dialect a metaschema's own `$vocabulary` describes. `unknown` is set to the first required
// vocabulary that nobody here knows.
Dialect dialect_of_metaschema(const JsonObject& metaschema, Dialect base, std::string_view& unknown);

// Where subschemas stand in the value of a keyword.
enum class Holds : std::uint8_t { nothing, schema, schemas, schema_or_schemas, named_schemas, named_schemas_or_lists };
Holds holds_of(std::string_view keyword, const Dialect& dialect);

// A metaschema that is part of the library, by its URI without fragment; empty when there is none.
std::string_view bundled_document(std::string_view uri);

}  // namespace junctor::schema
