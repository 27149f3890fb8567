#include "cli/jsonata_command.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/jsonata.h"

namespace junctor::cli {
namespace {

JsonObject error_json(std::string_view code, std::string_view message) {
  return JsonObject{{"code", code}, {"message", message}};
}

JsonObject error_json(const jsonata::Error& error) {
  JsonObject out = error_json(error.code(), error.message());
  if (error.position() != jsonata::Error::nowhere) out["position"] = error.position();
  if (!error.token().empty()) out["token"] = error.token();
  return out;
}

jsonata::EvaluateOptions batch_options(const JsonObject& line, jsonata::Bindings& bindings) {
  jsonata::EvaluateOptions options;
  if (const Json* given = line.if_contains("bindings"); given && given->is_object()) {
    for (const auto& [name, value] : given->get_object()) bindings.set(name, value);
    options.bindings = &bindings;
  }
  const auto number = [&](std::string_view name, double fallback) {
    const Json* value = line.if_contains(name);
    return value && value->is_number() ? std::clamp(value->to_number<double>(), 0.0, 1e9) : fallback;
  };
  options.limits.time = std::chrono::milliseconds(static_cast<std::int64_t>(
      number("timeLimitMs", static_cast<double>(options.limits.time.count()))));
  options.limits.depth =
      static_cast<std::size_t>(number("maxDepth", static_cast<double>(options.limits.depth)));
  return options;
}

JsonObject answer(const JsonObject& line, jsonata::Arena& arena) {
  const Json* text = line.if_contains("expr");
  if (!text || !text->is_string()) {
    return {{"error", error_json("C0001", "expected a string \"expr\"")}};
  }
  try {
    const auto expression = jsonata::Expression::compile(text->get_string());
    jsonata::Bindings bindings;
    const jsonata::EvaluateOptions options = batch_options(line, bindings);
    const Json* input = line.if_contains("input");
    std::optional<Json> result = input ? expression.evaluate(*input, arena, options)
                                       : expression.evaluate_nothing(arena, options);
    if (!result) return {{"undefined", true}};
    return {{"result", std::move(*result)}};
  } catch (const jsonata::Error& error) {
    return {{"error", error_json(error)}};
  }
}

int run_batch(std::istream& in, std::ostream& out) {
  jsonata::Arena arena;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty()) continue;
    JsonObject result;
    auto parsed = json::parse(escape_lone_surrogates(line));
    if (!parsed) {
      result = {{"error", error_json("C0001", to_string(parsed.problems()))}};
    } else if (!parsed.value().is_object()) {
      result = {{"error", error_json("C0001", "expected a JSON object")}};
    } else {
      result = answer(parsed.value().get_object(), arena);
    }
    out << json::to_text(result) << '\n' << std::flush;
  }
  return 0;
}

int report(const jsonata::Error& error, std::ostream& to) {
  to << error.what() << '\n';
  return 1;
}

int run_once(const JsonataCommandOptions& options, std::istream& in, std::ostream& out,
             std::ostream& error) {
  try {
    const auto expression = jsonata::Expression::compile(options.expression);
    if (options.check) return 0;
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    jsonata::Arena arena;
    std::optional<Json> result;
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      result = expression.evaluate_nothing(arena);
    } else {
      auto input = json::parse(text);
      if (!input) {
        error << to_string(input.problems()) << '\n';
        return 1;
      }
      result = expression.evaluate(input.value(), arena);
    }
    if (!result) return 0;
    const bool pretty = options.layout == JsonataCommandOptions::Layout::pretty;
    out << json::to_text(*result, pretty ? json::Layout::pretty : json::Layout::compact) << '\n';
    return 0;
  } catch (const jsonata::Error& failure) {
    return report(failure, error);
  }
}

// The code unit of a \\uXXXX at `at`, or -1.
long unit_at(std::string_view json, std::size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return -1;
  const std::string digits(json.substr(at + 2, 4));
  char* end = nullptr;
  const long unit = std::strtol(digits.c_str(), &end, 16);
  return end == digits.c_str() + 4 ? unit : -1;
}

bool is_high(long unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(long unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

std::string escape_lone_surrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    if (json[i] != '\\') {
      out += json[i++];
      continue;
    }
    const long unit = unit_at(json, i);
    const bool pair = is_high(unit) && is_low(unit_at(json, i + 6));
    if (!pair && (is_high(unit) || is_low(unit))) out += '\\';
    const std::size_t length = pair ? 12 : unit >= 0 ? 6 : 2;
    out += json.substr(i, length);
    i += length;
  }
  return out;
}

int run_jsonata_command(const JsonataCommandOptions& options, std::istream& in, std::ostream& out,
                        std::ostream& error) {
  std::ifstream file;
  if (!options.file.empty() && options.file != "-" && !options.check) {
    file.open(options.file, std::ios::binary);
    if (!file) {
      error << options.file << ": cannot be read\n";
      return 1;
    }
  }
  std::istream& from = file.is_open() ? static_cast<std::istream&>(file) : in;
  if (options.batch) return run_batch(from, out);
  return run_once(options, from, out, error);
}

}  // namespace junctor::cli
