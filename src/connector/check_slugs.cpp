#include <set>

#include "connector/checks.h"

namespace junctor::connector {
namespace {

template <typename T>
void check_list(const std::vector<T>& items, const std::string& list, SlugKind kind, Findings& out) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string& slug = items[i].slug;
    if (!is_slug(slug, kind)) {
      out.problem(slug.empty() ? at_index(list, i) : join(list, slug),
                  slug.empty() ? "no slug" : "the slug \"" + slug + "\"", std::string(slug_rule(kind)));
    } else if (!seen.insert(slug).second) {
      out.problem(join(list, slug), "a second \"" + slug + "\"", "each slug once (in snake_case)");
    }
  }
}

}  // namespace

void check_slugs(const Integration& integration, Findings& out) {
  check_list(integration.schemas, "schemas", SlugKind::plain, out);
  check_list(integration.events, "events", SlugKind::event, out);
  check_list(integration.actions, "actions", SlugKind::plain, out);
  check_list(integration.functions, "functions", SlugKind::plain, out);
  check_list(integration.collections, "collections", SlugKind::plain, out);
  check_list(integration.sync_mappings, "sync_mappings", SlugKind::plain, out);
  check_list(integration.flows, "flows", SlugKind::plain, out);
  check_list(integration.webhooks, "webhooks", SlugKind::plain, out);
  check_list(integration.wires, "wires", SlugKind::plain, out);
  check_list(integration.catches, "catch", SlugKind::plain, out);
  check_list(integration.passes, "pass", SlugKind::plain, out);
  check_list(integration.fixtures, "fixtures", SlugKind::plain, out);
}

}  // namespace junctor::connector
