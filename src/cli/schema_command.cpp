#include "cli/schema_command.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "cli/schema_fetch.h"
#include "cli/schema_files.h"
#include "json/infer.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor {
namespace {

using Options = SchemaCommandOptions;

bool is_standard_input(const std::string& file) { return file.empty() || file == "-"; }

// Throws what the person must hear: which file, and why.
std::ifstream opened(const std::string& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw Failure(FailureKind::invalid, file + " is a folder, expected a file");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Failure(FailureKind::not_found, "cannot read " + file);
  return stream;
}

std::string read_text(const std::string& file, std::istream& in) {
  std::ostringstream text;
  if (is_standard_input(file)) {
    text << in.rdbuf();
    return text.str();
  }
  text << opened(file).rdbuf();
  return text.str();
}

// Calls take(line, number) for the lines that are not blank; numbers count all, from 1.
template <typename Take>
void for_each_line(std::istream& in, Take take) {
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) take(line, number);
  }
}

// A line was parsed by itself: whatever is wrong with it stands in that line of the file.
std::vector<Problem> in_line(std::vector<Problem> problems, int number) {
  for (Problem& problem : problems) problem.line = number;
  return problems;
}

std::string problems_of(const std::string& file, std::vector<Problem> problems) {
  for (Problem& problem : problems) {
    if (problem.file.empty()) problem.file = is_standard_input(file) ? "standard input" : file;
  }
  return to_string(problems);
}

Json parse_document(const std::string& file, std::string_view text) {
  auto document = json::parse(text);
  if (!document) throw Failure(FailureKind::invalid, problems_of(file, document.problems()));
  return std::move(document).value();
}

SchemaOptions schema_options(const Options& options) {
  SchemaOptions schema;
  schema.formats = options.formats;
  schema.resolver = options.resolver;
  return schema;
}

Json to_json(const SchemaError& error) {
  return JsonObject{{"instancePath", error.instance_path},
                    {"schemaPath", error.schema_path},
                    {"schemaUri", error.schema_uri},
                    {"keyword", error.keyword},
                    {"message", error.message}};
}

JsonArray to_json(const std::vector<SchemaError>& errors) {
  JsonArray list;
  for (const SchemaError& error : errors) list.push_back(to_json(error));
  return list;
}

// A schema or a text that cannot be used, in the form of an error.
JsonArray to_json(const std::vector<Problem>& problems, std::string_view where) {
  JsonArray list;
  for (const Problem& problem : problems) {
    list.push_back(JsonObject{{"instancePath", ""},
                              {"schemaPath", problem.path},
                              {"schemaUri", problem.file},
                              {"keyword", where},
                              {"message", to_string(problem)}});
  }
  return list;
}

void print(const Options& options, const std::string& file, const std::vector<SchemaError>& errors,
           std::ostream& out) {
  const std::string name = is_standard_input(file) ? "standard input" : file;
  if (options.output == Options::Output::json) {
    out << json::to_text(JsonObject{{"file", name}, {"valid", errors.empty()}, {"errors", to_json(errors)}})
        << "\n";
    return;
  }
  if (errors.empty()) out << name << ": valid\n";
  for (const SchemaError& error : errors) {
    out << name << ": " << to_problem(error).path << ": " << error.message << " (" << error.schema_uri
        << ")\n";
  }
}

// The person gave paths: files of the schema's folder are named by theirs, not by URIs.
std::vector<Problem> as_given(std::vector<Problem> problems, const FolderSchemas& beside) {
  for (Problem& problem : problems) {
    problem.file = beside.path_of(problem.file);
    problem.path = beside.relative(problem.path);
  }
  return problems;
}

int validate(const Options& options, std::istream& in, std::ostream& out, std::ostream& err) {
  const bool both_from_input = is_standard_input(options.schema_file) &&
                               (options.files.empty() || is_standard_input(options.files.front()));
  if (both_from_input) {
    err << "the schema and the document cannot both come from the standard input\n";
    return 2;
  }
  const Json schema_json = parse_document(options.schema_file, read_text(options.schema_file, in));
  FolderSchemas beside(options.schema_file, options.resolver);
  SchemaOptions how = schema_options(options);
  if (!is_standard_input(options.schema_file)) {
    how.resolver = &beside;
    how.base_uri = beside.base_uri();
  }
  const auto schema = CompiledSchema::compile(schema_json, how);
  if (!schema) {
    err << problems_of(options.schema_file, as_given(schema.problems(), beside)) << "\n";
    return 1;
  }
  const std::vector<std::string> files =
      options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  SchemaTextReader reader;
  bool all_valid = true;
  for (const std::string& file : files) {
    auto errors = schema.value().validate_text(read_text(file, in), reader);
    if (!errors) {
      err << problems_of(file, errors.problems()) << "\n";
      all_valid = false;
      continue;
    }
    for (SchemaError& error : errors.value()) error.schema_uri = beside.relative(error.schema_uri);
    print(options, file, errors.value(), out);
    all_valid = all_valid && errors.value().empty();
  }
  return all_valid ? 0 : 1;
}

// Answers one line after the other; the schema of the line before is kept compiled.
class Batch {
 public:
  explicit Batch(const Options& options) : options_(options) {}

  JsonObject answer(std::string_view line, int number) {
    auto request = json::parse(line);
    if (!request) return refused(to_json(in_line(request.problems(), number), "json"));
    const Json& body = request.value();
    const JsonObject* object = body.if_object();
    const Json* schema = object == nullptr ? nullptr : object->if_contains("schema");
    const Json* instance = object == nullptr ? nullptr : object->if_contains("instance");
    if (schema == nullptr || instance == nullptr) {
      Problem problem;
      problem.found = "a line without \"schema\" or without \"instance\"";
      problem.expected = R"({"schema": …, "instance": …})";
      return refused(to_json(in_line({problem}, number), "json"));
    }
    if (const auto problems = use(*schema); !problems.empty()) {
      compiled_.reset();
      return refused(to_json(problems, "schema"));
    }
    const auto errors = compiled_->validate(*instance);
    return {{"valid", errors.empty()}, {"errors", to_json(errors)}};
  }
  bool all_answered() const { return all_answered_; }

 private:
  std::vector<Problem> use(const Json& schema) {
    if (compiled_ && schema == schema_) return {};
    auto result = CompiledSchema::compile(schema, schema_options(options_));
    if (!result) return result.problems();
    schema_ = schema;
    compiled_ = std::move(result).value();
    return {};
  }

  JsonObject refused(JsonArray errors) {
    all_answered_ = false;
    return {{"valid", false}, {"errors", std::move(errors)}};
  }

  const Options& options_;
  Json schema_;
  std::optional<CompiledSchema> compiled_;
  bool all_answered_ = true;
};

int batch(const Options& options, std::istream& in, std::ostream& out, std::ostream& err) {
  if (!options.schema_file.empty()) {
    err << "--batch takes the schema from every line; leave --schema out\n";
    return 2;
  }
  Batch batch(options);
  const auto answer = [&](std::istream& lines) {
    for_each_line(lines, [&](const std::string& line, int number) {
      out << json::to_text(batch.answer(line, number)) << "\n" << std::flush;
    });
  };
  if (options.files.empty()) answer(in);
  for (const std::string& file : options.files) {
    if (is_standard_input(file)) {
      answer(in);
    } else {
      std::ifstream lines = opened(file);
      answer(lines);
    }
  }
  return batch.all_answered() ? 0 : 1;
}

bool has_lines(const Options& options, const std::string& file) {
  return options.samples == Options::Samples::lines || file.ends_with(".jsonl") ||
         file.ends_with(".ndjson");
}

void add_samples(const Options& options, const std::string& file, const std::string& text,
                 json::SchemaSamples& samples) {
  if (has_lines(options, file)) {
    std::istringstream lines(text);
    return for_each_line(lines, [&](const std::string& line, int number) {
      const auto sample = json::parse(line);
      if (!sample) {
        throw Failure(FailureKind::invalid, problems_of(file, in_line(sample.problems(), number)));
      }
      samples.add(sample.value());
    });
  }
  const Json document = parse_document(file, text);
  if (options.samples != Options::Samples::items) return samples.add(document);
  if (!document.is_array()) throw Failure(FailureKind::invalid, file + ": --items wants a list");
  for (const Json& item : document.get_array()) samples.add(item);
}

int infer(const Options& options, std::istream& in, std::ostream& out, std::ostream& err) {
  const std::vector<std::string> files =
      options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  json::SchemaSamples samples;
  for (const std::string& file : files) add_samples(options, file, read_text(file, in), samples);
  if (samples.count() == 0) {
    err << "no sample to infer a schema from\n";
    return 1;
  }
  out << json::to_text(samples.schema(), json::Layout::pretty) << "\n";
  return 0;
}

// Finds nothing, and says that this was asked for.
class NothingFetched final : public SchemaResolver {
 public:
  std::optional<Json> find(std::string_view) override { return std::nullopt; }
  std::string why_not(std::string_view) override { return "nothing is fetched with --offline"; }
};

int run_validate(const Given& given) {
  SchemaCommandOptions options;
  options.action = given.has("batch") ? Options::Action::batch : Options::Action::validate;
  options.schema_file = given.value("schema");
  options.files = given.values("FILE");
  if (given.has("json")) options.output = Options::Output::json;
  if (given.has("formats")) options.formats = SchemaOptions::Formats::check;
  HttpSchemas http;
  NothingFetched nothing;
  options.resolver = &http;
  if (given.has("offline")) options.resolver = &nothing;
  return run_schema_command(options, std::cin, std::cout, std::cerr);
}

int run_infer(const Given& given) {
  SchemaCommandOptions options;
  options.action = Options::Action::infer;
  options.files = given.values("FILE");
  if (given.has("lines")) options.samples = Options::Samples::lines;
  if (given.has("items")) options.samples = Options::Samples::items;
  return run_schema_command(options, std::cin, std::cout, std::cerr);
}

}  // namespace

int run_schema_command(const SchemaCommandOptions& options, std::istream& in, std::ostream& out,
                       std::ostream& err) {
  try {
    switch (options.action) {
      case Options::Action::batch: return batch(options, in, out, err);
      case Options::Action::infer: return infer(options, in, out, err);
      case Options::Action::validate: break;
    }
    if (!options.schema_file.empty()) return validate(options, in, out, err);
    err << "--schema FILE is missing (or --batch)\n";
    return 2;
  } catch (const Failure& failure) {
    err << failure.message() << "\n";
    return 1;
  }
}

std::vector<Command> schema_commands() {
  using Kind = CommandOption::Kind;
  Command validate;
  validate.name = "schema validate";
  validate.help = "Judge JSON documents by a JSON Schema";
  validate.options = {
      {"--schema", "The schema's file", Kind::value},
      {"--batch", R"(One {"schema", "instance"} per line in, one {"valid", "errors"} per line out)", Kind::flag},
      {"--formats", "Check `format` too", Kind::flag},
      {"--json", "One JSON object per file", Kind::flag},
      {"--offline", "Do not fetch the documents a schema refers to", Kind::flag},
      {"FILE", "Documents; none or - is the standard input", Kind::places}};
  validate.run = run_validate;
  Command infer;
  infer.name = "schema infer";
  infer.help = "Write the JSON Schema that all samples satisfy";
  infer.options = {{"--lines", "Every line of a file is a sample", Kind::flag},
                   {"--items", "Every item of a file's list is a sample", Kind::flag},
                   {"FILE", "Samples; none or - is the standard input", Kind::places}};
  infer.run = run_infer;
  return {validate, infer};
}

}  // namespace junctor
