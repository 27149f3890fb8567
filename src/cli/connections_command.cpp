#include "cli/connections_command.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "async/scope.h"
#include "auth/ports.h"
#include "base/crypto.h"
#include "cli/terminal.h"
#include "cli/vault_access.h"
#include "engine/project.h"
#include "engine/registry.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "vault/connections.h"

namespace junctor::cli {
namespace {

using Kind = CommandOption::Kind;
using vault::FieldDeclaration;

constexpr std::size_t most_vars_bytes = 1024 * 1024;

const CommandOption tenant_option{"--tenant", "the tenant; default when it is left out", Kind::value};
const CommandOption project_option{"--project", "project or integration folders with the definitions", Kind::values};
const CommandOption vars_option{"--vars-file", "vars as a JSON object; \"-\" reads standard input", Kind::value};
const CommandOption json_option{"--json", "as JSON", Kind::flag};
const CommandOption reference_option{"CONNECTION", "its id, \"integration/name\", or the integration when it has one", Kind::place};

class RegistryCatalogue final : public vault::IntegrationCatalogue {
 public:
  explicit RegistryCatalogue(std::shared_ptr<const Registry> registry) : registry_(std::move(registry)) {}
  std::optional<vault::IntegrationProfile> profile(std::string_view slug) const override {
    const auto found = registry_ ? registry_->find(slug) : nullptr;
    return found ? std::optional(auth::integration_profile(found->definition)) : std::nullopt;
  }

 private:
  std::shared_ptr<const Registry> registry_;
};

// What a command works with: the services, on the database of the engine.
struct Work {
  explicit Work(const Given& given) : access(open_vault(given)), catalogue(load(given)), tenant(given.value("tenant", default_tenant().text())) {}

  static std::shared_ptr<const Registry> load(const Given& given) {
    if (!given.has("project")) return nullptr;
    NodeInput input;
    for (const std::string& folder : given.values("project")) input.projects.push_back(load_project(folder).value_or_throw());
    return load_registry(input).value_or_throw();
  }

  VaultAccess access;
  RegistryCatalogue catalogue;
  vault::Connections connections{*access.vault, catalogue};
  TenantId tenant;
};

JsonObject read_vars(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw Failure(FailureKind::not_found, "cannot read the vars file " + file);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  auto parsed = json::parse(text, {.max_depth = 64, .max_bytes = most_vars_bytes});
  crypto::wipe(text);
  if (!parsed || !parsed.value().is_object()) throw Failure(FailureKind::invalid, "the vars file holds no JSON object");
  return std::move(parsed.value().as_object());
}

bool is_asked_for(const FieldDeclaration& field, const JsonObject& vars) {
  if (field.phase == vault::FieldPhase::after_authorisation) return false;
  if (!field.visible_when) return true;
  const Json* other = vars.if_contains(field.visible_when->field);
  return other != nullptr && *other == field.visible_when->equals;
}

std::string question(const FieldDeclaration& field) {
  std::string out = field.label.empty() ? field.key : field.label;
  if (!field.help.empty()) out += " (" + field.help + ")";
  for (std::size_t i = 0; i < field.options.size(); ++i)
    out += (i == 0 ? " one of " : ", ") + json::to_text(field.options[i].value);
  if (field.default_value) out += " [" + json::to_text(*field.default_value) + "]";
  return out + (field.required ? ": " : ", may stay empty: ");
}

JsonObject ask_vars(vault::FieldDeclarations fields) {
  std::stable_sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  JsonObject vars;
  for (const FieldDeclaration& field : fields) {
    if (!is_asked_for(field, vars)) continue;
    if (field.is_secret()) {
      const Secret secret = ask_secret(question(field));
      if (!secret.empty()) vars[field.key] = secret.reveal();
    } else if (const std::string text = ask(question(field)); !text.empty()) {
      vars[field.key] = text;
    } else if (field.default_value) {
      vars[field.key] = *field.default_value;
    }
  }
  return vars;
}

void print(const vault::Connection& connection, const Given& given) {
  if (given.has("json")) {
    std::cout << json::to_text(Json(vault::to_json(connection)), json::Layout::pretty) << '\n';
    return;
  }
  std::cout << connection.id.to_string() << "  " << connection.integration << "/" << connection.name << "  "
            << vault::to_string(connection.status) << (connection.enabled == vault::Enabled::yes ? "" : ", disabled") << ", "
            << vault::to_string(connection.health.state) << '\n';
}

int add(const Given& given) {
  Work work(given);
  const std::string integration = given.value("INTEGRATION");
  const auto profile = work.catalogue.profile(integration);
  if (!profile)
    throw vault::ConnectionFailure(vault::ConnectionError::unknown_integration,
                                   "there is no integration \"" + integration + "\" in the folders given with --project");
  if (!given.has("vars-file") && !is_interactive()) {
    std::cerr << "junctor: standard input is no terminal; give the vars with --vars-file\n";
    return 2;
  }
  const JsonObject vars = given.has("vars-file") ? read_vars(given.value("vars-file")) : ask_vars(profile->fields);
  run_in_fiber([&](Fiber& fiber) {
    print(work.connections.create(fiber, work.tenant, {integration, given.value("name"), given.value("method"), vars}), given);
  });
  return 0;
}

int list(const Given& given) {
  Work work(given);
  JsonArray all;
  run_in_fiber([&](Fiber& fiber) {
    vault::ConnectionFilter filter;
    filter.integration = given.value("INTEGRATION");
    for (auto page = work.connections.list(fiber, work.tenant, filter); !page.empty(); page = work.connections.list(fiber, work.tenant, filter)) {
      for (const vault::Connection& one : page) {
        if (given.has("json")) {
          all.push_back(vault::to_json(one));
        } else {
          print(one, given);
        }
      }
      filter.after = page.back().id;
    }
  });
  if (given.has("json")) std::cout << json::to_text(Json(all), json::Layout::pretty) << '\n';
  return 0;
}

int show(const Given& given) {
  Work work(given);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    std::cout << json::to_text(Json(vault::to_json(connection)), json::Layout::pretty) << '\n';
  });
  return 0;
}

int change(const Given& given, const vault::ConnectionChange& wanted) {
  Work work(given);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    print(work.connections.update(fiber, work.tenant, connection.id, wanted), given);
  });
  return 0;
}

int set(const Given& given) {
  vault::ConnectionChange wanted;
  if (given.has("vars-file")) wanted.vars = read_vars(given.value("vars-file"));
  if (given.has("name")) wanted.name = given.value("name");
  return change(given, wanted);
}

int enable(const Given& given, vault::Enabled enabled) {
  vault::ConnectionChange wanted;
  wanted.enabled = enabled;
  return change(given, wanted);
}

int remove(const Given& given) {
  Work work(given);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    work.connections.remove(fiber, work.tenant, connection.id);
    std::cout << "removed " << connection.integration << "/" << connection.name << " and its secrets\n";
  });
  return 0;
}

}  // namespace

std::vector<Command> connection_commands() {
  return {{"connections add",
           "Connect an integration; asks for its vars on a terminal",
           {{"INTEGRATION", "the integration's slug", Kind::place},
            {"--name", "the connection's name; default when it is left out", Kind::value},
            {"--method", "the way to authorise, where the integration has several", Kind::value},
            vars_option,
            project_option,
            tenant_option,
            json_option},
           Settings::taken,
           add},
          {"connections list",
           "Show the connections there are",
           {{"INTEGRATION", "only of this integration", Kind::optional_place}, tenant_option, json_option},
           Settings::taken,
           list},
          {"connections show", "Show one connection, secrets as masks", {reference_option, tenant_option, json_option}, Settings::taken, show},
          {"connections set",
           "Change vars or the name",
           {reference_option, vars_option, {"--name", "a new name", Kind::value}, project_option, tenant_option, json_option},
           Settings::taken,
           set},
          {"connections enable",
           "Let a connection be used",
           {reference_option, tenant_option, json_option},
           Settings::taken,
           [](const Given& given) { return enable(given, vault::Enabled::yes); }},
          {"connections disable",
           "Keep a connection, and refuse its use",
           {reference_option, tenant_option, json_option},
           Settings::taken,
           [](const Given& given) { return enable(given, vault::Enabled::no); }},
          {"connections remove", "Delete a connection and its secrets", {reference_option, tenant_option}, Settings::taken, remove}};
}

}  // namespace junctor::cli
