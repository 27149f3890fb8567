// An action's input out of an HTTP request: each parameter from the place it is declared for.
//
// A parameter is taken from its own place only: a body cannot fill what is declared for the query.
// Text becomes what the schema asks for; what cannot is left as text, for the schema to refuse by name.
//
// Threads: any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/registry.h"
#include "junctor/json.h"
#include "junctor/result.h"
#include "net/http.h"

namespace junctor::api {

// Problems: a body that is not JSON or no object; path is "body".
Result<Json> action_input(const LoadedAction& action, const HttpRequest& request);

// For POST /v1/integrations/{slug}/actions/{action}: the body is the input.
Result<Json> body_input(const HttpRequest& request);

// Parts of a form that are no files: what came under each name.
using FormTexts = std::map<std::string, std::vector<std::string>>;

// Whether each parameter is taken from its own place only.
enum class Places { heeded, ignored };

// What parts of a form that are no files add to the input: parameters that may stand in the body.
// Problems: a part that is no parameter; path is "body".
Result<Json> with_form_texts(const LoadedAction& action, Json input, const FormTexts& texts,
                             Places places);

// For a body that is a file: what would stand in the body comes in the query.
Result<Json> input_beside_file(const LoadedAction& action, const HttpRequest& request, Places places);

// One text as the type that a property of a schema asks for.
Json coerced(const Json& property, std::string_view text);

}  // namespace junctor::api
