#include "auth/principal.h"

#include <fmt/format.h>

namespace junctor::auth {
namespace {

constexpr std::size_t most_scope_bytes = 100, most_scopes = 100;

bool is_scope(std::string_view word) {
  if (word.empty() || word.size() > most_scope_bytes) return false;
  for (const char c : word)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
        std::string_view("_-.:*/").find(c) == std::string_view::npos)
      return false;
  return word == "*" || word.find('*') == std::string_view::npos ||
         (word.ends_with(":*") && word.find('*') == word.size() - 1);
}

}  // namespace

Scopes Scopes::parse(std::string_view text) {
  std::set<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!is_scope(word) || names.size() >= most_scopes)
      throw Failure(FailureKind::invalid,
                    fmt::format("\"{}\" is no scope; scopes look like connections:read",
                                word.substr(0, most_scope_bytes)));
    names.emplace(word);
  }
  return Scopes(std::move(names));
}

bool Scopes::allow(std::string_view scope) const {
  if (names_.contains("*")) return true;  // an action may declare a word that no token can name
  if (!is_scope(scope)) return false;
  if (names_.contains(std::string(scope))) return true;
  for (std::size_t colon = scope.find(':'); colon != std::string_view::npos;
       colon = scope.find(':', colon + 1))
    if (names_.contains(std::string(scope.substr(0, colon + 1)) + "*")) return true;
  return false;
}

std::string Scopes::text() const { return fmt::format("{}", fmt::join(names_, " ")); }

void Principal::require(std::string_view scope) const {
  if (!scopes.allow(scope))
    throw Failure(FailureKind::denied,
                  fmt::format("this needs the scope {}, which your token does not have", scope));
}

NotAuthenticated::NotAuthenticated(Reason reason, std::string message, std::string detail)
    : Failure(FailureKind::denied, std::move(message), std::move(detail)), reason_(reason) {}

std::string NotAuthenticated::challenge() const {
  return reason_ == Reason::missing ? "Bearer realm=\"junctor\""
                                    : "Bearer realm=\"junctor\", error=\"invalid_token\"";
}

}  // namespace junctor::auth
