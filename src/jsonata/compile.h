// Text → program.
#pragma once

#include <memory>
#include <string_view>

#include "jsonata/ast.h"

namespace junctor::jsonata {

// Throws Error S…. `outer` is the scope around a text given to $eval; `interrupt` is called often
// and may throw.
std::shared_ptr<const Program> compile_program(std::string_view text, const Scope* outer = nullptr,
                                               const std::function<void()>* interrupt = nullptr);

}  // namespace junctor::jsonata
