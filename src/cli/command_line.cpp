#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <list>

#include "cli/version.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

// Where the parser puts what it finds for one command; addresses must not move.
struct Parsed {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, bool> flags;
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, std::string> settings;
  std::map<std::string, bool> setting_flags;
};

std::string plain(const std::string& name) {
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

void add_option(Parsed& parsed, const CommandOption& option) {
  using Kind = CommandOption::Kind;
  const std::string name = plain(option.name);
  if (option.kind == Kind::flag) {
    parsed.app->add_flag(option.name, parsed.flags[name], option.help);
    return;
  }
  auto* added = parsed.app->add_option(option.name, parsed.values[name], option.help);
  const bool several = option.kind == Kind::places || option.kind == Kind::values;
  if (!several) added->expected(1)->allow_extra_args(false);
  if (option.kind == Kind::place) added->required();
  added->type_name(option.kind == Kind::value || several ? "VALUE" : "");
  if (option.kind == Kind::values) added->take_all();
}

void add_settings(Parsed& parsed) {
  for (const Setting& setting : settings()) {
    const std::string key(setting.key);
    const std::string help =
        std::string(setting.help) + " [" + environment_of(setting) + "]";
    if (setting.value_name.empty())
      parsed.app->add_flag(flag_of(setting), parsed.setting_flags[key], help)->group("Settings");
    else
      parsed.app->add_option(flag_of(setting), parsed.settings[key], help)
          ->type_name(std::string(setting.value_name))
          ->group("Settings");
  }
}

// "keys rotate" stands below a group "keys", made when it is first met; the group's help names its commands.
CLI::App* place_of(CLI::App& root, std::map<std::string, CLI::App*>& groups, const Command& command) {
  const auto space = command.name.find(' ');
  if (space == std::string::npos) return root.add_subcommand(command.name, command.help);
  const std::string group = command.name.substr(0, space);
  auto& app = groups[group];
  if (app == nullptr) {
    app = root.add_subcommand(group);
    app->require_subcommand(1);
  }
  const std::string name = command.name.substr(space + 1);
  app->description(app->get_description().empty() ? name : app->get_description() + ", " + name);
  return app->add_subcommand(name, command.help);
}

Given given(const Parsed& parsed) {
  Given out;
  for (const auto& [name, on] : parsed.flags)
    if (on) out.values_[name] = {};
  for (const auto& [name, values] : parsed.values)
    if (!values.empty()) out.values_[name] = values;
  for (const auto& [key, text] : parsed.settings)
    if (!text.empty()) out.settings_[key] = text;
  for (const auto& [key, on] : parsed.setting_flags)
    if (on) out.settings_[key] = "true";
  return out;
}

int run_one(const Parsed& parsed) {
  try {
    const int code = parsed.command->run(given(parsed));
    if (std::cout.flush()) return code;
    std::cerr << "junctor: the output cannot be written\n";
    return code == 0 ? 1 : code;
  } catch (const Failure& failure) {
    std::cerr << "junctor: " << failure.message() << '\n';
    return failure.kind() == FailureKind::invalid && failure.detail() == "misuse" ? 2 : 1;
  } catch (const std::exception& error) {
    std::cerr << "junctor: " << error.what() << '\n';
    return 1;
  }
}

// What is wrong with the words that name a command; empty when the parser can go on with them.
std::string misnamed(int argc, const char* const* argv, const std::vector<Command>& commands) {
  const std::string first = argc > 1 ? argv[1] : "", second = argc > 2 ? argv[2] : "";
  std::string all, of_group;
  for (const Command& command : commands) {
    const auto space = std::min(command.name.find(' '), command.name.size());
    const std::string group = command.name.substr(0, space);
    if (command.name == first || command.name == first + " " + second) return {};
    if ((" " + all + ",").find(" " + group + ",") == std::string::npos) all += (all.empty() ? "" : ", ") + group;
    if (group == first) of_group += (of_group.empty() ? "" : ", ") + command.name.substr(space + 1);
  }
  if (first.starts_with('-') || (!of_group.empty() && second.starts_with('-'))) return {};
  if (of_group.empty()) return (first.empty() ? "a command is needed" : "there is no command \"" + first + "\"") + "; there are " + all;
  return first + (second.empty() ? " needs one of its commands" : " has no command \"" + second + "\"") + "; it has " + of_group;
}

}  // namespace

std::string Given::value(const std::string& name, const std::string& otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() || found->second.empty() ? otherwise : found->second.back();
}

std::vector<std::string> Given::values(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

int run_command_line(int argc, const char* const* argv, const std::vector<Command>& commands) {
  CLI::App root("Junctor: webhooks in, API calls out, nothing lost in between.", "junctor");
  root.set_version_flag("--version", std::string("junctor ") + version);
  root.require_subcommand(1);
  if (const std::string fault = misnamed(argc, argv, commands); !fault.empty()) {
    std::cerr << "junctor: " << fault << '\n';
    return 2;
  }
  std::map<std::string, CLI::App*> groups;
  std::list<Parsed> all;
  for (const Command& command : commands) {
    Parsed& parsed = all.emplace_back();
    parsed.command = &command;
    parsed.app = place_of(root, groups, command);
    for (const CommandOption& option : command.options) add_option(parsed, option);
    if (command.settings == Settings::taken) add_settings(parsed);
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = root.exit(error);
    return code == 0 ? 0 : 2;
  }
  for (const Parsed& parsed : all)
    if (parsed.app->parsed()) return run_one(parsed);
  return 2;
}

}  // namespace junctor
