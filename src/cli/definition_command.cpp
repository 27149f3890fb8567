#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/plug_command.h"
#include "connector/encode.h"
#include "connector/names.h"
#include "connector/yaml_loader.h"
#include "json/serialize.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

using Kind = CommandOption::Kind;
namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path);
  file << text;
  if (!file) throw Failure(FailureKind::unavailable, "cannot write " + path.string());
  std::cout << path.string() << '\n';
}

std::string pretty(const Json& json) { return json::to_text(json, json::Layout::pretty) + "\n"; }

int build(const Given& given) {
  const Integration integration = connector::load_integration_folder(given.value("PLACE")).value_or_throw();
  const fs::path out = given.value("out", "dist");
  const Json whole = connector::encode_integration(integration);
  write(out / "integration.json", pretty(whole));
  write(out / "integration.yaml", connector::to_yaml(whole));
  for (const SchemaDef& schema : integration.schemas) write(out / "schemas" / (schema.slug + ".json"), pretty(schema.schema.json));
  for (const Action& action : integration.actions) {
    write(out / "schemas" / (action.slug + ".input.json"), pretty(input_schema(integration, action)));
    write(out / "schemas" / (action.slug + ".output.json"), pretty(output_schema(integration, action)));
  }
  return 0;
}

int scaffold(const Given& given) {
  const fs::path folder = given.value("FOLDER");
  const std::string slug = connector::to_snake(folder.filename().string());
  if (!connector::is_slug(slug, connector::SlugKind::integration)) {
    throw Failure(FailureKind::invalid, "\"" + slug + "\" is no slug: " + std::string(connector::slug_rule(connector::SlugKind::integration)));
  }
  if (fs::exists(folder / "integration.yaml")) throw Failure(FailureKind::conflict, folder.string() + " has a definition already");
  write(folder / "integration.yaml", "slug: " + slug + R"(
description: What it is, in one sentence.
endpoints: {base_url: "{vars.base_url}"}
auth: {type: bearer}
vars:
  base_url: {type: url, label: Address}
  token: {type: password, label: Token}
schemas:
  thing:
    schema: {type: object, required: [id], properties: {id: {type: string}}}
actions:
  health:
    method: GET
    api: {path: /health}
  get_thing:
    method: GET
    params: {id: {required: true}}
    api: {path: "/things/{id}"}
    output: thing
)");
  return 0;
}

}  // namespace

std::vector<Command> definition_commands() {
  return {{"build", "Write a definition as it is after loading, with its schemas",
           {{"PLACE", "the integration's folder", Kind::place}, {"--out", "where to (dist)", Kind::value}},
           Settings::not_taken, build},
          {"new", "A folder with a definition to begin with", {{"FOLDER", "its name becomes the slug", Kind::place}},
           Settings::not_taken, scaffold}};
}

}  // namespace junctor
