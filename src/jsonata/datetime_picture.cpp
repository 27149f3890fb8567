#include "jsonata/datetime_picture.h"

#include <algorithm>
#include <cmath>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {

const std::string_view month_names[12] = {"January", "February", "March",     "April",
                                          "May",     "June",     "July",      "August",
                                          "September", "October", "November", "December"};
const std::string_view day_names[8] = {"",         "Monday", "Tuesday",  "Wednesday",
                                       "Thursday", "Friday", "Saturday", "Sunday"};

namespace {

constexpr std::string_view numeric_components = "YMDdFWwXxHhmsf";

std::string_view default_modifier(char component) {
  switch (component) {
    case 'Y': case 'M': case 'D': case 'd': case 'W': case 'w':
    case 'X': case 'x': case 'H': case 'h': case 'f': return "1";
    case 'F': case 'P': case 'C': case 'E': return "n";
    case 'm': case 's': return "01";
    case 'Z': case 'z': return "01:01";
    default: return {};
  }
}

void add_literal(std::string_view text, std::vector<DateTimePart>& parts) {
  if (text.empty()) return;
  DateTimePart part;
  for (std::size_t i = 0; i < text.size(); ++i) {
    part.literal += text[i];
    if (text.substr(i, 2) == "]]") ++i;
  }
  parts.push_back(std::move(part));
}

std::optional<double> width(std::string_view text) {
  if (text == "*") return std::nullopt;
  return parse_leading_integer(text);
}

std::size_t as_size(double value) {
  return value > 0 && value < 1000 ? static_cast<std::size_t>(value) : 0;
}

void set_number(DateTimePart& part, const std::string& modifier, std::vector<DateTimePart>& parts) {
  std::string pattern = modifier;
  if (part.second_modifier) (pattern += ';') += part.second_modifier;
  part.has_number = true;
  part.number = analyse_integer_picture(pattern);
  if (part.width_min && part.number.mandatory < as_size(*part.width_min)) {
    part.number.mandatory = as_size(*part.width_min);
  }
  if (part.component == 'Y') {
    const std::size_t signs = part.number.mandatory + part.number.optional;
    if (part.width_max) {
      part.year_digits = static_cast<int>(as_size(*part.width_max));
      part.number.mandatory = as_size(*part.width_max);
    } else if (signs >= 2) {
      part.year_digits = static_cast<int>(signs);
    }
  }
  // Digits that follow digits must have a known width to be read back.
  if (!parts.empty() && parts.back().has_number) {
    parts.back().number.parse_width = parts.back().number.mandatory;
  }
}

DateTimePart marker(std::string_view text, std::vector<DateTimePart>& parts) {
  std::string squeezed;
  for (const char c : text) {
    if (!(c == ' ' || (c >= '\t' && c <= '\r'))) squeezed += c;
  }
  DateTimePart part;
  part.component = squeezed.empty() ? '\1' : squeezed[0];
  std::string modifier = squeezed.empty() ? "" : squeezed.substr(1);
  if (const std::size_t comma = modifier.rfind(','); comma != std::string::npos) {
    const std::string widths = modifier.substr(comma + 1);
    const std::size_t dash = widths.find('-');
    part.width_min = width(widths.substr(0, dash));
    if (dash != std::string::npos) part.width_max = width(widths.substr(dash + 1));
    modifier.resize(comma);
  }
  if (modifier.size() > 1 && std::string_view("atco").find(modifier.back()) != std::string_view::npos) {
    part.second_modifier = modifier.back();
    modifier.pop_back();
  } else if (modifier.empty()) {
    modifier = default_modifier(part.component);
    if (modifier.empty()) {
      fault("D3132", {.value = squeezed.empty() ? "nothing" : squeezed.substr(0, 1)});
    }
  }
  if (modifier[0] == 'n') {
    part.names = LetterCase::lower;
  } else if (modifier[0] == 'N') {
    part.names = modifier.size() > 1 && modifier[1] == 'n' ? LetterCase::title : LetterCase::upper;
  } else if (numeric_components.find(part.component) != std::string_view::npos) {
    set_number(part, modifier, parts);
  }
  if (part.component == 'Z' || part.component == 'z') {
    part.has_number = true;
    part.number = analyse_integer_picture(modifier);
  }
  return part;
}

struct Offset {
  double hours = 0;
  double minutes = 0;
};

std::string zone_text(const DateTimePart& part, const Offset& zone) {
  const double offset = zone.hours * 100 + zone.minutes;
  std::string out;
  const std::size_t digits = part.number.mandatory;
  if (part.number.regular > 0 || digits == 3 || digits == 4) {
    out = format_integer(offset, part.number);
  } else if (digits == 1 || digits == 2) {
    out = format_integer(zone.hours, part.number);
    if (zone.minutes != 0) {
      out += ":" + format_integer(std::floor(zone.minutes), analyse_integer_picture("00"));
    }
  } else {
    fault("D3134", {.value = std::to_string(digits)});
  }
  if (offset >= 0) out.insert(0, 1, '+');
  if (part.component == 'z') out.insert(0, "GMT");
  return offset == 0 && part.second_modifier == 't' ? "Z" : out;
}

std::string name_text(const DateTimePart& part, double value) {
  std::string out;
  if (part.component != 'M' && part.component != 'x' && part.component != 'F') {
    fault("D3133", {.value = std::string(1, part.component)});
  }
  if (!std::isfinite(value)) return "undefined";
  out = part.component == 'F' ? day_names[static_cast<std::size_t>(value)]
                              : month_names[static_cast<std::size_t>(value) - 1];
  if (part.names == LetterCase::upper) out = to_upper(out);
  if (part.names == LetterCase::lower) out = to_lower(out);
  if (part.width_max && static_cast<double>(out.size()) > *part.width_max) {
    out.resize(as_size(*part.width_max));
  }
  return out;
}

std::string part_text(const DateTimePart& part, double millis, const Offset& zone) {
  const char component = part.component;
  if (component == 'Z' || component == 'z') return zone_text(part, zone);
  if (component == 'C' || component == 'E') return "ISO";
  double value = datetime_component(millis, component);
  if (component == 'P') {
    const std::string text = value == 1 ? "pm" : "am";
    return part.names == LetterCase::upper ? to_upper(text) : text;
  }
  if (component == 'f') return format_integer(value, part.number);
  if (numeric_components.find(component) == std::string_view::npos) return "undefined";
  if (component == 'Y' && part.width_max && std::isnan(*part.width_max)) return "NaN";
  if (component == 'Y' && part.year_digits != -1) {
    value = std::fmod(value, std::pow(10, part.year_digits));
  }
  return part.names ? name_text(part, value) : format_integer(value, part.number);
}

}  // namespace

std::vector<DateTimePart> analyse_datetime_picture(std::string_view picture) {
  std::vector<DateTimePart> parts;
  std::size_t start = 0;
  for (std::size_t at = 0; at < picture.size(); ++at) {
    if (picture[at] != '[') continue;
    add_literal(picture.substr(start, at - start), parts);
    if (picture.substr(at, 2) == "[[") {
      DateTimePart bracket;
      bracket.literal = "[";
      parts.push_back(std::move(bracket));
      ++at;
      start = at + 1;
      continue;
    }
    const std::size_t end = picture.find(']', at);
    if (end == std::string_view::npos) fault("D3135");
    parts.push_back(marker(picture.substr(at + 1, end - at - 1), parts));
    at = end;
    start = end + 1;
  }
  add_literal(picture.substr(start), parts);
  return parts;
}

std::string format_datetime(double millis, std::optional<std::string_view> picture,
                            std::optional<std::string_view> timezone) {
  Offset zone;
  if (timezone) {
    const double offset = parse_leading_integer(*timezone);
    zone = {std::floor(offset / 100), std::fmod(offset, 100)};
  }
  const auto parts = analyse_datetime_picture(
      picture.value_or("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"));
  const double local = std::trunc(millis + (60 * zone.hours + zone.minutes) * 60'000);
  std::string out;
  for (const DateTimePart& part : parts) {
    out += part.component ? part_text(part, local, zone) : part.literal;
  }
  return out;
}

}  // namespace junctor::jsonata
