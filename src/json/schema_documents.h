// The documents a schema is made of, and how references find their way through them.
//
// A resource is a schema with an identity of its own: a document's root, or a subschema with `$id`.
//
// Threads: one caller. Lifetime: places point into documents owned here.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json/schema_dialect.h"
#include "junctor/schema.h"

namespace junctor::schema {

// Where a subschema stands.
struct Place {
  const Json* value = nullptr;
  std::uint32_t resource = 0;
  std::string pointer;  // from the resource's root
};

struct Resource {
  std::string uri;  // absolute where anything absolute is known; without fragment
  Place root;
  Dialect dialect;
  std::size_t document = 0;  // of those that were added
  std::map<std::string, Place, std::less<>> anchors;          // $anchor and $dynamicAnchor
  std::map<std::string, Place, std::less<>> dynamic_anchors;  // "" is $recursiveAnchor
};

class Documents {
 public:
  Documents(const SchemaOptions& options, std::vector<Problem>& problems)
      : options_(options), problems_(problems) {}

  // Adds a document under a URI and answers its root.
  Place add(Json document, std::string uri, const Dialect& fallback);

  // Where a reference made in a resource leads; reports a problem at `from` when nowhere.
  std::optional<Place> resolve(const Place& from, std::string_view keyword, std::string_view reference);

  // The place of a value inside a known place.
  Place below(const Place& parent, const Json& value, std::string_view keyword) const;
  Place below(const Place& parent, const Json& value, std::string_view keyword,
              std::string_view token) const;

  const Resource& resource(std::uint32_t index) const { return resources_[index]; }
  std::size_t resource_count() const { return resources_.size(); }

  // "https://…/schema.json#/properties/a"
  std::string location(const Place& place) const;
  void report(const Place& place, std::string_view keyword, std::string found,
              std::string expected);

 private:
  std::optional<std::uint32_t> find_resource(const Place& from, const std::string& uri, std::string& why);
  // `why` says why there is nothing, where that is known.
  std::optional<Json> load(const std::string& uri, std::string& why);
  Dialect dialect_at(const Place& place, const JsonObject& schema, const Dialect& inherited);
  void index(Place place, int depth);
  void index_keyword(const Place& place, std::string_view keyword, const Json& value, int depth);
  std::uint32_t make_resource(std::string uri, const Place& root, const Dialect& dialect);
  void identify(Place& place, const JsonObject& schema);
  void note_anchor(const Place& place, std::string_view keyword, const std::string& name);
  // The text of a keyword, or null; reports a value that is no text.
  const std::string* text_of(const Place& place, const JsonObject& schema, std::string_view keyword,
                             std::string& buffer);
  void note_anchors(const Place& place, const JsonObject& schema);
  std::optional<Place> walk(Place place, std::string_view pointer);
  Place entered(Place place) const;

  const SchemaOptions& options_;
  std::vector<Problem>& problems_;
  std::deque<Json> documents_;
  std::deque<Resource> resources_;
  std::map<std::string, std::uint32_t, std::less<>> by_uri_;
  std::unordered_map<const Json*, std::uint32_t> resource_of_;  // every subschema that was indexed
  std::size_t asked_ = 0;
};

// The beginning of a text from outside, for a message.
std::string excerpt(std::string text);

}  // namespace junctor::schema
