// What the vault and the auth room ask about integrations, answered from the registry in force.
//
// Threads: any thread.
#pragma once

#include "auth/ports.h"
#include "engine/current_registry.h"
#include "vault/ports.h"

namespace junctor {

class Catalogue final : public vault::IntegrationCatalogue, public auth::AuthCatalogue {
 public:
  explicit Catalogue(const CurrentRegistry& registry) : registry_(registry) {}

  std::optional<vault::IntegrationProfile> profile(std::string_view slug) const override {
    const auto integration = registry_.get()->find(slug);
    if (integration == nullptr) return std::nullopt;
    return integration->profile;
  }

  std::shared_ptr<const auth::AuthDefinition> find(std::string_view slug) const override {
    auto integration = registry_.get()->find(slug);
    if (integration == nullptr) return nullptr;
    // Shares the integration's life, points at a part of it.
    return {integration, &integration->auth};
  }

 private:
  const CurrentRegistry& registry_;
};

}  // namespace junctor
