#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "jsonata/datetime_picture.h"
#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string escaped(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view(".*+?^${}()|[]\\/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool is_zone(const DateTimePart& part) { return part.component == 'Z' || part.component == 'z'; }

std::string zone_separator(const DateTimePart& part) {
  if (part.number.regular == 0) return {};
  std::string out;
  append_code_point(out, part.number.separators.front().character);
  return out;
}

std::string pattern_of(const DateTimePart& part) {
  if (!part.component) return escaped(part.literal);
  if (is_zone(part)) {
    std::string out = part.component == 'z' ? "GMT[-+][0-9]+" : "[-+][0-9]+";
    const std::string separator = zone_separator(part);
    if (!separator.empty()) out += escaped(separator) + "[0-9]+";
    return out;
  }
  if (part.component == 'f') return "[0-9]+";
  if (part.has_number) return integer_pattern(part.number);
  if (std::string_view("MxFP").find(part.component) == std::string_view::npos) {
    fault("D3133", {.value = std::string(1, part.component)});
  }
  return "[a-zA-Z]+";
}

double zone_value(const DateTimePart& part, std::string_view text) {
  if (part.component == 'z') text.remove_prefix(std::min<std::size_t>(3, text.size()));
  const std::string separator = zone_separator(part);
  double hours = 0;
  double minutes = 0;
  if (!separator.empty()) {
    const std::size_t at = text.find(separator);
    hours = parse_leading_integer(text.substr(0, at));
    minutes = parse_leading_integer(text.substr(at == std::string_view::npos ? 0 : at + separator.size()));
  } else if (text.size() <= 3) {
    hours = parse_leading_integer(text);
  } else {
    hours = parse_leading_integer(text.substr(0, 3));
    minutes = parse_leading_integer(text.substr(3));
  }
  return hours * 60 + minutes;
}

std::optional<double> name_value(const DateTimePart& part, std::string_view text) {
  if (part.component == 'P') {
    if (text == "am" || text == "AM") return 0;
    if (text == "pm" || text == "PM") return 1;
    return std::nullopt;
  }
  const bool day = part.component == 'F';
  std::optional<double> found;
  for (std::size_t i = day ? 1 : 0; i < (day ? 8u : 12u); ++i) {
    std::string_view name = day ? day_names[i] : month_names[i];
    if (part.width_max && *part.width_max > 0) {
      name = name.substr(0, static_cast<std::size_t>(std::min(*part.width_max, 100.0)));
    }
    if (name == text) found = static_cast<double>(day ? i : i + 1);
  }
  return found;
}

std::optional<double> value_of(const DateTimePart& part, std::string_view text) {
  if (is_zone(part)) return zone_value(part, text);
  if (part.component == 'f') return parse_decimal("0." + std::string(text.substr(0, 3))) * 1000;
  if (part.has_number) return parse_integer(text, part.number);
  return name_value(part, text);
}

class Components {
 public:
  std::optional<double>& operator[](char c) { return values_[static_cast<unsigned char>(c) & 127]; }
  double get(char c) { return (*this)[c].value_or(nan); }
  // Whether the components that are set are some of `wanted` and no others of `all`.
  bool are(std::string_view wanted, std::string_view all) {
    bool any = false;
    for (const char c : all) {
      const double value = (*this)[c].value_or(0);
      if (value == 0 || std::isnan(value)) continue;
      if (wanted.find(c) == std::string_view::npos) return false;
      any = true;
    }
    return any;
  }

 private:
  std::array<std::optional<double>, 128> values_;
};

// Fills what was not given: from now before the first given component, with the least value
// behind the last. A gap in between is an error.
void fill_in(Components& c, std::string_view order, double now) {
  bool started = false;
  bool ended = false;
  for (const char part : order) {
    if (c[part]) {
      started = true;
      if (ended) fault("D3136");
    } else if (started) {
      c[part] = part == 'M' || part == 'D' || part == 'd' ? 1 : 0;
      ended = true;
    } else {
      // As in the reference, the present moment is in no half of a day.
      c[part] = part == 'P' ? 0 : datetime_component(now, part);
    }
  }
}

double compose(Components& c, double now) {
  constexpr std::string_view date_parts = "YXMxWwdD";
  constexpr std::string_view time_parts = "PHhmsf";
  const bool by_date = c.are("YMD", date_parts);
  const bool by_day = !by_date && c.are("Yd", date_parts);
  const bool by_month_week = c.are("XxwF", date_parts);
  const bool by_week = !by_month_week && c.are("XWF", date_parts);
  const bool half_days = !c.are("Hmsf", time_parts) && c.are("Phmsf", time_parts);
  const std::string order =
      std::string(by_day ? "YD" : by_month_week ? "XxwF" : by_week ? "XWF" : "YMD") +
      (half_days ? "Phmsf" : "Hmsf");
  fill_in(c, order, now);
  c['M'] = c.get('M') > 0 ? c.get('M') - 1 : 0;
  if (by_day) {
    const CivilTime t = civil_from_millis(date_utc(c.get('Y'), 0, 1, 0, 0, 0, 0) +
                                          (c.get('d') - 1) * 86'400'000);
    c['M'] = t.month - 1;
    c['D'] = t.day;
  }
  if (by_month_week || by_week) fault("D3136");
  if (half_days) {
    c['H'] = (c.get('h') == 12 ? 0 : c.get('h')) + (c.get('P') == 1 ? 12 : 0);
  }
  double millis = date_utc(c.get('Y'), c.get('M'), c.get('D'), c.get('H'), c.get('m'), c.get('s'),
                           c.get('f'));
  for (const char zone : {'Z', 'z'}) {
    if (c[zone].value_or(0) != 0) {
      millis -= c.get(zone) * 60'000;
      break;
    }
  }
  return millis;
}

}  // namespace

std::optional<double> parse_datetime(std::string_view text, std::string_view picture, double now) {
  const auto parts = analyse_datetime_picture(picture);
  std::string pattern = "^";
  for (const DateTimePart& part : parts) pattern += "(" + pattern_of(part) + ")";
  const Regex regex(pattern + "$", "i", 0);
  RegexScratch scratch;
  const auto found = regex.find(text, 0, scratch, [] {});
  if (found.empty()) return std::nullopt;
  Components components;
  bool any = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].component) continue;
    const std::size_t from = found[2 * i + 2];
    components[parts[i].component] = value_of(parts[i], text.substr(from, found[2 * i + 3] - from));
    any = true;
  }
  if (!any) return std::nullopt;
  return compose(components, now);
}

double parse_iso8601(std::string_view text) {
  static const Regex regex(
      "^(\\d{4})(?:-([01]\\d))?(?:-([0-3]\\d))?(?:T([0-2]\\d):([0-5]\\d):([0-5]\\d))?(?:\\.(\\d+))?"
      "(?:([+-])([0-2]\\d):?([0-5]\\d)|Z)?$",
      "", 0);
  RegexScratch scratch;
  const auto found = regex.find(text, 0, scratch, [] {});
  if (found.empty()) fault("D3110", {.value = std::string(text.substr(0, 60))});
  const auto part = [&](std::size_t group) {
    return found[2 * group] == Regex::unset
               ? std::string_view()
               : text.substr(found[2 * group], found[2 * group + 1] - found[2 * group]);
  };
  const auto number = [&](std::size_t group, double missing) {
    return part(group).empty() ? missing : parse_leading_integer(part(group));
  };
  const double month = number(2, 1);
  const double day = number(3, 1);
  const double hour = number(4, 0);
  const bool whole_day = hour == 24 && number(5, 0) == 0 && number(6, 0) == 0;
  if (month < 1 || month > 12 || day < 1 || day > 31 || (hour > 23 && !whole_day)) return nan;
  if (!part(7).empty() && part(4).empty()) return nan;
  if (!part(3).empty() && part(2).empty()) return nan;  // a day of no month
  const double year = number(1, 0);
  const double millis = part(7).empty() ? 0 : std::floor(parse_decimal("0." + std::string(part(7).substr(0, 3))) * 1000 + 0.5);
  const double days = static_cast<double>(days_from_civil(static_cast<std::int64_t>(year), static_cast<std::int64_t>(month), static_cast<std::int64_t>(day)));
  double out = days * 86'400'000 + hour * 3'600'000 + number(5, 0) * 60'000 + number(6, 0) * 1000 + millis;
  if (!part(8).empty()) {
    const double offset = number(9, 0) * 60 + number(10, 0);
    out -= (part(8) == "-" ? -offset : offset) * 60'000;
  }
  return out;
}

}  // namespace junctor::jsonata
