#include "json/schema_documents.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "json/parse.h"
#include "json/pointer.h"
#include "json/schema_format.h"
#include "json/serialize.h"
#include "json/uri.h"

namespace junctor::schema {
namespace {

constexpr int max_nesting = 256;

// What an anchor's name may be: 2019-09 also takes ':', and no '_' in front.
bool is_anchor_name(std::string_view name, Draft draft) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool is_2019 = draft == Draft::v2019_09;
  if (name.empty() || (!is_letter(name[0]) && (is_2019 || name[0] != '_'))) return false;
  for (const char c : name) {
    const bool fits = is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!fits && !(is_2019 && c == ':')) return false;
  }
  return true;
}

}  // namespace

std::string excerpt(std::string text) { return shortened(std::move(text), 80); }

std::string Documents::location(const Place& place) const {
  return resources_[place.resource].uri + "#" + json::fragment_encoded(place.pointer);
}

void Documents::report(const Place& place, std::string_view keyword, std::string found,
                       std::string expected) {
  if (problems_.size() >= 100) return;
  Problem problem;
  problem.path = place.pointer;
  if (!keyword.empty()) json::append_pointer_token(problem.path, keyword);
  const Resource& at = resources_[place.resource];
  if (place.resource != 0) problem.file = at.uri;
  problem.found = std::move(found);
  problem.expected = std::move(expected);
  problems_.push_back(std::move(problem));
}

const std::string* Documents::text_of(const Place& place, const JsonObject& schema,
                                      std::string_view keyword, std::string& buffer) {
  const Json* value = schema.if_contains(keyword);
  if (value == nullptr) return nullptr;
  if (!value->is_string()) {
    report(place, keyword, excerpt(json::to_text(*value)), "a text");
    return nullptr;
  }
  buffer = std::string_view(value->get_string());
  return &buffer;
}

Place Documents::entered(Place place) const {
  const auto found = resource_of_.find(place.value);
  if (found == resource_of_.end() || found->second == place.resource) return place;
  return resources_[found->second].root.value == place.value ? resources_[found->second].root
                                                             : std::move(place);
}

Place Documents::below(const Place& parent, const Json& value, std::string_view keyword) const {
  Place place{&value, parent.resource, parent.pointer};
  json::append_pointer_token(place.pointer, keyword);
  return entered(std::move(place));
}

Place Documents::below(const Place& parent, const Json& value, std::string_view keyword,
                       std::string_view token) const {
  Place place{&value, parent.resource, parent.pointer};
  json::append_pointer_token(place.pointer, keyword);
  json::append_pointer_token(place.pointer, token);
  return entered(std::move(place));
}

Place Documents::add(Json document, std::string uri, const Dialect& fallback) {
  documents_.push_back(std::move(document));
  const Json& root = documents_.back();
  Place place{&root, 0, {}};
  place.resource = make_resource(std::move(uri), place, fallback);
  resources_[place.resource].root.resource = place.resource;
  resources_[place.resource].document = documents_.size();
  if (root.is_object()) {
    resources_[place.resource].dialect = dialect_at(place, root.get_object(), fallback);
  }
  index(place, 0);
  return resources_[place.resource].root;
}

std::uint32_t Documents::make_resource(std::string uri, const Place& root, const Dialect& dialect) {
  const auto number = static_cast<std::uint32_t>(resources_.size());
  by_uri_.emplace(uri, number);
  Resource resource;
  resource.uri = std::move(uri);
  resource.root = {root.value, number, {}};
  resource.dialect = dialect;
  resources_.push_back(std::move(resource));
  return number;
}

Dialect Documents::dialect_at(const Place& place, const JsonObject& schema,
                              const Dialect& inherited) {
  std::string uri;
  if (text_of(place, schema, "$schema", uri) == nullptr) return inherited;
  if (const auto published = published_dialect(uri)) return *published;
  const std::string plain(json::without_fragment(uri));
  std::string why;
  const auto metaschema = load(plain, why);
  if (!metaschema || !metaschema->is_object()) {
    report(place, "$schema", "'" + excerpt(uri) + "'" + (why.empty() ? "" : " (" + why + ")"),
           "a published metaschema, or one that can be loaded; remove $schema to use 2020-12");
    return inherited;
  }
  std::string base_uri;
  Dialect base;
  if (const Json* of_it = metaschema->get_object().if_contains("$schema");
      of_it != nullptr && of_it->is_string()) {
    base_uri = std::string_view(of_it->get_string());
    base = published_dialect(base_uri).value_or(base);
  }
  std::string_view unknown;
  const Dialect dialect = dialect_of_metaschema(metaschema->get_object(), base, unknown);
  if (!unknown.empty()) {
    report(place, "$schema", "the required vocabulary '" + std::string(unknown) + "'",
           "a vocabulary of JSON Schema 2020-12 or 2019-09");
  }
  return dialect;
}

void Documents::identify(Place& place, const JsonObject& schema) {
  const Dialect dialect = resources_[place.resource].dialect;
  if (dialect.ref_hides_siblings() && schema.contains("$ref")) return;
  std::string id;
  if (text_of(place, schema, "$id", id) == nullptr) return;
  if (dialect.ref_hides_siblings() && id.starts_with('#')) return;
  if (!is_uri_reference(id)) {
    return report(place, "$id", "'" + excerpt(id) + "'", "a URI reference");
  }
  if (dialect.is_modern() && !json::decoded_fragment(id).empty()) {
    return report(place, "$id", "'" + excerpt(id) + "'", "a URI reference without a fragment; names inside a schema are said with $anchor");
  }
  std::string uri = json::resolve_uri(resources_[place.resource].uri, id);
  uri.resize(json::without_fragment(uri).size());
  if (resources_[place.resource].root.value == place.value) {
    // A document's own name joins the one it was found under.
    by_uri_.emplace(uri, place.resource);
    resources_[place.resource].uri = std::move(uri);
    return;
  }
  const std::size_t document = resources_[place.resource].document;
  if (const auto twin = by_uri_.find(uri); twin != by_uri_.end()) {
    const Resource& other = resources_[twin->second];
    if (other.document == document && other.uri == uri && other.root.value != place.value) {
      report(place, "$id", "'" + excerpt(id) + "', which another schema of the document has", "every $id once");
    }
  }
  const Dialect own = dialect_at(place, schema, dialect);
  place.resource = make_resource(std::move(uri), place, own);
  resources_[place.resource].document = document;
  place.pointer.clear();
}

void Documents::note_anchor(const Place& place, std::string_view keyword, const std::string& name) {
  Resource& resource = resources_[place.resource];
  const auto [known, is_new] = resource.anchors.emplace(name, place);
  if (is_new || known->second.value == place.value) return;
  report(place, keyword, "'" + excerpt(name) + "', which another schema has", "every anchor once");
}

void Documents::note_anchors(const Place& place, const JsonObject& schema) {
  Resource& resource = resources_[place.resource];
  const Draft draft = resource.dialect.draft;
  std::string name;
  if (resource.dialect.ref_hides_siblings()) {
    if (schema.contains("$ref")) return;
    const Json* id = schema.if_contains("$id");
    if (id == nullptr || !id->is_string()) return;
    name = std::string_view(id->get_string());
    if (name.size() > 1 && name[0] == '#') note_anchor(place, "$id", name.substr(1));
    return;
  }
  const auto note = [&](std::string_view keyword) {
    if (text_of(place, schema, keyword, name) == nullptr) return false;
    if (is_anchor_name(name, draft)) {
      note_anchor(place, keyword, name);
      return true;
    }
    report(place, keyword, "'" + excerpt(name) + "'", "a name of letters, digits, '-', '_' and '.' that starts with a letter");
    return false;
  };
  note("$anchor");
  if (draft == Draft::v2020_12) {
    if (note("$dynamicAnchor")) resource.dynamic_anchors.emplace(name, place);
  } else if (const Json* flag = schema.if_contains("$recursiveAnchor")) {
    if (!flag->is_bool()) {
      report(place, "$recursiveAnchor", excerpt(json::to_text(*flag)), "true or false");
    } else if (flag->get_bool() && place.pointer.empty()) {
      resource.dynamic_anchors.emplace("", place);
    }
  }
}

void Documents::index(Place place, int depth) {
  if (!place.value->is_object() || resource_of_.contains(place.value)) return;
  if (depth > max_nesting) {
    report(place, "", "a schema nested deeper than 256 levels", "a flatter schema");
    return;
  }
  const JsonObject& schema = place.value->get_object();
  identify(place, schema);
  resource_of_.emplace(place.value, place.resource);
  note_anchors(place, schema);
  for (const auto& member : schema) index_keyword(place, member.key(), member.value(), depth);
}

void Documents::index_keyword(const Place& place, std::string_view keyword, const Json& value,
                              int depth) {
  const auto go = [&](const Json& child, std::string_view token) {
    Place at{&child, place.resource, place.pointer};
    json::append_pointer_token(at.pointer, keyword);
    if (!token.empty() || value.is_object()) json::append_pointer_token(at.pointer, token);
    index(std::move(at), depth + 1);
  };
  const Holds holds = holds_of(keyword, resources_[place.resource].dialect);
  const bool in_list = holds == Holds::schemas || holds == Holds::schema_or_schemas;
  if (in_list && value.is_array()) {
    std::size_t number = 0;
    for (const Json& child : value.get_array()) go(child, std::to_string(number++));
  } else if (holds == Holds::schema || holds == Holds::schema_or_schemas) {
    Place at{&value, place.resource, place.pointer};
    json::append_pointer_token(at.pointer, keyword);
    index(std::move(at), depth + 1);
  } else if (holds == Holds::named_schemas || holds == Holds::named_schemas_or_lists) {
    if (!value.is_object()) return;
    for (const auto& member : value.get_object()) go(member.value(), member.key());
  }
}

std::optional<Json> Documents::load(const std::string& uri, std::string& why) {
  if (const auto text = bundled_document(uri); !text.empty()) {
    return json::parse(text).value_or_throw();
  }
  if (options_.resolver == nullptr) return std::nullopt;
  if (++asked_ > options_.max_documents) {
    why = "more than " + std::to_string(options_.max_documents) + " documents are referred to";
    return std::nullopt;
  }
  auto document = options_.resolver->find(uri);
  if (!document) why = options_.resolver->why_not(uri);
  return document;
}

std::optional<std::uint32_t> Documents::find_resource(const Place& from, const std::string& uri,
                                                      std::string& why) {
  if (const auto found = by_uri_.find(uri); found != by_uri_.end()) return found->second;
  auto document = load(uri, why);
  if (!document) return std::nullopt;
  return add(std::move(*document), uri, resources_[from.resource].dialect).resource;
}

std::optional<Place> Documents::walk(Place place, std::string_view pointer) {
  const auto tokens = json::parse_pointer(pointer);
  if (!tokens) return std::nullopt;
  for (const std::string& token : *tokens) {
    std::string one;
    json::append_pointer_token(one, token);
    const Json* next = json::find_pointer(*place.value, one);
    if (next == nullptr) return std::nullopt;
    place.value = next;
    place.pointer += one;
    place = entered(std::move(place));
  }
  return place;
}

std::optional<Place> Documents::resolve(const Place& from, std::string_view keyword,
                                        std::string_view reference) {
  const std::string uri = json::resolve_uri(resources_[from.resource].uri, reference);
  std::string why;
  const auto number = find_resource(from, std::string(json::without_fragment(uri)), why);
  const std::string name = "'" + excerpt(std::string(reference)) + "'";
  if (!number) {
    report(from, keyword, name + ", a document that is not known" + (why.empty() ? "" : " (" + why + ")"),
           "a schema inside this document, or a document that the resolver finds");
    return std::nullopt;
  }
  const Resource& target = resources_[*number];
  const std::string fragment = json::decoded_fragment(uri);
  std::optional<Place> place;
  if (fragment.empty() || fragment[0] == '/') {
    place = walk(target.root, fragment);
  } else if (const auto anchor = target.anchors.find(fragment); anchor != target.anchors.end()) {
    place = anchor->second;
  }
  if (!place) {
    report(from, keyword, name + ", which leads nowhere",
           "a JSON Pointer to a subschema, or an anchor of that document");
    return std::nullopt;
  }
  index(*place, 0);  // what stands under an unknown keyword was not looked at yet
  return entered(*place);
}

}  // namespace junctor::schema
