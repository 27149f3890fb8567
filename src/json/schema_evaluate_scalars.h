// Part of schema_evaluate.h: numbers, strings, types, const and enum.
#pragma once

#include "json/schema_evaluate.h"

namespace junctor::schema {

template <typename Model, bool collects>
bool Evaluator<Model, collects>::wrong_type(NodeId id, const Node& node, Value value, Kinds kind,
                                            AtArgument at) {
  if (node.is_false)
    return fail(id, "", at, [&] { return "found " + shown(Model::to_json(value)) + ", expected nothing to stand here"; });
  return fail(id, "type", at, [&] {
    const std::string found = kind == null_kind ? "" : words_of(kind) + " ";
    return "found " + found + shown(Model::to_json(value)) + ", expected " + words_of(node.types);
  });
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_number(NodeId id, Value value, AtArgument at) {
  using Rules = NumberRules;
  const Rules& rules = program_.numbers[program_.nodes[id].number];
  const json::Number number = Model::number(value);
  bool good = true;
  const auto judge = [&](std::uint8_t bit, const json::Number& bound, std::string_view keyword,
                         auto holds, const char* expected) {
    if ((rules.has & bit) == 0 || stop(good) || holds(json::compare(number, bound))) return;
    good = fail(id, keyword, at, [&] {
      return "found " + json::to_string(number) + ", expected " + expected + json::to_string(bound);
    });
  };
  judge(Rules::minimum_bit, rules.minimum, "minimum", [](int c) { return c >= 0; }, "at least ");
  judge(Rules::above_bit, rules.above, "exclusiveMinimum", [](int c) { return c > 0; }, "more than ");
  judge(Rules::maximum_bit, rules.maximum, "maximum", [](int c) { return c <= 0; }, "at most ");
  judge(Rules::below_bit, rules.below, "exclusiveMaximum", [](int c) { return c < 0; }, "less than ");
  if (stop(good) || (rules.has & Rules::multiple_bit) == 0) return good;
  if (json::is_multiple_of(number, rules.multiple_of)) return good;
  return fail(id, "multipleOf", at, [&] {
    return "found " + json::to_string(number) + ", expected a multiple of " +
           json::to_string(rules.multiple_of);
  });
}

template <typename Model, bool collects>
[[gnu::noinline]] bool Evaluator<Model, collects>::check_string(NodeId id, Value value, AtArgument at) {
  const StringRules& rules = program_.strings[program_.nodes[id].string];
  const std::string_view text = Model::text(value);
  bool good = true;
  // A character has one to four bytes: most lengths are decided without counting.
  if (text.size() > rules.max_length || text.size() / 4 < rules.min_length) {
    const std::size_t length = count_characters(text);
    if (length > rules.max_length) {
      good = fail(id, "maxLength", at, [&] {
        return "found " + std::to_string(length) + " characters, expected at most " +
               std::to_string(rules.max_length);
      });
    }
    if (!stop(good) && length < rules.min_length) {
      good = fail(id, "minLength", at, [&] {
        return "found " + std::to_string(length) + " characters, expected at least " +
               std::to_string(rules.min_length);
      });
    }
  }
  if (!stop(good) && rules.pattern != none) good = check_pattern(id, rules, text, at) && good;
  if (stop(good)) return false;
  if constexpr (!collects) return rules.format == nullptr || rules.format(text);
  if (rules.format == nullptr || rules.format(text)) return good;
  return fail(id, "format", at, [&] {
    return "found " + shown(Json(boost::json::string_view(text))) + ", expected the format '" +
           rules.format_name + "'";
  });
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_pattern(NodeId id, const StringRules& rules,
                                               std::string_view text, AtArgument at) {
  using Outcome = json::Pattern::Outcome;
  switch (program_.patterns[rules.pattern].match(text, run_.patterns)) {
    case Outcome::matches: return true;
    case Outcome::too_much_work: return abort("a pattern takes too many steps on this text");
    case Outcome::differs: break;
  }
  return fail(id, "pattern", at, [&] {
    return "found " + shown(Json(boost::json::string_view(text))) +
           ", expected a text that matches " + program_.pattern_texts[rules.pattern];
  });
}

template <typename Model, bool collects>
[[gnu::noinline]] bool Evaluator<Model, collects>::check_values(NodeId id, Value value, AtArgument at) {
  const ValueRules& rules = program_.values[program_.nodes[id].values];
  if (rules.only_strings) {
    if (Model::kind(value) == string_kind &&
        rules.strings.find(Model::text(value)) != json::NameTable::absent) {
      return true;
    }
  } else {
    decltype(auto) mine = Model::to_json(value);
    for (const Json& one : rules.values) {
      if (json::json_equal(one, mine)) return true;
    }
  }
  return fail(id, rules.is_const ? "const" : "enum", at, [&] {
    std::string text = "found " + shown(Model::to_json(value)) + ", expected ";
    if (rules.values.size() > 1) text += "one of ";
    for (std::size_t i = 0; i < rules.values.size() && i < 20; ++i) {
      text += (i == 0 ? "" : ", ") + shown(rules.values[i]);
    }
    return text + (rules.values.size() > 20 ? ", …" : "");
  });
}

}  // namespace junctor::schema
