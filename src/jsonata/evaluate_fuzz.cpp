// An expression, a zero byte, and JSON as its input: a result or an error within small limits.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "junctor/jsonata.h"

namespace jsonata = junctor::jsonata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static jsonata::Arena arena;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = all.find('\0');
  const std::string_view text = all.substr(0, zero);
  boost::json::value input;
  if (zero != std::string_view::npos) {
    boost::json::error_code error;
    input = boost::json::parse(all.substr(zero + 1), error);
    if (error) input = nullptr;
  }
  jsonata::EvaluateOptions options;
  options.limits.time = std::chrono::milliseconds(200);
  options.limits.depth = 400;
  options.limits.sequence_length = 100'000;
  options.limits.memory_bytes = 32u << 20;
  try {
    const auto expression = jsonata::Expression::compile(text);
    const auto result = expression.evaluate(input, arena, options);
    const auto view = expression.view(input, arena, options);
    (void)view.kind();
    if (size < 200) expression.trace(input, arena, options);
  } catch (const jsonata::Error& error) {
    if (error.code().empty() || error.message().empty()) std::abort();
  }
  return 0;
}
