#include "junctor/define.h"

#include "connector/yaml_loader.h"

namespace junctor {

Integration IntegrationBuilder::build() const {
  connector::LoadReport report = connector::examine_definition(integration_);
  if (report.integration) return *std::move(report.integration);
  throw Failure(FailureKind::invalid,
                "the definition of " + integration_.slug + " has problems:\n" + to_string(report.problems));
}

}  // namespace junctor
