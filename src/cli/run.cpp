#include <iostream>

#include "base/freed_memory.h"
#include "cli/command_line.h"
#include "cli/connections_command.h"
#include "cli/crash_dumps.h"
#include "cli/jsonata_command.h"
#include "cli/keys_command.h"
#include "cli/plug_command.h"
#include "cli/schema_command.h"
#include "cli/serve_command.h"
#include "cli/store_commands.h"
#include "cli/token_command.h"
#include "cli/validate_command.h"
#include "junctor/junctor.h"

namespace junctor {
namespace {

using Kind = CommandOption::Kind;

Command serve(const std::vector<Integration>& integrations) {
  return {"serve",
          "Run the engine: receive webhooks, call APIs, run flows",
          {{"PROJECT", "project folders, integration folders or files; the current folder when it holds a project", Kind::places}},
          Settings::taken,
          [integrations](const Given& given) { return run_serve_command(given, integrations); }};
}

Command validate(const std::vector<Integration>& integrations) {
  return {"validate",
          "Check definitions; print every problem with its place",
          {{"PLACE", "integration or project folders", Kind::places},
           {"--json", "problems as JSON", Kind::flag}},
          Settings::not_taken,
          [integrations](const Given& given) { return run_validate_command(given, integrations); }};
}

Command jsonata() {
  return {"jsonata",
          "Evaluate a JSONata expression over a JSON text",
          {{"EXPR", "the expression", Kind::optional_place},
           {"FILE", "the input; standard input when it is left out or \"-\"", Kind::optional_place},
           {"--compact", "print on one line", Kind::flag},
           {"--check", "only compile the expression", Kind::flag},
           {"--batch", "one {\"expr\", \"input\"?, …} per line in, one answer per line out", Kind::flag}},
          Settings::not_taken,
          [](const Given& given) {
            cli::JsonataCommandOptions options;
            options.expression = given.value("EXPR");
            options.file = given.value("FILE");
            options.check = given.has("check");
            options.batch = given.has("batch");
            if (given.has("compact")) options.layout = cli::JsonataCommandOptions::Layout::compact;
            // With --batch there is no expression: the only argument is the file.
            if (options.batch && options.file.empty()) options.file = options.expression;
            if (!options.batch && options.expression.empty()) {
              std::cerr << "junctor: an expression is needed: junctor jsonata 'EXPR' [FILE]\n";
              return 2;
            }
            return cli::run_jsonata_command(options, std::cin, std::cout, std::cerr);
          }};
}

std::vector<Command> commands(const std::vector<Integration>& integrations) {
  std::vector<Command> all{serve(integrations), validate(integrations), jsonata()};
  for (Command& command : store_commands()) all.push_back(std::move(command));
  for (Command& command : schema_commands()) all.push_back(std::move(command));
  for (Command& command : plug_commands()) all.push_back(std::move(command));
  for (Command& command : definition_commands()) all.push_back(std::move(command));
  for (Command& command : cli::keys_commands()) all.push_back(std::move(command));
  for (Command& command : cli::token_commands(integrations)) all.push_back(std::move(command));
  for (Command& command : cli::connection_commands()) all.push_back(std::move(command));
  return all;
}

}  // namespace

int run(int argc, const char* const* argv, const std::vector<Integration>& integrations) {
  forbid_crash_dumps();
  zero_freed_memory();
  return run_command_line(argc, argv, commands(integrations));
}

}  // namespace junctor
