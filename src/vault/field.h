// Fields: how an integration declares the vars of its connections, and how given vars are judged.
//
// Threads: values, no shared state.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"
#include "junctor/schema.h"
#include "junctor/secret.h"

namespace junctor::vault {

enum class FieldKind {
  text, password, url, number, boolean, select, textarea, json, multiselect, email, date
};
enum class FieldPhase { before_authorisation, after_authorisation };

std::string_view to_string(FieldKind kind);
std::optional<FieldKind> parse_field_kind(std::string_view name);

struct FieldOption {
  std::string label;
  Json value;
};

struct FieldDeclaration {
  std::string key;
  std::string label;
  std::string help;
  std::string placeholder;
  FieldKind kind = FieldKind::text;
  FieldPhase phase = FieldPhase::before_authorisation;
  bool required = true;
  bool secret = false;  // always so for password; a textarea may hold a private key
  std::optional<Json> default_value;
  std::vector<FieldOption> options;  // select
  std::string options_action;  // select: the action that fetches them; then any text is accepted
  struct Condition {
    std::string field;
    Json equals;
  };
  std::optional<Condition> visible_when;
  int order = 0;
  bool hidden = false;         // no form asks for it
  std::optional<double> min;   // of a number; of a text its length in characters
  std::optional<double> max;
  std::string pattern;         // of a text: JSON Schema's regular expression; empty for none
  std::optional<CompiledSchema> schema;  // of the value

  bool is_secret() const { return secret || kind == FieldKind::password; }
};

using FieldDeclarations = std::vector<FieldDeclaration>;

// Vars split by where they are kept.
struct CheckedVars {
  JsonObject open;                        // everything that is no secret, defaults filled in
  std::map<std::string, Secret> secrets;  // new or changed
  std::set<std::string> erased;           // secrets to be removed
};

enum class Completeness {
  as_far_as_given,       // nothing is missing yet: somebody still enters them
  before_authorisation,  // fields of the second phase may be missing
  complete,
};

// Judges what somebody entered. present: the open vars there are; kept: names of the secrets there
// are. given is merged over them: the mask (vault.h) keeps a secret, null removes a var. A var
// whose field is not visible is dropped. Problems have the path "vars.<key>": undeclared (with a
// suggestion), missing, of a wrong type, not among the options, outside its bounds, pattern or schema,
// a mask without a secret behind it, a secret with a mask in it.
// A field whose secrecy was declared anew keeps what it has in its old place until it is written: then
// it has only the new one.
// Texts are accepted for numbers, booleans and json, since forms and terminals give nothing else.
Result<CheckedVars> check_vars(const FieldDeclarations& fields, const JsonObject& given,
                               const JsonObject& present, const std::set<std::string>& kept,
                               Completeness completeness);

// Whether a form asks for the field and its var is kept: its condition holds for these vars, or for the default of
// the field that it names. A condition on a field that is itself not visible does not hold.
bool is_visible(const FieldDeclarations& fields, const FieldDeclaration& field, const JsonObject& open);

// The fields that these vars lack to be complete.
std::vector<std::string> missing_vars(const FieldDeclarations& fields, const JsonObject& open,
                                      const std::set<std::string>& secrets);

// open with a mask for each secret: by its place, and by the declaration for what was stored when
// its field was no secret yet.
JsonObject masked_vars(const FieldDeclarations& fields, const JsonObject& open,
                       const std::set<std::string>& secrets);
// Takes out of open what is declared secret by now.
std::map<std::string, Secret> take_declared_secrets(const FieldDeclarations& fields,
                                                    JsonObject& open);

}  // namespace junctor::vault
