#include "cli/serve_command.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>

#include "async/asio_wait.h"
#include "async/loop.h"
#include "async/scope.h"
#include "base/log.h"
#include "cli/node.h"
#include "cli/version.h"
#include "cli/workplace.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

log::Level level_of(const std::string& text) {
  if (text == "debug") return log::Level::debug;
  if (text == "warning") return log::Level::warning;
  if (text == "error") return log::Level::error;
  if (text == "off") return log::Level::off;
  return log::Level::info;
}

void reload(Fiber& fiber, Node& node, const std::vector<std::string>& folders) {
  auto projects = load_projects(folders, Environment::must_be_set);
  const std::vector<Problem> problems =
      projects.ok() ? node.reload(fiber, std::move(projects).value()) : projects.problems();
  if (problems.empty()) {
    log::write(log::Level::info, "engine", "definitions read again, {} integrations",
               node.integrations());
    return;
  }
  log::write(log::Level::error, "engine",
             "the new definitions are wrong; the old ones stay in force");
  for (const Problem& problem : problems)
    log::write(log::Level::error, "engine", "{}", to_string(problem));
}

// Until the process is told to end; a second signal ends it at once, as the system does by default.
void serve_until_signal(Fiber& fiber, Node& node, const std::vector<std::string>& folders) {
  boost::asio::signal_set signals(fiber.loop().context(), SIGINT, SIGTERM, SIGHUP);
  while (true) {
    const auto [error, number] = wait_for_asio<boost::system::error_code, int>(
        fiber, [&](auto handler) { signals.async_wait(std::move(handler)); },
        [&] { signals.cancel(); });
    if (error) return;
    if (number != SIGHUP) return;
    try {
      reload(fiber, node, folders);
    } catch (const Failure& failure) {
      log::write(log::Level::error, "engine", "reload failed: {} {}", failure.message(),
                 failure.detail());
    }
  }
}

}  // namespace

int run_serve_command(const Given& given, const std::vector<Integration>& built_in) {
  Workplace workplace = find_workplace(given, Environment::must_be_set);
  NodeInput input{std::move(workplace.config), std::move(workplace.projects), built_in};
  log::configure(level_of(input.config.log_level),
                 input.config.log_format == "json" ? log::Format::json : log::Format::text);
  std::signal(SIGPIPE, SIG_IGN);
  const Config config = input.config;
  const std::vector<std::string> folders = project_folders(given);
  Node node(std::move(input));
  run_in_fiber([&](Fiber& fiber) {
    try {
      node.start(fiber);
    } catch (...) {
      node.stop(fiber);
      throw;
    }
    std::printf("junctor %s serves %zu integration%s at http://%s:%u\n", version,
                node.integrations(), node.integrations() == 1 ? "" : "s", config.address.c_str(),
                node.port());
    std::fflush(stdout);
    if (config.authentication == Authentication::off_for_development)
      log::write(log::Level::warning, "engine", "authentication is off: for development only");
    serve_until_signal(fiber, node, folders);
    log::write(log::Level::info, "engine", "stopping");
    node.stop(fiber);
  });
  return 0;
}

}  // namespace junctor
