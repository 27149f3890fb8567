#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/cron.h"
#include "connector/checks.h"
#include "connector/places.h"
#include "connector/topics.h"
#include "connector/triggers.h"

namespace junctor::connector {
namespace {

constexpr std::array<std::string_view, 5> route_methods = {"GET", "POST", "PUT", "PATCH", "DELETE"};

void check_route(const Integration& integration, const Action& action, const std::string& at,
                 std::map<std::string, std::string>& routes, Findings& out) {
  if (std::find(route_methods.begin(), route_methods.end(), action.method) == route_methods.end()) {
    out.problem(join(at, "method"), "\"" + action.method + "\"", "GET, POST, PUT, PATCH or DELETE");
  }
  const std::string route = route_path(integration, action);
  if (!route.starts_with('/')) out.problem(join(at, "path"), "\"" + route + "\"", "a path that begins with \"/\"");
  const auto pieces = parse_places(route);
  if (!pieces) {
    out.problem(join(at, "path"), pieces.problems().front().found, pieces.problems().front().expected);
    return;
  }
  std::string shape = action.method + " ";  // "/a/{id}" and "/a/{key}" are the same route
  for (const Piece& piece : pieces.value()) shape += piece.is_place ? "{}" : piece.text;
  const auto [first, fresh] = routes.emplace(shape, action.slug);
  if (!fresh) out.problem(join(at, "path"), action.method + " " + route, "a route of its own; " + first->second + " has it already");
}

void check_route_params(const Integration& integration, const Action& action, const std::string& at,
                        Findings& out) {
  const auto places = places_of(route_path(integration, action));
  std::set<std::string> declared;
  for (const Param& param : action.params) {
    declared.insert(param.name);
    const bool named = std::find(places.begin(), places.end(), param.name) != places.end();
    if (param.in == ParamPlace::path && !named && !action.path.empty()) {
      out.problem(join(at, "params." + param.name + ".in"), "path", "a place {" + param.name + "} in \"" + action.path + "\"");
    }
    if (param.in == ParamPlace::body && action.method == "GET") {
      out.problem(join(at, "params." + param.name + ".in"), "body of a GET", "path, query or header");
    }
  }
  if (!params_describe_input(action)) return;
  for (const std::string& place : places) {
    if (!declared.contains(place)) {
      out.problem(join(at, "path"), "the place {" + place + "}", "a parameter of that name under params");
    }
  }
}

void check_param(const Param& param, const std::string& at, Findings& out) {
  const bool choice = param.ui_type == UiType::select || param.ui_type == UiType::multiselect;
  if (choice && param.options.empty() && param.schema.empty()) {
    out.problem(join(at, "options"), "none", "the options of a select");
  }
  if (param.min && param.max && *param.min > *param.max) {
    out.problem(join(at, "min"), "a minimum above the maximum", "min ≤ max");
  }
  if (param.step && *param.step <= 0) out.problem(join(at, "step"), "no step forward", "a number above 0");
  if (!param.default_.is_null() && param.ui_type == UiType::select && !param.options.empty()) {
    const bool known = std::any_of(param.options.begin(), param.options.end(),
                                   [&](const Option& option) { return option.value == param.default_; });
    if (!known) out.problem(join(at, "default"), "a value that is no option", "the value of one of the options");
  }
}

void check_params(const Action& action, const std::string& at, Findings& out) {
  std::set<std::string> seen;
  for (const Param& param : action.params) {
    const std::string here = join(at, "params." + param.name);
    if (param.name.empty()) out.problem(join(at, "params"), "a parameter without a name", "a name for each");
    else if (!seen.insert(param.name).second) out.problem(here, "a second \"" + param.name + "\"", "each parameter once");
    check_param(param, here, out);
  }
}

void check_expandable(const Integration& integration, const Action& action, const std::string& at, Findings& out) {
  for (const Expandable& one : action.expandable) {
    if (integration.find_action(one.action) == nullptr) {
      out.problem(join(at, "expandable." + one.field + ".action"), "\"" + one.action + "\"",
                  expected_one_of("an action", one.action, slugs_of(integration.actions)));
    }
  }
}

void check_body(const Action& action, const std::string& at, Findings& out) {
  if (action.api && action.handler) {
    out.problem(at, "an api block and a C++ handler", "one of them");
  } else if (!action.api && !action.handler) {
    out.problem(at, "nothing to execute", "an api block (or a handler in C++)");
  }
  if (action.sync && action.sync->entity.empty()) out.problem(join(at, "sync.entity"), "nothing", "the entity's name");
  if (action.concurrency < 0) out.problem(join(at, "concurrency"), std::to_string(action.concurrency), "0 or more");
  if (action.memoize && action.memoize->ttl.count() <= 0) out.problem(join(at, "memoize.ttl"), "no time", "how long: 5m");
}

void check_schedule(const Trigger& trigger, const std::string& at, Findings& out) {
  if (trigger.every) {
    if (!trigger.cron.empty()) out.problem(join(at, "cron"), "cron and every", "one of them");
    if (trigger.every->count() < 1000) out.problem(join(at, "every"), "less than a second", "1s or more");
    return;
  }
  if (trigger.cron.empty()) {
    out.problem(join(at, "cron"), "nothing", "a cron expression, or `every`");
    return;
  }
  const auto parsed = CronSchedule::parse(trigger.cron, trigger.timezone.empty() ? "UTC" : trigger.timezone);
  if (parsed) return;
  for (const Problem& fault : parsed.problems()) {
    const bool zone = fault.path == "timezone";
    out.problem(join(at, zone ? "timezone" : "cron"),
                (zone || fault.path.empty() ? "" : fault.path + ": ") + fault.found, fault.expected);
  }
}

}  // namespace

void check_triggers(const Integration& integration, const std::vector<Trigger>& triggers, const std::string& at,
                    Findings& out) {
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    const Trigger& trigger = triggers[i];
    const std::string here = at_index(join(at, "triggers"), i);
    switch (trigger.type) {
      case TriggerType::event:
        if (trigger.events.empty()) out.problem(join(here, "events"), "none", "topics such as github.push");
        check_topics(trigger.events, join(here, "events"), out);
        break;
      case TriggerType::schedule: check_schedule(trigger, here, out); break;
      case TriggerType::poll:
        if (!trigger.every && trigger.cron.empty()) out.problem(join(here, "every"), "nothing", "how often: 5m");
        else check_schedule(trigger, here, out);
        break;
      case TriggerType::webhook:
        for (const std::string& name : trigger.webhooks) {
          if (integration.find_webhook(name) == nullptr) {
            out.problem(join(here, "webhooks"), "\"" + name + "\"",
                        expected_one_of("a webhook type", name, slugs_of(integration.webhooks)));
          }
        }
        if (trigger.webhooks.empty()) out.problem(join(here, "webhooks"), "none", "webhook types of the integration");
        break;
    }
  }
}

void check_actions(const Integration& integration, Findings& out) {
  std::map<std::string, std::string> routes;
  for (const Action& action : integration.actions) {
    const std::string at = join("actions", action.slug);
    check_route(integration, action, at, routes, out);
    check_route_params(integration, action, at, out);
    check_params(action, at, out);
    check_triggers(integration, action.triggers, at, out);
    check_expandable(integration, action, at, out);
    check_body(action, at, out);
  }
}

}  // namespace junctor::connector
