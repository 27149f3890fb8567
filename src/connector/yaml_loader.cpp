#include "connector/yaml_loader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "connector/fill.h"
#include "connector/names.h"
#include "connector/validate.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

namespace fs = std::filesystem;

void place(std::vector<Problem>& problems, const DecodeContext& context) {
  for (Problem& problem : problems) {
    if (problem.line == 0) problem.line = line_of(context.lines, problem.path);
    if (problem.file.empty()) problem.file = context.file;
  }
}

bool by_line(const Problem& a, const Problem& b) { return a.line < b.line; }

// A key that was refused is often also missing: the first of two problems of one path is enough.
void tidy(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), by_line);
  std::vector<Problem> kept;
  for (Problem& problem : problems) {
    const bool seen = std::any_of(kept.begin(), kept.end(), [&](const Problem& one) {
      return one == problem;
    });
    if (!seen) kept.push_back(std::move(problem));
  }
  problems = std::move(kept);
}

LoadReport finish(Integration integration, DecodeContext& context) {
  fill_names(integration);
  extract_functions(integration);
  Findings findings = validate(integration);
  LoadReport report;
  report.problems = std::move(context.problems);
  std::move(findings.problems.begin(), findings.problems.end(), std::back_inserter(report.problems));
  report.warnings = std::move(findings.warnings);
  place(report.problems, context);
  place(report.warnings, context);
  tidy(report.problems);
  tidy(report.warnings);
  if (report.problems.empty()) report.integration = std::move(integration);
  return report;
}

std::vector<std::string> json_files(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Json> read_json(const FileReader& read_file, const std::string& name) {
  auto content = read_file(name);
  if (!content) return content.problems();
  auto parsed = json::parse(content.value());
  if (parsed) return parsed;
  auto problems = parsed.problems();
  for (Problem& problem : problems) problem.file = name;
  return problems;
}

template <typename T, typename Add>
void add_files(const fs::path& folder, const char* part, const std::vector<T>& known, DecodeContext& context,
               Add add) {
  for (const std::string& file : json_files(folder / part)) {
    const std::string slug = to_snake(fs::path(file).stem().string());
    const bool named = std::any_of(known.begin(), known.end(),
                                   [&](const T& one) { return to_snake(one.slug) == slug; });
    if (named) continue;
    auto document = read_json(context.read_file, std::string(part) + "/" + file);
    if (document) add(slug, std::move(document).value());
    else context.problems.insert(context.problems.end(), document.problems().begin(), document.problems().end());
  }
}

void add_fixture(Integration& integration, const std::string& slug, const Json& document, DecodeContext& context) {
  const auto* object = document.if_object();
  const auto* action = object == nullptr ? nullptr : object->if_contains("action");
  if (action == nullptr || !action->is_string()) {
    context.problems.push_back({"", 0, "no action", "a fixture {action, input, output}", "fixtures/" + slug + ".json"});
    return;
  }
  Fixture fixture;
  fixture.slug = slug;
  fixture.action = action->as_string();
  if (const auto* input = object->if_contains("input")) fixture.input = *input;
  if (const auto* output = object->if_contains("output")) fixture.output = *output;
  integration.fixtures.push_back(std::move(fixture));
}

LoadReport examine(std::string_view text, const std::string& file, const FileReader& read_file,
                   const fs::path* folder) {
  DecodeContext context{file, read_file, {}, {}};
  LoadReport report;
  const auto tree = parse_document(text, file);
  if (!tree) {
    report.problems = tree.problems();
    return report;
  }
  if (tree.value().kind != NodeKind::map) {
    report.problems.push_back({"", tree.value().line, describe(tree.value()), "a mapping: slug, actions, …", file});
    return report;
  }
  Integration integration;
  decode(tree.value(), integration_shape(), &integration, "", context);
  if (folder != nullptr) {
    add_files(*folder, "schemas", integration.schemas, context, [&](const std::string& slug, Json document) {
      SchemaDef schema;
      schema.slug = slug;
      schema.schema = SchemaRef(std::move(document));
      integration.schemas.push_back(std::move(schema));
    });
    add_files(*folder, "fixtures", integration.fixtures, context, [&](const std::string& slug, const Json& document) {
      add_fixture(integration, slug, document, context);
    });
  }
  return finish(std::move(integration), context);
}

Result<std::string> read_whole(const fs::path& path, const std::string& shown) {
  constexpr std::uintmax_t most = 4u << 20;
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return Problem{"", 0, "no such file: " + shown, "a file that can be read: " + shown, {}};
  if (size > most) return Problem{"", 0, std::to_string(size) + " bytes", "at most 4 MiB in " + shown, {}};
  std::ifstream stream(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(size), '\0');
  stream.read(content.data(), static_cast<std::streamsize>(size));
  if (!stream) return Problem{"", 0, "a file that cannot be read", "a file that can be read: " + shown, {}};
  return content;
}

Result<Integration> strip(LoadReport report) {
  if (!report.problems.empty()) return std::move(report.problems);
  return std::move(*report.integration);
}

LoadReport examine_path(const fs::path& path) {
  const bool is_folder = fs::is_directory(path);
  const fs::path folder = is_folder ? path : path.parent_path();
  const fs::path file = is_folder ? path / "integration.yaml" : path;
  const auto text = read_whole(file, file.string());
  if (text) return examine(text.value(), file.string(), files_below(folder.string()), &folder);
  LoadReport report;
  report.problems = text.problems();
  for (Problem& problem : report.problems) problem.file = file.string();
  return report;
}

}  // namespace

FileReader files_below(std::string folder) {
  return [folder = std::move(folder)](const std::string& relative) -> Result<std::string> {
    const fs::path path(relative);
    const bool climbs = std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
    if (path.is_absolute() || climbs) {
      return Problem{"", 0, "\"" + relative + "\"", "a path inside the definition's folder", {}};
    }
    return read_whole(fs::path(folder) / path, relative);
  };
}

LoadReport examine_integration(std::string_view yaml_text, const std::string& file, const FileReader& read_file) {
  return examine(yaml_text, file, read_file, nullptr);
}

LoadReport examine_folder(const std::string& folder) { return examine_path(folder); }

Result<Integration> load_integration(std::string_view yaml_text, const std::string& file,
                                     const FileReader& read_file) {
  return strip(examine_integration(yaml_text, file, read_file));
}

Result<Integration> load_integration_folder(const std::string& path) { return strip(examine_path(path)); }

LoadReport examine_definition(Integration integration) {
  DecodeContext context;
  return finish(std::move(integration), context);
}

}  // namespace junctor::connector
