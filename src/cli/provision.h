// What a project declares, made so in the store.
//
// Threads: the control loop.
#pragma once

#include <string>

#include "connector/yaml_loader.h"
#include "engine/project.h"

namespace junctor {

class CurrentRegistry;
class Fiber;
class Store;
class WebhookEndpoints;
namespace vault {
class Connections;
}

struct ProvisionParts {
  Store& store;
  const CurrentRegistry& registry;
  vault::Connections& connections;
  WebhookEndpoints& endpoints;
};

// Creates connections and endpoints, or changes them to what the project says. Throws Failure{invalid}
// that names the connection or endpoint and what is wrong with it.
void provision(Fiber& fiber, const Project& project, const ProvisionParts& parts);

// A folder, an integration.yaml or a shared object.
connector::LoadReport examine_place(const std::string& place);

}  // namespace junctor
