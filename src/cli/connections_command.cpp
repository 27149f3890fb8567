#include "cli/connections_command.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <iostream>

#include "api/consent_pages.h"
#include "async/scope.h"
#include "auth/ports.h"
#include "cli/ask_vars.h"
#include "cli/local_engine.h"
#include "cli/terminal.h"
#include "cli/text_file.h"
#include "cli/vault_access.h"
#include "engine/field_options.h"
#include "engine/registry.h"
#include "json/parse.h"
#include "json/repeated_key.h"
#include "json/serialize.h"
#include "vault/connections.h"

namespace junctor::cli {
namespace {

using Kind = CommandOption::Kind;
using vault::FieldDeclaration;

constexpr std::size_t most_vars_bytes = 1024 * 1024;

const CommandOption tenant_option{"--tenant", "the tenant; default when it is left out", Kind::value};
const CommandOption vars_option{"--vars-file", "vars as a JSON object; \"-\" reads standard input", Kind::value};
const CommandOption json_option{"--json", "as JSON", Kind::flag};
const CommandOption reference_option{"CONNECTION", "its id, \"integration/name\", or the integration when it has one", Kind::place};

// Whether a command can do its work without the definitions.
enum class Definitions { needed, helpful };

// What a command works with: the services, on the database of the engine.
struct Work {
  explicit Work(const Given& given, Definitions definitions = Definitions::needed, Database database = Database::must_exist)
      : access(open_vault(given, database)), tenant(given.value("tenant", default_tenant().text())) {
    NodeInput input;
    input.projects = access.projects;
    auto loaded = load_registry(input);
    if (!loaded.ok() && definitions == Definitions::helpful) {
      std::cerr << "warning: the definitions are left aside:\n" << to_string(loaded.problems()) << '\n';
      return;
    }
    registry.set(std::move(loaded).value_or_throw());
  }

  // For commands that make calls.
  LocalEngine& engine() {
    if (!engine_) {
      HttpClientOptions options;
      options.guard = AddressGuard::allowing(access.config.allow_addresses).value_or_throw();
      engine_ = std::make_unique<LocalEngine>(*access.store, connections, registry, catalogue, options);
    }
    return *engine_;
  }

  VaultAccess access;
  CurrentRegistry registry;
  Catalogue catalogue{registry};
  vault::Connections connections{*access.vault, catalogue};
  TenantId tenant;

 private:
  std::unique_ptr<LocalEngine> engine_;
};

[[noreturn]] void refuse_vars(Problem problem, const std::string& file) {
  problem.file = file == "-" ? "standard input" : file;
  throw Failure(FailureKind::invalid, to_string(problem));
}

JsonObject read_vars(const std::string& file) {
  const Secret text = read_text(file, most_vars_bytes);
  auto parsed = json::parse(text.reveal(), {.max_depth = 64, .max_bytes = most_vars_bytes});
  if (!parsed) refuse_vars(parsed.problems().front(), file);
  if (auto repeated = json::repeated_key(text.reveal())) refuse_vars(*std::move(repeated), file);
  if (!parsed.value().is_object())
    refuse_vars({"", 0, "JSON that is no object", "an object with a member for each var, such as {\"key\": \"…\"}", ""}, file);
  return std::move(parsed.value().as_object());
}

// Options that cannot be fetched are no reason to stop: the value can be typed all the same.
std::vector<vault::FieldOption> fetch_options(Fiber& fiber, Work& work, const OptionsQuestion& question) {
  std::vector<vault::FieldOption> out;
  try {
    for (const Json& one : field_options(fiber, work.engine().actions(), work.tenant, question))
      out.push_back({std::string(one.at("label").as_string()), one.at("value")});
  } catch (const Failure& failure) {
    std::cerr << "the choices cannot be fetched: " << failure.message() << '\n';
  }
  return out;
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

// 0 when the connection works.
int run_test(Fiber& fiber, Work& work, const vault::Connection& connection, const Given& given) {
  const vault::Health health = work.connections.test(fiber, work.tenant, connection.id, work.engine().check());
  const auto after = work.connections.get(fiber, work.tenant, connection.id);
  if (given.has("json")) print(after, given);
  const bool good = health.state == vault::HealthState::healthy;
  std::cerr << connection.integration << "/" << connection.name << " " << vault::to_string(health.state);
  if (health.latency) std::cerr << " in " << health.latency->count() << " ms";
  std::cerr << (good ? "" : ": " + health.message) << '\n';
  return good ? 0 : 1;
}

// On a terminal, what can only be asked for once the connection can make calls.
vault::Connection ask_second_phase(Fiber& fiber, Work& work, const vault::IntegrationProfile& profile,
                                   const vault::Connection& made) {
  if (made.status == vault::ConnectionStatus::needs_authorisation) return made;
  const auto options = [&](const FieldDeclaration& field, const JsonObject&) {
    return fetch_options(fiber, work, {made.integration, field.key, made, {}});
  };
  vault::ConnectionChange change;
  change.vars = ask_vars(profile.fields, vault::FieldPhase::after_authorisation, made.vars, options);
  if (*change.vars == made.vars) return made;
  return work.connections.update(fiber, work.tenant, made.id, change);
}

std::string asked_after_consent(const vault::FieldDeclarations& fields, const vault::Connection& connection) {
  std::string keys;
  for (const FieldDeclaration& field : fields) {
    const bool open = !connection.vars.contains(field.key);
    if (field.phase == vault::FieldPhase::after_authorisation && !field.hidden && open && vault::is_visible(fields, field, connection.vars))
      keys += (keys.empty() ? "" : ", ") + field.key + (field.required ? "" : " (optional)");
  }
  return keys;
}

// A person has to open a link next; the command itself is done.
void tell_next_steps(const vault::Connection& connection, const vault::FieldDeclarations& fields) {
  if (connection.status != vault::ConnectionStatus::needs_authorisation) return;
  const std::string name = connection.integration + "/" + connection.name;
  std::cerr << "authorise it: junctor connections authorise " << name << '\n';
  const std::string keys = asked_after_consent(fields, connection);
  if (!keys.empty())
    std::cerr << "and then, not before, give " << keys << ": junctor connections set " << name << " --vars-file FILE\n";
}

int add(const Given& given) {
  Work work(given, Definitions::needed, Database::may_be_new);
  const std::string integration = given.value("INTEGRATION");
  const auto profile = work.catalogue.profile(integration);
  if (!profile)
    throw vault::ConnectionFailure(vault::ConnectionError::unknown_integration,
                                   "there is no integration \"" + integration + "\" in the projects; name their folders with --project");
  const bool asking = !given.has("vars-file");
  if (asking && !is_interactive()) {
    std::cerr << "junctor: standard input is no terminal; give the vars with --vars-file\n";
    return 2;
  }
  int code = 0;
  run_in_fiber([&](Fiber& fiber) {
    const auto options = [&](const FieldDeclaration& field, const JsonObject& vars) {
      return fetch_options(fiber, work, {integration, field.key, std::nullopt, vars});
    };
    const JsonObject vars = asking ? ask_vars(profile->fields, vault::FieldPhase::before_authorisation, {}, options)
                                   : read_vars(given.value("vars-file"));
    auto made = work.connections.create(fiber, work.tenant, {integration, given.value("name"), given.value("method"), vars});
    if (asking) made = ask_second_phase(fiber, work, *profile, made);
    if (!given.has("test") || !given.has("json")) print(made, given);
    tell_next_steps(made, profile->fields);
    if (given.has("test")) code = run_test(fiber, work, made, given);
  });
  return code;
}

int test(const Given& given) {
  Work work(given);
  int code = 0;
  run_in_fiber([&](Fiber& fiber) {
    code = run_test(fiber, work, work.connections.find(fiber, work.tenant, given.value("CONNECTION")), given);
  });
  return code;
}

// The link leads to the running engine, which shares this database.
int authorise(const Given& given) {
  Work work(given);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    const std::string base = public_url(work.access.config);
    const auto ticket = work.engine().authorization().invite(fiber, {work.tenant, connection.id}, api::callback_url(base), {});
    const std::string url = api::consent_url(base, ticket.text);
    if (given.has("json")) {
      std::cout << json::to_text(Json(JsonObject{{"url", url}, {"expires_at", to_string(ticket.expires_at)}}), json::Layout::pretty) << '\n';
      return;
    }
    std::cout << url << '\n';
    std::cerr << "open this link in a browser, once, until " << to_string(ticket.expires_at) << "; the engine has to run there\n";
  });
  return 0;
}

int options(const Given& given) {
  Work work(given);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    const JsonArray items = field_options(fiber, work.engine().actions(), work.tenant,
                                          {connection.integration, given.value("VAR"), connection, {}});
    if (given.has("json")) std::cout << json::to_text(Json(items), json::Layout::pretty) << '\n';
    else for (const Json& one : items)
      std::cout << json::to_text(one.at("value")) << "  " << one.at("label").as_string().c_str() << '\n';
  });
  return 0;
}

int list(const Given& given) {
  Work work(given, Definitions::helpful);
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
  Work work(given, Definitions::helpful);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    std::cout << json::to_text(Json(vault::to_json(connection)), json::Layout::pretty) << '\n';
  });
  return 0;
}

int change(const Given& given, const vault::ConnectionChange& wanted) {
  Work work(given, wanted.vars ? Definitions::needed : Definitions::helpful);
  run_in_fiber([&](Fiber& fiber) {
    const auto connection = work.connections.find(fiber, work.tenant, given.value("CONNECTION"));
    print(work.connections.update(fiber, work.tenant, connection.id, wanted), given);
  });
  return 0;
}

int set(const Given& given) {
  if (!given.has("vars-file") && !given.has("name")) {
    std::cerr << "junctor: nothing to change; give --vars-file or --name\n";
    return 2;
  }
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
  Work work(given, Definitions::helpful);
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
            {"--test", "prove it with the integration's test action", Kind::flag},
            project_option(),
            tenant_option,
            json_option},
           Settings::taken,
           add},
          {"connections test",
           "Prove that a connection works, and record its health",
           {reference_option, project_option(), tenant_option, json_option},
           Settings::taken,
           test},
          {"connections authorise",
           "Print the link with which a person gives consent in a browser",
           {reference_option, project_option(), tenant_option, json_option},
           Settings::taken,
           authorise},
          {"connections options",
           "Show the choices of a select that an action fetches",
           {reference_option, {"VAR", "key of the var", Kind::place}, project_option(), tenant_option, json_option},
           Settings::taken,
           options},
          {"connections list",
           "Show the connections there are",
           {{"INTEGRATION", "only of this integration", Kind::optional_place}, project_option(), tenant_option, json_option},
           Settings::taken,
           list},
          {"connections show", "Show one connection, secrets as masks", {reference_option, project_option(), tenant_option, json_option}, Settings::taken, show},
          {"connections set",
           "Change vars or the name",
           {reference_option, vars_option, {"--name", "a new name", Kind::value}, project_option(), tenant_option, json_option},
           Settings::taken,
           set},
          {"connections enable",
           "Let a connection be used",
           {reference_option, project_option(), tenant_option, json_option},
           Settings::taken,
           [](const Given& given) { return enable(given, vault::Enabled::yes); }},
          {"connections disable",
           "Keep a connection, and refuse its use",
           {reference_option, project_option(), tenant_option, json_option},
           Settings::taken,
           [](const Given& given) { return enable(given, vault::Enabled::no); }},
          {"connections remove", "Delete a connection and its secrets", {reference_option, project_option(), tenant_option}, Settings::taken, remove}};
}

}  // namespace junctor::cli
