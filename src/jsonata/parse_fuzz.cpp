// Any bytes as the text of an expression: compiles, or says why not.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "junctor/jsonata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  junctor::jsonata::Expression::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
