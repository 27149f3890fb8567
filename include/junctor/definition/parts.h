// The small values that definitions are made of.
//
// A member's name is its key in integration.yaml; a trailing underscore (`default_`) is left out there.
//
// Threads: values.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/operators.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "junctor/json.h"

namespace junctor {

// A JSONata expression; empty for none. What `$` is stands at each use.
struct Jsonata {
  std::string text{};

  Jsonata() = default;
  Jsonata(std::string expression) : text(std::move(expression)) {}  // NOLINT: reads as a text
  Jsonata(const char* expression) : text(expression) {}             // NOLINT
  bool empty() const { return text.empty(); }
  friend bool operator==(const Jsonata&, const Jsonata&) = default;
};

// Any JSON in which every text that begins with "=" is a JSONata expression, at any depth:
// {"limit": 100, "since": "=vars.since"}. "==x" is the text "=x". null for none.
struct ValueSpec {
  Json json{};

  ValueSpec() = default;
  ValueSpec(Json value) : json(std::move(value)) {}  // NOLINT: reads as JSON
  ValueSpec(const char* text) : json(text) {}        // NOLINT
  bool empty() const { return json.is_null(); }
  friend bool operator==(const ValueSpec&, const ValueSpec&) = default;
};

// Text with places: "/repos/{owner}/{repo}", "https://{vars.subdomain}.example.com". A place is a
// parameter of the action, or `vars.` and a var of the connection. "{{" and "}}" are braces.
struct Template {
  std::string text{};

  Template() = default;
  Template(std::string value) : text(std::move(value)) {}  // NOLINT: reads as a text
  Template(const char* value) : text(value) {}             // NOLINT
  bool empty() const { return text.empty(); }
  friend bool operator==(const Template&, const Template&) = default;
};

// In YAML "500ms", "30s", "5m", "1h", "7d".
using Duration = std::chrono::milliseconds;

// In YAML 1024, "64KiB", "10MiB", "1GiB".
struct ByteCount {
  std::uint64_t bytes = 0;
  friend bool operator==(const ByteCount&, const ByteCount&) = default;
};

// A JSON Schema 2020-12 document, the slug of a schema of the integration, or a file
// ("schemas/employee.json"), which the loader replaces by its content. null for none.
struct SchemaRef {
  Json json{};

  SchemaRef() = default;
  SchemaRef(Json document_or_slug) : json(std::move(document_or_slug)) {}  // NOLINT: reads as JSON
  bool empty() const { return json.is_null(); }
  friend bool operator==(const SchemaRef&, const SchemaRef&) = default;
};

// One choice of a select.
struct Option {
  Json value{};
  std::string label{};
};
BOOST_DESCRIBE_STRUCT(Option, (), (value, label))

// A field shows only when another field holds a value.
struct VisibleWhen {
  std::string field{};
  Json equals{};
};
BOOST_DESCRIBE_STRUCT(VisibleWhen, (), (field, equals))

// A provider's limit: `requests` per `per`, and at most `concurrent` at once (0: no such limit).
enum class LimitScope { connection, integration };
BOOST_DESCRIBE_ENUM(LimitScope, connection, integration)
// What the RateLimit headers and pauses of the action's answers hold for.
enum class LimitVoice { connection, limit };
BOOST_DESCRIBE_ENUM(LimitVoice, connection, limit)
struct RateLimit {
  int requests = 0;
  Duration per = std::chrono::seconds(1);
  int burst = 0;  // 0: as many as `requests`
  int concurrent = 0;
  LimitScope scope = LimitScope::connection;
  LimitVoice answers = LimitVoice::connection;  // `limit`: of an action that the provider counts apart
  std::string name{};  // actions whose limits share a name are counted together
};
BOOST_DESCRIBE_STRUCT(RateLimit, (), (requests, per, burst, concurrent, scope, answers, name))

using boost::describe::operators::operator==;
using boost::describe::operators::operator!=;

}  // namespace junctor
