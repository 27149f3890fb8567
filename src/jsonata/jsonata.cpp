#include "junctor/jsonata.h"

#include <algorithm>
#include <cstring>

#include "jsonata/bindings.h"
#include "jsonata/compile.h"
#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

Value value_in(const unsigned char* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Copies a result out; what goes wrong here is an error like all others.
void copy_out(Evaluator& ev, Value result, const boost::json::storage_ptr& storage,
              std::optional<Json>& out) {
  if (result.is_undefined() || result.is_function()) return;
  if (result.is_string() && is_ascii(result.text())) {
    out.emplace(result.text(), storage);
    return;
  }
  try {
    ev.to_json(result, out.emplace(storage));
  } catch (const Fault& f) {
    throw make_error(f.code, f.mention);
  }
}

const Program& empty_program() {
  static const std::shared_ptr<const Program> program = compile_program("$");
  return *program;
}

}  // namespace

Bindings& Bindings::set(std::string name, Json value) {
  auto entry = std::make_shared<Entry>();
  entry->value = std::move(value);
  entries_[std::move(name)] = std::move(entry);
  return *this;
}

Bindings& Bindings::set(std::string name, NativeFunction function, std::string_view signature,
                        std::size_t arity) {
  auto entry = std::make_shared<Entry>();
  entry->function = std::move(function);
  entry->arity = arity;
  if (!signature.empty()) entry->signature = Signature::parse(signature, 0);
  entries_[std::move(name)] = std::move(entry);
  return *this;
}

Expression Expression::compile(std::string_view text) { return Expression(compile_program(text)); }

std::optional<Error> Expression::check(std::string_view text) {
  try {
    compile_program(text);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::optional<Json> Expression::evaluate(const Json& input, Arena& arena,
                                         const EvaluateOptions& options) const {
  std::optional<Json> out;
  Evaluator ev(*program_, *arena.state_, options);
  copy_out(ev, ev.run(from_json(input)), options.storage, out);
  return out;
}

std::optional<Json> Expression::evaluate(const Json& input, const EvaluateOptions& options) const {
  Arena arena;
  return evaluate(input, arena, options);
}

std::optional<Json> Expression::evaluate_nothing(Arena& arena,
                                                 const EvaluateOptions& options) const {
  std::optional<Json> out;
  Evaluator ev(*program_, *arena.state_, options);
  copy_out(ev, ev.run(Value{}), options.storage, out);
  return out;
}

View Expression::view(const Json& input, Arena& arena, const EvaluateOptions& options) const {
  Evaluator ev(*program_, *arena.state_, options);
  const Value result = ev.run(from_json(input));
  return View(&result, &arena);
}

Lineage Expression::trace(const Json& input, Arena& arena, const EvaluateOptions& options) const {
  Evaluator ev(*program_, *arena.state_, options);
  LineageRecorder recorder;
  Lineage out;
  try {
    const Value numbered = recorder.import(ev, input);
    const Value result = ev.run(numbered, &recorder);
    copy_out(ev, result, options.storage, out.result);
    out.entries = recorder.entries(ev, result, out.truncated);
  } catch (const Fault& f) {
    throw make_error(f.code, f.mention);
  }
  return out;
}

const std::string& Expression::text() const { return program_->source; }

View::View(const void* value, const Arena*) { std::memcpy(value_, value, sizeof value_); }

ViewKind View::kind() const {
  switch (value_in(value_).tag) {
    case Tag::null: return ViewKind::null;
    case Tag::boolean: return ViewKind::boolean;
    case Tag::number: return ViewKind::number;
    case Tag::string: return ViewKind::string;
    case Tag::json_array:
    case Tag::array: return ViewKind::array;
    case Tag::json_object:
    case Tag::object: return ViewKind::object;
    case Tag::function: return ViewKind::function;
    default: return ViewKind::undefined;
  }
}

bool View::as_boolean() const {
  const Value value = value_in(value_);
  return value.tag == Tag::boolean && value.boolean;
}

double View::as_number() const {
  const Value value = value_in(value_);
  return value.is_number() ? value.number : 0;
}

std::string_view View::as_string() const {
  const Value value = value_in(value_);
  return value.is_string() ? value.text() : std::string_view();
}

std::optional<Json> View::to_json(boost::json::storage_ptr storage) const {
  ArenaState scratch;
  const EvaluateOptions options;
  Evaluator ev(empty_program(), scratch, options);
  std::optional<Json> out;
  copy_out(ev, value_in(value_), storage, out);
  return out;
}

std::string View::to_text() const {
  ArenaState scratch;
  const EvaluateOptions options;
  Evaluator ev(empty_program(), scratch, options);
  std::string out;
  try {
    ev.write_text(value_in(value_), out);
  } catch (const Fault& f) {
    throw make_error(f.code, f.mention);
  }
  return out;
}

}  // namespace junctor::jsonata
