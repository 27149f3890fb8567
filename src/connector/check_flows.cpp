#include "connector/checks.h"
#include "connector/triggers.h"

namespace junctor::connector {
namespace {

void check_mapping_fields(const std::vector<FieldMapping>& fields, const std::string& at, Findings& out) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldMapping& field = fields[i];
    const std::string here = field.to.empty() ? at_index(at, i) : join(at, field.to);
    if (field.to.empty()) out.problem(here, "no target", "`to`, the target's field");
    const int sources = (field.from.empty() ? 0 : 1) + (field.value.is_null() ? 0 : 1);
    if (sources == 2) out.problem(here, "`from` and `value`", "one of them");
    if (sources == 0 && field.from_path.empty() && field.transform.empty() && field.default_.is_null()) {
      out.problem(here, "no source", "`from`, `from_path`, `value` or `transform`");
    }
  }
}

bool is_own(const Integration& integration, const std::string& slug) {
  return slug.empty() || slug == integration.slug;
}

void check_own_action(const Integration& integration, const std::string& owner, const std::string& action,
                      const std::string& at, Findings& out) {
  if (action.empty() || !is_own(integration, owner) || integration.find_action(action) != nullptr) return;
  out.problem(at, "\"" + action + "\"", expected_one_of("an action", action, slugs_of(integration.actions)));
}

void check_own_collection(const Integration& integration, const std::string& collection, const std::string& at,
                          Findings& out) {
  if (collection.empty() || integration.collections.empty()) return;
  for (const Collection& one : integration.collections) {
    if (one.slug == collection) return;
  }
  out.problem(at, "\"" + collection + "\"",
              expected_one_of("a collection", collection, slugs_of(integration.collections)));
}

void check_source(const Integration& integration, const Flow& flow, const std::string& at, Findings& out) {
  const bool outside = flow.kind != FlowKind::outflow;
  const FlowSource& source = flow.source;
  if (source.action.empty() == source.collection.empty()) {
    out.problem(join(at, "source"), "neither or both of action and collection", "one of them");
  } else if (outside && source.action.empty()) {
    out.problem(join(at, "source.action"), "nothing", "the action that an inflow or a relay reads from");
  }
  check_own_action(integration, source.integration, source.action, join(at, "source.action"), out);
  check_own_collection(integration, source.collection, join(at, "source.collection"), out);
}

void check_target(const Integration& integration, const Flow& flow, const std::string& at, Findings& out) {
  const FlowTarget& target = flow.target;
  const bool acts = !target.action.empty() || !target.create_action.empty() || !target.update_action.empty();
  if (flow.kind == FlowKind::inflow && target.collection.empty() && !acts) {
    out.problem(join(at, "target.collection"), "nothing", "the collection that an inflow fills");
  }
  if (flow.kind != FlowKind::inflow && !acts) {
    out.problem(join(at, "target.action"), "nothing", "the action that is called for each record");
  }
  const std::pair<const char*, const std::string*> all[] = {{"target.action", &target.action},
                                                            {"target.create_action", &target.create_action},
                                                            {"target.update_action", &target.update_action},
                                                            {"target.delete_action", &target.delete_action}};
  for (const auto& [key, action] : all) {
    check_own_action(integration, target.integration, *action, join(at, key), out);
  }
  check_own_collection(integration, target.collection, join(at, "target.collection"), out);
}

void check_flow(const Integration& integration, const Flow& flow, Findings& out) {
  const std::string at = join("flows", flow.slug);
  check_triggers(integration, flow.triggers, at, out);
  check_source(integration, flow, at, out);
  check_target(integration, flow, at, out);
  check_mapping_fields(flow.mapping.fields, join(at, "mapping.fields"), out);
  if (!flow.mapping.fields.empty() && !flow.mapping.map.empty()) {
    out.problem(join(at, "mapping"), "`fields` and `map`", "one of them");
  }
  if (flow.cursor && flow.cursor->value.empty()) {
    out.problem(join(at, "cursor.value"), "nothing", "JSONata that gives a record's cursor");
  }
  if (flow.batch_size < 1 || flow.concurrency < 1) {
    out.problem(at, "batch_size or concurrency below 1", "1 or more");
  }
}

}  // namespace

void check_flows(const Integration& integration, Findings& out) {
  for (const Flow& flow : integration.flows) check_flow(integration, flow, out);
  for (const SyncMapping& mapping : integration.sync_mappings) {
    const std::string at = join("sync_mappings", mapping.slug);
    if (mapping.service.empty()) out.problem(join(at, "service"), "nothing", "the service on the other side");
    if (mapping.fields.empty()) out.problem(join(at, "fields"), "none", "at least one field");
    check_mapping_fields(mapping.fields, join(at, "fields"), out);
  }
}

}  // namespace junctor::connector
