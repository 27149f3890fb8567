// A project folder: which integrations, which connections, which webhook endpoints.
//
//   integrations: [./github, ./chat]
//   connections:
//     - integration: chat
//       name: team
//       vars: {base_url: "${CHAT_URL}", token: "${CHAT_TOKEN}"}
//   endpoints:
//     - {name: github, integration: github, webhook: repository, secrets:
//     ["${GITHUB_WEBHOOK_SECRET}"]}
//   settings: {port: 8400}
//
// A relative data_dir counts from the project's folder, as the places of integrations do.
// "${NAME}" is the environment's; "${NAME:-text}" has a default. What is declared is created when
// the engine starts, or changed to what stands here; what was created otherwise is left alone.
//
// Threads: values.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor {

// Where a connection or an endpoint is written down, for whoever judges it later.
struct ProjectPlace {
  std::string file;
  std::string path;                  // "connections[0]"
  std::map<std::string, int> lines;  // of its members, "vars.port"; "" is the whole
  std::set<std::string> unset;       // members that an unset environment variable leaves open
};

struct ProjectConnection {
  std::string integration;
  std::string name = "default";
  std::string auth_method;
  JsonObject vars;
  ProjectPlace place;
};

struct ProjectEndpoint {
  std::string name;
  std::string integration;
  std::string webhook;
  std::string connection;
  std::vector<std::string> secrets;
  ProjectPlace place;
};

struct Project {
  std::string folder;
  std::vector<std::string> integrations;  // folders, YAML files or shared objects; absolute
  std::vector<ProjectConnection> connections;
  std::vector<ProjectEndpoint> endpoints;
  std::map<std::string, std::string> settings;
  std::vector<Problem> unset;  // environment variables that are not set, where that is allowed
};

// An engine needs the values; who only judges a project may not have them.
enum class Environment { must_be_set, may_be_unset };

// path: a folder with junctor.yaml, a junctor.yaml, a folder with integration.yaml, an
// integration.yaml, or a shared object. Problems name file and line, and suggest keys that were
// meant.
Result<Project> load_project(const std::string& path,
                             Environment environment = Environment::must_be_set);

}  // namespace junctor
