#include "api/known_scopes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace junctor::api {
namespace {

constexpr std::string_view of_routes[] = {
    "actions:call",      "connections:read", "connections:write", "endpoints:read", "endpoints:write",
    "events:read",       "events:write",     "integrations:read", "plug:write",     "queues:read",
    "queues:write",      "runs:read",        "runs:write",        "tokens:read",    "tokens:write"};

std::set<std::string> known_scopes(const Registry& registry) {
  std::set<std::string> out(std::begin(of_routes), std::end(of_routes));
  for (const auto& [slug, integration] : registry.all())
    for (const Action& action : integration->definition.actions) out.insert(action.scopes.begin(), action.scopes.end());
  return out;
}

// "runs:*" is known where something begins with "runs:".
bool is_known(const std::string& word, const std::set<std::string>& known) {
  if (word == "*" || known.contains(word)) return true;
  if (!word.ends_with(":*")) return false;
  const auto first = known.lower_bound(word.substr(0, word.size() - 1));
  return first != known.end() && first->starts_with(word.substr(0, word.size() - 1));
}

}  // namespace

std::optional<Problem> unknown_scopes(const auth::Scopes& scopes, const Registry& registry) {
  const std::set<std::string> known = known_scopes(registry);
  std::vector<std::string> unknown;
  for (const std::string& word : scopes.names())
    if (!is_known(word, known)) unknown.push_back("\"" + word + "\"");
  if (unknown.empty()) return std::nullopt;
  return Problem{"scopes", 0, fmt::format("{}, which nothing asks for", fmt::join(unknown, ", ")),
                 fmt::format("\"*\" for everything, or of {}, also as \"runs:*\"", fmt::join(known, ", ")), {}};
}

}  // namespace junctor::api
