// Text → program.
#pragma once

#include <memory>
#include <string_view>

#include "jsonata/ast.h"

namespace junctor::jsonata {

// Throws Error S…. `outer` is the scope around a text given to $eval.
std::shared_ptr<const Program> compile_program(std::string_view text, const Scope* outer = nullptr);

}  // namespace junctor::jsonata
