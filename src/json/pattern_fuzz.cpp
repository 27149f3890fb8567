// First line: a pattern; the rest: a text. The table and the general engine must agree.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "json/pattern.h"
#include "json/serialize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using junctor::json::Pattern;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const auto split = input.find('\n');
  if (split == std::string_view::npos || !junctor::is_utf8(input)) return 0;
  const std::string pattern(input.substr(0, split));
  const std::string_view text = input.substr(split + 1);
  const auto one = Pattern::compile(pattern);
  if (!one) return 0;
  junctor::json::PatternScratch scratch(20000);
  const auto first = one.value().match(text, scratch);
  if (!one.value().is_linear()) return 0;
  // A look-ahead that always holds sends the same pattern to the general engine.
  const auto other = Pattern::compile("(?=)(?:" + pattern + ")");
  if (!other) std::abort();
  const auto second = other.value().match(text, scratch);
  if (second != Pattern::Outcome::too_much_work && first != second) std::abort();
  return 0;
}
