// Error codes → one line for the author of an expression.
//
// Threads: any thread; no state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "junctor/jsonata.h"

namespace junctor::jsonata {

// What a message may mention. Texts stand as they are, values already as JSON.
struct Mention {
  std::size_t position = Error::nowhere;
  std::string token = {};
  std::string value = {};
  std::string value2 = {};
  std::size_t index = 0;
};

Error make_error(std::string_view code, Mention mention = {});

// The message of a code with its gaps filled; used again when a token becomes known later.
std::string message_for(std::string_view code, const Mention& mention);

}  // namespace junctor::jsonata
