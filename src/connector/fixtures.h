// Answers kept beside a definition, for its tests and for `junctor plug`.
//
// Threads: any thread; writing a file blocks for a moment.
#pragma once

#include <string>

#include "base/existing.h"
#include "junctor/integration.h"

namespace junctor::connector {

// {"action", "input", "output"}, as fixtures/*.json holds it.
Json fixture_json(const Action& action, const Json& input, const Json& output);

// Before the call whose answer is to be kept. name: 1 to 64 of a-z, 0-9, "_" and "-". Throws Failure{invalid} for
// another name, {unsupported} without a folder, {conflict} for a fixture that is to be kept.
void check_fixture(const std::string& folder, const std::string& name, Existing existing);

// Writes FOLDER/fixtures/NAME.json and gives its path. Throws as check_fixture does, and Failure{unavailable} when
// it cannot be written.
std::string save_fixture(const std::string& folder, const std::string& name, const Action& action, const Json& input,
                         const Json& output, Existing existing);

}  // namespace junctor::connector
