// The vars of a connection, asked of a person on the terminal.
//
// Threads: one.
#pragma once

#include <functional>
#include <vector>

#include "vault/field.h"

namespace junctor::cli {

// Where the choices of a select come from that an action fetches.
using OptionsSource = std::function<std::vector<vault::FieldOption>(const vault::FieldDeclaration&, const JsonObject& vars)>;

// Asks for the visible fields of one phase, in their order, each after the field that shows it. What does not fit,
// a required field left empty and a mask are told and asked for again; "@FILE" stands for a file where several lines
// are asked for. vars: what is known already. Failure{cancelled} when the input ends.
JsonObject ask_vars(const vault::FieldDeclarations& fields, vault::FieldPhase phase, JsonObject vars, const OptionsSource& options);

}  // namespace junctor::cli
