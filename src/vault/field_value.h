// One value against its field.
//
// Threads: any thread; no state.
#pragma once

#include "vault/field.h"

namespace junctor::vault {

// The value in the field's type. Its problem has no path: found and expected, without telling a secret.
Result<Json> judge_value(const FieldDeclaration& field, const Json& value);

// "a number of at least 1"
std::string expectation(const FieldDeclaration& field);

}  // namespace junctor::vault
