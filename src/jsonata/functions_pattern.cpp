// $contains, $match, $replace, $split: with strings, regular expressions, or functions that
// return match objects.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

std::size_t offset_of_unit(std::string_view text, double units) {
  std::size_t at = 0;
  for (double n = 0; n < units && at < text.size(); ++n) {
    const std::size_t length = code_point_bytes(static_cast<unsigned char>(text[at]));
    n += length == 4;
    at += length;
  }
  return std::min(at, text.size());
}

struct Match {
  std::string_view text;
  std::size_t start = 0;
  std::size_t end = 0;
  Value groups;  // an array
  Value object;  // of a function; made for regular expressions only where needed
};

// The matches of a pattern one after the other.
class Matches {
 public:
  Matches(Call& call, Value pattern, std::string_view subject)
      : call_(call), pattern_(pattern), subject_(subject) {
    if (pattern.is_function() && pattern.function->type == Function::Type::regex) {
      node_ = pattern.function->node;
    }
  }

  bool next(Match& match) {
    call_.ev.tick();
    return node_ ? next_of_regex(match) : next_of_function(match);
  }

  bool is_regex() const { return node_ != nullptr; }
  const Node* node() const { return node_; }

 private:
  bool next_of_regex(Match& match) {
    if (!first_ && at_ >= subject_.size()) return false;
    const auto found = node_->regex->find(subject_, at_, call_.ev.regex_scratch(), call_.ev.interrupt());
    if (found.empty()) return false;
    match.start = found[0];
    match.end = found[1];
    match.text = subject_.substr(match.start, match.end - match.start);
    if (!first_ && match.text.empty()) {
      fault("D1004", {.position = node_->position, .value = node_->regex->source()});
    }
    Array* groups = call_.ev.new_array(node_->regex->group_count());
    for (std::size_t i = 2; i < found.size(); i += 2) {
      call_.ev.push(groups, found[i] == Regex::unset
                                ? Value{}
                                : Value::of(subject_.substr(found[i], found[i + 1] - found[i])));
    }
    match.groups = Value::of(groups);
    at_ = match.end;
    first_ = false;
    return true;
  }

  bool next_of_function(Match& match) {
    Evaluator& ev = call_.ev;
    const bool first = std::exchange(first_, false);
    std::array<Value, 1> args{first ? Value::of(subject_) : Value{}};
    if (!pattern_.is_function()) {
      if (!first) return false;  // a match object without a way on
      fault("T1010");
    }
    const Value found = ev.apply(pattern_, args, Value::null(), call_.frame);
    if (!ev.truthy(found) && !found.is_object()) return false;
    const Value start = ev.get(found, "start");
    const Value groups = ev.get(found, "groups");
    const Value next = ev.get(found, "next");
    if (!start.is_number() && !groups.is_array() && !next.is_function()) fault("T1010");
    const Value text = ev.get(found, "match");
    const Value end = ev.get(found, "end");
    match.text = text.is_string() ? text.text() : std::string_view();
    match.start = offset_of_unit(subject_, start.is_number() ? start.number : 0);
    match.end = offset_of_unit(subject_, end.is_number() ? end.number : 0);
    match.groups = groups.is_array() ? groups : Value::of(ev.new_array());
    match.object = found;
    pattern_ = next;
    return true;
  }

  Call& call_;
  Value pattern_;
  std::string_view subject_;
  const Node* node_ = nullptr;
  std::size_t at_ = 0;
  bool first_ = true;
};

// A limit, when there is one; negative ones are errors with `code`.
std::optional<double> limit_of(Value value, std::string_view code) {
  if (!value.is_number()) return std::nullopt;
  if (value.number < 0) fault(code, {.value = number_text(value.number)});
  return value.number;
}

Value contains(Call& c) {
  if (c.args[0].is_undefined() || c.args[1].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  if (c.args[1].is_string()) {
    return Value::of(c.ev.find_text(text, c.args[1].text()) != std::string_view::npos);
  }
  Matches matches(c, c.args[1], text);
  Match match;
  return Value::of(matches.next(match));
}

Value match(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::optional<double> limit = limit_of(c.args[2], "D3040");
  Evaluator& ev = c.ev;
  Array* out = ev.new_sequence();
  if (limit && *limit <= 0) return Value::of(out);
  const std::string_view text = c.args[0].text();
  Matches matches(c, c.args[1], text);
  Match found;
  double count = 0;
  // The next match is looked for even when the limit has been reached: it may be an error.
  for (bool more = matches.next(found); more && (!limit || count < *limit); more = matches.next(found)) {
    const double units = ev.units_before(text, found.start);
    Object* object = ev.new_object(3);
    if (found.object.is_object()) {
      ev.append(object, Value::of(std::string_view("match")), ev.get(found.object, "match"));
      ev.append(object, Value::of(std::string_view("index")), ev.get(found.object, "start"));
      ev.append(object, Value::of(std::string_view("groups")), ev.get(found.object, "groups"));
    } else {
      ev.append(object, Value::of(std::string_view("match")), Value::of(found.text));
      ev.append(object, Value::of(std::string_view("index")), Value::of(units));
      ev.append(object, Value::of(std::string_view("groups")), found.groups);
    }
    ev.push(out, Value::of(object));
    ++count;
  }
  return Value::of(out);
}

// Puts a match into a replacement text: $0, $1 … and $$.
void substitute(std::string_view replacement, const Match& match, std::string& out) {
  const std::size_t groups = array_size(match.groups);
  std::size_t digits = 1;
  for (std::size_t n = groups; n >= 10; n /= 10) ++digits;
  std::size_t at = 0;
  for (;;) {
    const std::size_t dollar = replacement.find('$', at);
    out += replacement.substr(at, dollar == std::string_view::npos ? dollar : dollar - at);
    if (dollar == std::string_view::npos) return;
    at = dollar + 1;
    const char c = at < replacement.size() ? replacement[at] : '\0';
    if (c == '$' || c == '0') {
      out += c == '$' ? std::string_view("$") : match.text;
      ++at;
      continue;
    }
    const auto number = [&](std::size_t most) -> std::optional<std::size_t> {
      std::size_t value = 0;
      std::size_t k = 0;
      for (; k < most && at + k < replacement.size(); ++k) {
        const char d = replacement[at + k];
        if (d < '0' || d > '9') break;
        value = value * 10 + static_cast<std::size_t>(d - '0');
      }
      if (k == 0) return std::nullopt;
      return value;
    };
    std::optional<std::size_t> index = number(digits);
    if (digits > 1 && index && *index > groups) index = number(digits - 1);
    if (!index) {
      out += '$';
      continue;
    }
    if (*index >= 1 && *index <= groups) {
      const Value group = array_at(match.groups, *index - 1);
      if (group.is_string()) out += group.text();
    }
    at += std::to_string(*index).size();
  }
}

// What a replacement function gives for a match.
std::string_view replaced_by(Call& c, const Matches& matches, const Match& match) {
  Evaluator& ev = c.ev;
  Value object = match.object;
  if (!object.is_object()) {
    object = ev.call_regex(*matches.node()->regex, matches.node(), c.args[0], match.start);
  }
  std::array<Value, 1> args{object};
  const Value out = ev.apply(c.args[2], args, Value::null(), c.frame);
  if (!out.is_string()) fault("D3012", {.value = ev.describe(out)});
  return out.text();
}

void replace_text(Call& c, std::string_view text, std::optional<double> limit, std::string& out) {
  const std::string_view pattern = c.args[1].text();
  const std::string_view replacement =
      c.args[2].is_string() ? c.args[2].text() : std::string_view("undefined");
  std::size_t at = 0;
  for (double count = 0; !limit || count < *limit; ++count) {
    c.ev.tick();
    const std::size_t found = c.ev.find_text(text, pattern, at);
    if (found == std::string_view::npos) break;
    (out += text.substr(at, found - at)) += replacement;
    at = found + pattern.size();
    if (out.size() > c.ev.limits().memory_bytes) c.ev.mem.allocate(out.size());
  }
  out += text.substr(at);
}

Value replace(Call& c) {
  if (c.args[0].is_undefined()) return {};
  if (c.args[1].is_string() && c.args[1].extra == 0) fault("D3010");
  const std::optional<double> limit = limit_of(c.args[3], "D3011");
  const std::string_view text = c.args[0].text();
  if (limit && *limit <= 0) return c.args[0];
  std::string out;
  if (c.args[1].is_string()) {
    replace_text(c, text, limit, out);
    return c.ev.string(out);
  }
  Matches matches(c, c.args[1], text);
  Match found;
  std::size_t at = 0;
  double count = 0;
  for (bool more = matches.next(found); more && (!limit || count < *limit); more = matches.next(found)) {
    if (found.start > at) out += text.substr(at, found.start - at);
    if (c.args[2].is_string()) {
      substitute(c.args[2].text(), found, out);
    } else if (c.args[2].is_function()) {
      out += replaced_by(c, matches, found);
    } else {
      fault("T0410", {.index = 3});
    }
    at = std::min(found.start + found.text.size(), text.size());
    ++count;
    if (out.size() > c.ev.limits().memory_bytes) c.ev.mem.allocate(out.size());
  }
  if (count == 0) return c.args[0];
  out += text.substr(at);
  return c.ev.string(out);
}

void split_by_text(Call& c, std::string_view text, std::uint32_t limit, Array* out) {
  const std::string_view separator = c.args[1].text();
  if (separator.empty()) {
    for (std::size_t i = 0; i < text.size() && out->size < limit;) {
      const std::size_t from = i;
      next_code_point(text, i);
      c.ev.push(out, Value::of(text.substr(from, i - from)));
      c.ev.tick();
    }
    return;
  }
  std::size_t at = 0;
  while (out->size < limit) {
    c.ev.tick();
    const std::size_t found = c.ev.find_text(text, separator, at);
    c.ev.push(out, Value::of(text.substr(at, found == std::string_view::npos ? found : found - at)));
    if (found == std::string_view::npos) return;
    at = found + separator.size();
  }
}

Value split(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::optional<double> limit = limit_of(c.args[2], "D3020");
  Array* out = c.ev.new_array();
  if (limit && *limit <= 0) return Value::of(out);
  const std::string_view text = c.args[0].text();
  if (c.args[1].is_string()) {
    split_by_text(c, text, limit && *limit < 4e9 ? static_cast<std::uint32_t>(*limit) : 0xFFFFFFFFu, out);
    return Value::of(out);
  }
  Matches matches(c, c.args[1], text);
  Match found;
  std::size_t at = 0;
  double count = 0;
  for (bool more = matches.next(found); more && (!limit || count < *limit); more = matches.next(found)) {
    c.ev.push(out, Value::of(text.substr(std::min(at, found.start),
                                         found.start > at ? found.start - at : 0)));
    at = found.end;
    ++count;
  }
  if (!limit || count < *limit) c.ev.push(out, Value::of(text.substr(at)));
  return Value::of(out);
}

}  // namespace

Value Evaluator::call_regex(const Regex& regex, const Node* node, Value subject,
                            std::size_t from) {
  const std::string_view text = subject.text();
  if (from == Regex::unset) return {};
  const auto found = regex.find(text, from, regex_scratch(), interrupt());
  if (found.empty()) return {};
  const std::size_t start = found[0];
  const std::size_t end = found[1];
  Array* groups = new_array(regex.group_count());
  for (std::size_t i = 2; i < found.size(); i += 2) {
    push(groups, found[i] == Regex::unset ? Value{} : Value::of(text.substr(found[i], found[i + 1] - found[i])));
  }
  const auto units = [&](std::size_t offset) { return Value::of(units_before(text, offset)); };
  Object* out = new_object(5);
  append(out, Value::of(std::string_view("match")), Value::of(text.substr(start, end - start)));
  append(out, Value::of(std::string_view("start")), units(start));
  append(out, Value::of(std::string_view("end")), units(end));
  append(out, Value::of(std::string_view("groups")), Value::of(groups));
  append(out, Value::of(std::string_view("next")),
         function({.type = Function::Type::next_match, .node = node, .subject = subject, .from = end}));
  return Value::of(out);
}

std::size_t Evaluator::regex_start(std::string_view text, Value from) {
  if (!from.is_number() || !(from.number >= 1)) return 0;
  if (from.number > static_cast<double>(text.size())) return Regex::unset;
  tick(text.size() / 64);
  const double start = std::floor(from.number);
  return start > units_before(text, text.size()) ? Regex::unset : offset_of_unit(text, start);
}

Value Evaluator::next_match(const Function& f) {
  if (f.from >= f.subject.extra) return {};
  const Value found = call_regex(*f.node->regex, f.node, f.subject, f.from);
  if (found.is_defined() && get(found, "match").extra == 0) {
    fault("D1004", {.position = f.node->position, .value = f.node->regex->source()});
  }
  return found;
}

std::vector<Builtin> pattern_functions() {
  return {
      {"contains", contains, "<s-(sf):b>", 2},
      {"match", match, "<s-f<s:o>n?:a<o>>", 3},
      {"replace", replace, "<s-(sf)(sf)n?:s>", 4},
      {"split", split, "<s-(sf)n?:a<s>>", 3},
  };
}

}  // namespace junctor::jsonata
