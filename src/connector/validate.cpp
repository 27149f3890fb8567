#include "connector/validate.h"

#include "connector/checks.h"
#include "connector/decode.h"

namespace junctor::connector {

std::string join(std::string_view a, std::string_view b) {
  return a.empty() ? std::string(b) : std::string(a) + "." + std::string(b);
}

std::string at_index(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "none" : out;
}

std::string expected_one_of(std::string_view what, std::string_view found,
                            const std::vector<std::string>& words) {
  std::string out = words.empty() ? std::string(what) + ", of which there is none"
                                  : std::string(what) + ": " + list_of(words);
  const std::string close = nearest(found, words);
  if (!close.empty()) out += "; did you mean \"" + close + "\"?";
  return out;
}

Findings validate(const Integration& integration) {
  Findings out;
  check_identity(integration, out);
  check_slugs(integration, out);
  check_actions(integration, out);
  check_calls(integration, out);
  check_references(integration, out);
  check_webhooks(integration, out);
  check_flows(integration, out);
  check_fields(integration, out);
  check_expressions(integration, out);
  check_schemas(integration, out);
  check_usual(integration, out);
  return out;
}

}  // namespace junctor::connector
