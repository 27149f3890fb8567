#include "cli/project_check.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/registry.h"
#include "vault/field.h"

namespace junctor {
namespace {

template <typename Names>
std::string one_of(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "one of " : ", ") + name;
  return out;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

class Judge final {
 public:
  explicit Judge(const KnownIntegrations& known) : known_(known) {}
  std::vector<Problem> problems;

  void judge(const ProjectConnection& connection) {
    const LoadedIntegration* integration = find(connection.integration, connection.place);
    if (integration == nullptr) return;
    judge_method(connection, integration->profile.auth_methods);
    judge_vars(connection, integration->profile.fields);
  }

  void judge(const ProjectEndpoint& endpoint) {
    const LoadedIntegration* integration = find(endpoint.integration, endpoint.place);
    if (integration == nullptr || is_open(endpoint.place, "webhook")) return;
    if (integration->webhooks.contains(endpoint.webhook)) return;
    const auto webhooks = keys_of(integration->webhooks);
    note(endpoint.place, "webhook", "\"" + endpoint.webhook + "\"",
         webhooks.empty() ? "no endpoint: " + endpoint.integration + " declares no webhook" : one_of(webhooks));
  }

 private:
  static bool is_open(const ProjectPlace& place, const std::string& member) {
    return place.unset.contains(member);
  }

  void note(const ProjectPlace& place, const std::string& member, std::string found, std::string expected) {
    auto line = place.lines.find(member);
    if (line == place.lines.end()) line = place.lines.find("");
    problems.push_back({place.path + "." + member, line == place.lines.end() ? 0 : line->second,
                        std::move(found), std::move(expected), place.file});
  }

  const LoadedIntegration* find(const std::string& slug, const ProjectPlace& place) {
    if (is_open(place, "integration")) return nullptr;
    const auto found = known_.by_slug.find(slug);
    if (found != known_.by_slug.end()) return found->second.get();
    if (!known_.are_all) return nullptr;
    const auto slugs = keys_of(known_.by_slug);
    note(place, "integration", "\"" + slug + "\"",
         slugs.empty() ? "an integration that is loaded: name its folder in `integrations`, or run the program it is built into" : one_of(slugs));
    return nullptr;
  }

  void judge_method(const ProjectConnection& connection, const std::vector<std::string>& methods) {
    const std::string& method = connection.auth_method;
    if (method.empty() || is_open(connection.place, "auth_method")) return;
    if (std::find(methods.begin(), methods.end(), method) != methods.end()) return;
    note(connection.place, "auth_method", "\"" + method + "\"",
         methods.empty() ? "no auth_method; the integration has none" : one_of(methods));
  }

  void judge_vars(const ProjectConnection& connection, const vault::FieldDeclarations& fields) {
    // A field that shows by the value of another may be needed or not, as long as that value is open.
    const auto hangs_on_open = [&](const vault::FieldDeclaration& field) {
      return field.visible_when && is_open(connection.place, "vars." + field.visible_when->field);
    };
    const bool all_is_known = std::none_of(fields.begin(), fields.end(), hangs_on_open);
    const auto checked = vault::check_vars(fields, connection.vars, {}, {},
                                           all_is_known ? vault::Completeness::before_authorisation
                                                        : vault::Completeness::as_far_as_given);
    if (checked) return;
    for (const Problem& problem : checked.problems()) {
      if (!is_open(connection.place, problem.path)) note(connection.place, problem.path, problem.found, problem.expected);
    }
  }

  const KnownIntegrations& known_;
};

}  // namespace

std::vector<Problem> judge_project(const Project& project, const KnownIntegrations& known) {
  Judge judge(known);
  for (const ProjectConnection& connection : project.connections) judge.judge(connection);
  for (const ProjectEndpoint& endpoint : project.endpoints) judge.judge(endpoint);
  return std::move(judge.problems);
}

}  // namespace junctor
