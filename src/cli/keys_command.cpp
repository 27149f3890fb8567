#include "cli/keys_command.h"

#include <iostream>

#include "cli/vault_access.h"
#include "vault/rotation.h"

namespace junctor::cli {
namespace {

using Kind = CommandOption::Kind;

int generate(const Given&) {
  const Secret text = vault::RootKey::generate().text();
  std::cout << text.reveal() << '\n';
  return 0;
}

int rotate(const Given& given) {
  VaultAccess access = open_vault(given);
  vault::KeyRotation rotation(*access.vault);
  const vault::RotationProgress done = rotation.run();
  if (done.continued) std::cout << "continued a rotation that had been interrupted\n";
  std::cout << done.tenants << " tenants got a fresh key, " << done.secrets << " secrets were sealed again, " << done.roots_forgotten
            << " old root keys were forgotten\n";
  return 0;
}

int destroy(const Given& given) {
  const TenantId tenant(given.value("TENANT"));
  if (given.value("confirm") != tenant.text()) {
    std::cerr << "junctor: every secret of the tenant becomes unreadable for good; repeat its name: --confirm " << tenant.text() << '\n';
    return 2;
  }
  VaultAccess access = open_vault(given);
  const auto count =
      access.store->write_blocking([&](Transaction& tx) { return access.vault->destroy_tenant_keys(tx, tenant); });
  if (count == 0) {
    std::cerr << "junctor: there is no key of a tenant " << tenant.text() << "; nothing was destroyed. Compare the name.\n";
    return 1;
  }
  std::cout << "the keys of " << tenant.text() << " are destroyed\n";
  return 0;
}

}  // namespace

std::vector<Command> keys_commands() {
  return {{"keys generate", "Print a fresh root key, for JUNCTOR_ROOT_KEY", {}, Settings::not_taken, generate},
          {"keys rotate", "Give every tenant a fresh key and seal every secret again, also while the engine serves", {project_option()}, Settings::taken, rotate},
          {"keys destroy",
           "Destroy a tenant's keys: its secrets become unreadable for good",
           {{"TENANT", "the tenant", Kind::place}, {"--confirm", "the tenant's name once more", Kind::value}, project_option()},
           Settings::taken,
           destroy}};
}

}  // namespace junctor::cli
