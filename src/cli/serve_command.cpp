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

std::vector<Project> read_projects(const std::vector<std::string>& folders,
                                   std::vector<Problem>& problems) {
  std::vector<Project> projects;
  for (const std::string& folder : folders) {
    auto project = load_project(folder);
    if (project.ok())
      projects.push_back(std::move(project).value());
    else
      problems.insert(problems.end(), project.problems().begin(), project.problems().end());
  }
  return projects;
}

std::vector<Project> load_projects(const std::vector<std::string>& folders) {
  std::vector<Problem> problems;
  std::vector<Project> projects = read_projects(folders, problems);
  if (!problems.empty()) throw Failure(FailureKind::invalid, to_string(problems));
  return projects;
}

void reload(Fiber& fiber, Node& node, const std::vector<std::string>& folders) {
  std::vector<Problem> problems;
  std::vector<Project> projects = read_projects(folders, problems);
  if (problems.empty()) problems = node.reload(fiber, std::move(projects));
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

Config effective_config(const Given& given, const std::vector<Project>& projects) {
  Config config;
  std::vector<Problem> problems;
  const auto apply = [&](const std::string& key, const std::string& text,
                         const std::string& source) {
    for (Problem& problem : apply_setting(config, key, text, source))
      problems.push_back(std::move(problem));
  };
  for (const Project& project : projects)
    for (const auto& [key, text] : project.settings)
      apply(key, text, project.folder + "/junctor.yaml: settings." + key);
  for (Problem& problem : apply_environment(config)) problems.push_back(std::move(problem));
  for (const auto& [key, text] : given.settings()) {
    std::string flag = "--" + key;
    for (char& c : flag)
      if (c == '_') c = '-';
    apply(key, text, flag);
  }
  if (!problems.empty()) throw Failure(FailureKind::invalid, to_string(problems));
  return config;
}

int run_serve_command(const Given& given, const std::vector<Integration>& built_in) {
  NodeInput input;
  input.projects = load_projects(given.values("PROJECT"));
  input.config = effective_config(given, input.projects);
  input.built_in = built_in;
  log::configure(level_of(input.config.log_level),
                 input.config.log_format == "json" ? log::Format::json : log::Format::text);
  std::signal(SIGPIPE, SIG_IGN);
  const Config config = input.config;
  Node node(std::move(input));
  run_in_fiber([&](Fiber& fiber) {
    try {
      node.start(fiber);
    } catch (...) {
      node.stop(fiber);
      throw;
    }
    std::printf("junctor %s serves %zu integration%s at http://%s:%u\n", version,
                node.integrations(), node.integrations() == 1 ? "" : "s",
                url_host(config.address).c_str(), node.port());
    std::fflush(stdout);
    if (config.authentication == Authentication::off_for_development)
      log::write(log::Level::warning, "engine", "authentication is off: for development only");
    serve_until_signal(fiber, node, given.values("PROJECT"));
    log::write(log::Level::info, "engine", "stopping");
    node.stop(fiber);
  });
  return 0;
}

}  // namespace junctor
