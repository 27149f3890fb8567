// The parts of validate(), one per phase.
//
// Threads: any thread.
#pragma once

#include "connector/names.h"
#include "connector/validate.h"

namespace junctor::connector {

void check_identity(const Integration& integration, Findings& out);    // slug, version, auth, endpoints
void check_slugs(const Integration& integration, Findings& out);       // form and repetition, everywhere
void check_actions(const Integration& integration, Findings& out);     // routes, params, triggers, expand
void check_calls(const Integration& integration, Findings& out);       // api blocks
void check_references(const Integration& integration, Findings& out);  // schemas, handlers, actions
void check_fields(const Integration& integration, Findings& out);      // vars, webhook fields
void check_webhooks(const Integration& integration, Findings& out);    // webhooks, wires, catch, pass
void check_flows(const Integration& integration, Findings& out);       // flows, sync mappings
void check_expressions(const Integration& integration, Findings& out); // every JSONata and template
void check_schemas(const Integration& integration, Findings& out);     // every JSON Schema compiles
void check_usual(const Integration& integration, Findings& out);       // warnings

// "actions" + "send" → "actions.send".
std::string join(std::string_view a, std::string_view b);
std::string at_index(std::string_view list, std::size_t index);
// "a, b, c", or "none".
std::string list_of(const std::vector<std::string>& words);
// "one of a, b; did you mean a?"
std::string expected_one_of(std::string_view what, std::string_view found, const std::vector<std::string>& words);

template <typename T>
std::vector<std::string> slugs_of(const std::vector<T>& items) {
  std::vector<std::string> out;
  for (const T& item : items) out.push_back(item.slug);
  return out;
}

}  // namespace junctor::connector
