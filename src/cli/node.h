// One engine process, put together: everything is constructed here, in order, and stopped in
// reverse.
//
// Threads: constructed, started and stopped by the thread of the control loop's fiber.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "engine/project.h"
#include "engine/registry.h"

namespace junctor {

class Fiber;
class Store;
namespace vault {
class Vault;
}

// What a node serves besides the folders of its projects: integrations built into the program.
struct NodeInput {
  Config config;
  std::vector<Project> projects;
  std::vector<Integration> built_in;
};

class Node final {
 public:
  // Opens the store. Throws Failure with one clear line: a directory that cannot be written, a
  // database that is away.
  explicit Node(NodeInput input);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opens the vault, migrates the database, loads definitions, creates what the projects declare,
  // and serves. Throws Failure{denied} for a wrong root key, {unsupported} for a database from a
  // newer version, {invalid} with every problem of every definition, {conflict} for a port in use.
  void start(Fiber& fiber);
  // Takes nothing new, finishes or releases what is in flight within the configured time.
  void stop(Fiber& fiber);

  // Takes the projects as they are now, with their definitions, connections and endpoints; settings
  // wait for the next start. Problems leave the old definitions in force and are returned.
  std::vector<Problem> reload(Fiber& fiber, std::vector<Project> projects);

  std::uint16_t port() const;
  std::size_t integrations() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Every definition of the projects and the program, loaded; or every problem of all of them.
Result<std::shared_ptr<const Registry>> load_registry(const NodeInput& input);

// The tables of all rooms, in order.
std::vector<struct MigrationSet> all_migrations();

// Brings the database into its newest shape; returns how many steps that took. A wrong root key is refused
// before anything is written. Throws Failure with one clear line.
int migrate_under_root(Store& store, vault::Vault& vault);
// The same, and the vault open.
void migrate_and_start(Store& store, vault::Vault& vault);

// How the outside reaches the engine, without a slash at its end.
std::string public_url(const Config& config);
// An address as it stands in a URL: IPv6 in brackets.
std::string url_host(const std::string& address);

}  // namespace junctor
