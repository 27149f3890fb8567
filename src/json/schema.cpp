#include "junctor/schema.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/parse.h"
#include "json/pointer.h"
#include "json/schema_compile.h"
#include "json/schema_run.h"
#include "json/schema_text.h"

namespace junctor {

void SchemaRegistry::add(std::string uri, Json document) {
  documents_.insert_or_assign(std::move(uri), std::move(document));
}

std::optional<Json> SchemaRegistry::find(std::string_view uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return std::nullopt;
  return found->second;
}

struct SchemaTextReader::State {
  schema::TextTape tape;
};

SchemaTextReader::SchemaTextReader() : state_(std::make_unique<State>()) {}
SchemaTextReader::~SchemaTextReader() = default;

CompiledSchema::CompiledSchema(std::shared_ptr<const schema::Program> program)
    : program_(std::move(program)) {}

Result<CompiledSchema> CompiledSchema::compile(const Json& document, const SchemaOptions& options) {
  auto program = schema::Compiler(options).compile(document);
  if (!program) return program.problems();
  return CompiledSchema(std::make_shared<const schema::Program>(std::move(program).value()));
}

bool CompiledSchema::accepts(const Json& document, const SchemaLimits& limits) const {
  schema::Run run(*program_, limits);
  return schema::judge_json(run, document);
}

std::vector<SchemaError> CompiledSchema::validate(const Json& document,
                                                  const SchemaLimits& limits) const {
  if (accepts(document, limits)) return {};
  schema::Run run(*program_, limits);
  schema::explain_json(run, document);
  return std::move(run.errors);
}

bool CompiledSchema::accepts_text(std::string_view text, SchemaTextReader& reader,
                                  const SchemaLimits& limits) const {
  schema::Run run(*program_, limits);
  switch (reader.state_->tape.judge(run, text)) {
    case schema::TextTape::Outcome::accepted: return true;
    case schema::TextTape::Outcome::rejected: return false;
    case schema::TextTape::Outcome::undecided: break;
  }
  const auto document = json::parse(text);
  return document.ok() && accepts(document.value(), limits);
}

Result<std::vector<SchemaError>> CompiledSchema::validate_text(std::string_view text,
                                                               SchemaTextReader& reader,
                                                               const SchemaLimits& limits) const {
  schema::Run run(*program_, limits);
  if (reader.state_->tape.judge(run, text) == schema::TextTape::Outcome::accepted) {
    return std::vector<SchemaError>();
  }
  auto document = json::parse(text);
  if (!document) return document.problems();
  return validate(document.value(), limits);
}

Problem to_problem(const SchemaError& error) {
  Problem problem;
  problem.path = json::path_of_pointer(error.instance_path);
  const std::string_view message = error.message;
  const auto comma = message.find(", expected ");
  if (message.starts_with("found ") && comma != std::string_view::npos) {
    problem.found = message.substr(6, comma - 6);
    problem.expected = message.substr(comma + 11);
  } else {
    problem.found = message;
  }
  return problem;
}

}  // namespace junctor
