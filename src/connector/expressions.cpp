#include "connector/expressions.h"

#include "json/serialize.h"
#include "junctor/failure.h"
#include "net/http.h"

namespace junctor::connector {
namespace {

constexpr const char* part_key = "\x01=";

// Scratch memory, not state: whatever an evaluation leaves there is of no meaning to the next.
jsonata::Arena& arena() {
  static thread_local jsonata::Arena scratch;
  return scratch;
}

std::optional<Json> run(const jsonata::Expression& expression, const Json& root,
                        const jsonata::Bindings* bindings) {
  jsonata::EvaluateOptions options;
  options.bindings = bindings;
  try {
    return expression.evaluate(root, arena(), options);
  } catch (const jsonata::Error& fault) {
    constexpr std::size_t shown = 120;
    throw Failure(FailureKind::invalid, std::string("an expression of the definition failed: ") + fault.what(),
                  expression.text().substr(0, shown));
  }
}

const Json* look_up(const Json& from, std::string_view path) {
  const Json* at = &from;
  while (at != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    const auto* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

}  // namespace

CompiledExpression::CompiledExpression(const Jsonata& text) {
  if (!text.empty()) *this = CompiledExpression(std::string_view(text.text));
}

CompiledExpression::CompiledExpression(std::string_view text)
    : expression_(jsonata::Expression::compile(text)), path_(PlainPath::of(text)) {}

std::optional<Json> CompiledExpression::evaluate(const Json& root, const jsonata::Bindings* bindings) const {
  if (path_) {
    if (auto answer = path_->read(root)) return std::move(answer->selected);
  }
  return expression_ ? run(*expression_, root, bindings) : std::nullopt;
}

bool CompiledExpression::is_true(const Json& root, const jsonata::Bindings* bindings) const {
  const auto result = evaluate(root, bindings);
  return result && result->is_bool() && result->get_bool();
}

std::optional<std::string> CompiledExpression::text(const Json& root, const jsonata::Bindings* bindings) const {
  const auto result = evaluate(root, bindings);
  if (!result || result->is_null() || result->is_structured()) return std::nullopt;
  return scalar_text(*result);
}

CompiledValue::CompiledValue(const ValueSpec& spec) : empty_(spec.empty()), json_(compile(spec.json)) {}

Json CompiledValue::compile(const Json& json) {
  if (const auto* text = json.if_string()) {
    if (text->starts_with("==")) return Json(std::string_view(*text).substr(1));
    if (!text->starts_with("=")) return json;
    parts_.emplace_back(std::string_view(*text).substr(1));
    return JsonObject{{part_key, parts_.size() - 1}};
  }
  if (const auto* list = json.if_array()) {
    JsonArray out;
    for (const Json& item : *list) out.push_back(compile(item));
    return out;
  }
  if (const auto* object = json.if_object()) {
    JsonObject out;
    for (const auto& [key, value] : *object) out.emplace(key, compile(value));
    return out;
  }
  return json;
}

std::optional<Json> CompiledValue::build(const Json& json, const Json& root,
                                         const jsonata::Bindings* bindings) const {
  if (const auto* list = json.if_array()) {
    JsonArray out;
    for (const Json& item : *list) out.push_back(build(item, root, bindings).value_or(Json()));
    return out;
  }
  const auto* object = json.if_object();
  if (object == nullptr) return json;
  if (const auto* part = object->if_contains(part_key)) {
    return parts_[part->to_number<std::size_t>()].evaluate(root, bindings);
  }
  JsonObject out;
  for (const auto& [key, value] : *object) {
    if (auto made = build(value, root, bindings)) out.emplace(key, *std::move(made));
  }
  return out;
}

Json CompiledValue::evaluate(const Json& root, const jsonata::Bindings* bindings) const {
  return parts_.empty() ? json_ : build(json_, root, bindings).value_or(Json());
}

CompiledTemplate::CompiledTemplate(const Template& spec)
    : pieces_(parse_places(spec.text).value_or_throw()) {}

bool CompiledTemplate::names(std::string_view place) const {
  for (const Piece& piece : pieces_) {
    if (piece.is_place && piece.text == place) return true;
  }
  return false;
}

std::string CompiledTemplate::fill(const Json& input, const Json& vars, Encode encode) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (!piece.is_place) {
      out += piece.text;
      continue;
    }
    const bool var = piece.text.starts_with("vars.");
    const Json* value = var ? look_up(vars, std::string_view(piece.text).substr(5)) : look_up(input, piece.text);
    const std::string text = value == nullptr ? "" : scalar_text(*value);
    if (text.empty()) {
      throw Failure(FailureKind::invalid, (var ? "the connection has no value for " : "the input lacks ") + piece.text);
    }
    // A place that is a whole segment must not climb.
    if (encode == Encode::percent && (text == "." || text == "..")) {
      throw Failure(FailureKind::invalid, piece.text + " may not be \"" + text + "\"");
    }
    out += encode == Encode::percent ? percent_encode(text) : text;
  }
  return out;
}

std::string scalar_text(const Json& value) {
  if (value.is_null()) return {};
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::to_text(value);
}

}  // namespace junctor::connector
