// The expressions of a definition, compiled.
//
// Threads: immutable; evaluation uses the calling thread's own arena and does not wait.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/places.h"
#include "connector/plain_path.h"
#include "junctor/definition/parts.h"
#include "junctor/jsonata.h"

namespace junctor::connector {

// A JSONata expression, or none.
class CompiledExpression final {
 public:
  CompiledExpression() = default;
  // Throws jsonata::Error for a text that does not compile.
  explicit CompiledExpression(const Jsonata& text);
  explicit CompiledExpression(std::string_view text);  // no text is a fault, too

  bool empty() const { return !expression_; }
  // A path of names is read from root itself and keeps the digits of its numbers; anything else computes
  // in doubles. nullopt where the expression selects nothing, and for an empty one. Throws Failure{invalid} that
  // names the expression's own fault.
  std::optional<Json> evaluate(const Json& root, const jsonata::Bindings* bindings = nullptr) const;
  // Whether it gives true (nothing counts as false).
  bool is_true(const Json& root, const jsonata::Bindings* bindings = nullptr) const;
  // A text, or a number as text; nullopt for anything else.
  std::optional<std::string> text(const Json& root, const jsonata::Bindings* bindings = nullptr) const;

 private:
  std::optional<jsonata::Expression> expression_;
  std::optional<PlainPath> path_;  // of expression_, where it is one
};

// A ValueSpec: constant as a whole, or a tree with expressions in it.
class CompiledValue final {
 public:
  CompiledValue() = default;
  explicit CompiledValue(const ValueSpec& spec);

  bool empty() const { return empty_; }
  bool is_constant() const { return parts_.empty(); }
  // Members whose expression selects nothing are left out; in a list they become null.
  Json evaluate(const Json& root, const jsonata::Bindings* bindings = nullptr) const;
  // The value itself when it is constant.
  const Json& constant() const { return json_; }

 private:
  Json compile(const Json& json);
  std::optional<Json> build(const Json& json, const Json& root, const jsonata::Bindings* bindings) const;

  bool empty_ = true;
  std::vector<CompiledExpression> parts_;  // before json_, whose making fills it
  Json json_;                // {"=": index of the part} where an expression stands
};

// A Template. Places are looked up as dotted paths in {input…, vars}.
class CompiledTemplate final {
 public:
  CompiledTemplate() = default;
  explicit CompiledTemplate(const Template& spec);

  bool empty() const { return pieces_.empty(); }
  const std::vector<Piece>& pieces() const { return pieces_; }
  bool names(std::string_view place) const;

  // encode: what happens to the text of a place. Throws Failure{invalid} when a place has no value.
  enum class Encode { percent, none };
  std::string fill(const Json& input, const Json& vars, Encode encode) const;

 private:
  std::vector<Piece> pieces_;
};

// A scalar as it stands in a URL or a header: no quotes; null and nothing are empty; lists and
// objects are JSON.
std::string scalar_text(const Json& value);

}  // namespace junctor::connector
