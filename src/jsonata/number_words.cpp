#include "jsonata/number_words.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::string_view few[] = {
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr std::string_view ordinals[] = {
    "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth",
    "Tenth", "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth",
    "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr std::string_view decades[] = {"Twenty", "Thirty", "Forty", "Fifty", "Sixty",
                                        "Seventy", "Eighty", "Ninety", "Hundred"};
constexpr std::string_view magnitudes[] = {"Thousand", "Million", "Billion", "Trillion"};

enum class Before { nothing, words };

std::string words(double n, Before before, bool ordinal) {
  const bool joined = before == Before::words;
  if (n <= 19) {
    const auto i = static_cast<std::size_t>(n);
    return (joined ? " and " : "") + std::string(ordinal ? ordinals[i] : few[i]);
  }
  if (n < 100) {
    std::string out = joined ? " and " : "";
    out += decades[static_cast<std::size_t>(n / 10) - 2];
    const double rest = std::fmod(std::trunc(n), 10);
    if (rest > 0) return out + "-" + words(rest, Before::nothing, ordinal);
    if (ordinal) out.replace(out.size() - 1, 1, "ieth");
    return out;
  }
  std::string out = joined ? ", " : "";
  double rest = 0;
  if (n < 1000) {
    out += std::string(few[static_cast<std::size_t>(n / 100)]) + " Hundred";
    rest = std::fmod(n, 100);
  } else {
    const auto magnitude = std::min<std::size_t>(static_cast<std::size_t>(std::log10(n) / 3), 4);
    const double factor = std::pow(10, static_cast<double>(magnitude) * 3);
    const double count = std::floor(n / factor);
    rest = n - count * factor;
    out += words(count, Before::nothing, false) + " ";
    out += magnitudes[magnitude - 1];
  }
  if (rest > 0) return out + words(rest, Before::words, ordinal);
  return ordinal ? out + "th" : out;
}

// In the order in which the pattern tries them.
std::vector<std::pair<std::string, double>> word_values() {
  std::vector<std::pair<std::string, double>> out;
  for (std::size_t i = 0; i < 20; ++i) out.emplace_back(to_lower(few[i]), i);
  for (std::size_t i = 0; i < 20; ++i) out.emplace_back(to_lower(ordinals[i]), i);
  for (std::size_t i = 0; i < 9; ++i) {
    const std::string word = to_lower(decades[i]);
    const auto value = static_cast<double>((i + 2) * 10);
    out.emplace_back(word, value);
    out.emplace_back(word.substr(0, word.size() - 1) + "ieth", value);
  }
  out.emplace_back("hundredth", 100);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string word = to_lower(magnitudes[i]);
    const double value = std::pow(10, static_cast<double>((i + 1) * 3));
    out.emplace_back(word, value);
    out.emplace_back(word + "th", value);
  }
  return out;
}

// The words between ", ", " and ", white space, backslashes and hyphens.
std::vector<std::string> split_words(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ',' && i + 1 < text.size() && blank(text[i + 1])) {
      i += 2;
      parts.emplace_back();
    } else if (blank(text[i]) && text.substr(i + 1, 3) == "and" && i + 4 < text.size() &&
               blank(text[i + 4])) {
      i += 5;
      parts.emplace_back();
    } else if (blank(text[i]) || text[i] == '\\' || text[i] == '-') {
      ++i;
      parts.emplace_back();
    } else {
      parts.back() += text[i++];
    }
  }
  return parts;
}

}  // namespace

std::string number_to_words(double number, bool ordinal) {
  if (!std::isfinite(number)) return number_text(number);
  return words(number, Before::nothing, ordinal);
}

double words_to_number(std::string_view text) {
  static const std::vector<std::pair<std::string, double>> list = word_values();
  static const std::map<std::string, double> values(list.begin(), list.end());
  std::vector<double> segments{0};
  for (const std::string& part : split_words(text)) {
    const auto at = values.find(part);
    const double value = at == values.end() ? std::numeric_limits<double>::quiet_NaN() : at->second;
    double top = segments.back();
    if (value < 100) {
      if (top >= 1000) {
        segments.push_back(0);
        top = 0;
      }
      segments.back() = top + value;
    } else {
      segments.back() = top * value;
    }
  }
  double sum = 0;
  for (const double segment : segments) sum += segment;
  return sum;
}

std::string number_word_pattern() {
  std::string out = "(?:";
  for (const auto& [word, value] : word_values()) out += word + "|";
  return out + "and|[\\-, ])+";
}

}  // namespace junctor::jsonata
