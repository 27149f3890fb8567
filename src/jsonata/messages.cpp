#include "jsonata/messages.h"

#include <algorithm>
#include <iterator>

namespace junctor::jsonata {
namespace {

struct Message {
  std::string_view code;
  std::string_view text;  // %t token, %v value, %w second value, %i index
};

// Sorted by code.
constexpr Message messages[] = {
    {"D1001", "number out of range: %v"},
    {"D1002", "only a number can be negated, got %v"},
    {"D1004", "the regular expression matches an empty string and would never advance"},
    {"D1009", "several key expressions give the same key %v"},
    {"D1013", "keys beginning with _jsonata_ are reserved, got %v"},
    {"D2014", "a range may hold 10,000,000 numbers at most, asked for %v"},
    {"D2015", "a sequence grew beyond the limit of %v items"},
    {"D3001", "infinity and NaN have no text"},
    {"D3010", "the second argument of $replace must not be an empty string"},
    {"D3011", "the fourth argument of $replace must not be negative"},
    {"D3012", "the replacement of a match must be a string, got %v"},
    {"D3020", "the third argument of $split must not be negative"},
    {"D3030", "this value cannot become a number: %v"},
    {"D3040", "the third argument of $match must not be negative"},
    {"D3050", "the function for $reduce must take at least two arguments"},
    {"D3060", "a negative number has no square root: %v"},
    {"D3061", "$power gives no finite number: base %v, exponent %w"},
    {"D3070", "$sort without a function sorts only numbers or only strings"},
    {"D3080", "a number picture has at most two sub-pictures"},
    {"D3081", "a sub-picture has at most one decimal separator"},
    {"D3082", "a sub-picture has at most one percent sign"},
    {"D3083", "a sub-picture has at most one per-mille sign"},
    {"D3084", "a sub-picture cannot have both percent and per-mille signs"},
    {"D3085", "the mantissa of a sub-picture needs at least one digit sign"},
    {"D3086", "a passive character stands between active ones in the sub-picture"},
    {"D3087", "a grouping separator stands next to the decimal separator"},
    {"D3088", "a grouping separator stands at the end of the integer part"},
    {"D3089", "two grouping separators stand side by side"},
    {"D3090", "in the integer part optional digits come before mandatory ones"},
    {"D3091", "in the fractional part mandatory digits come before optional ones"},
    {"D3092", "a sub-picture with percent or per-mille cannot have an exponent"},
    {"D3093", "the exponent of a sub-picture must consist of digits"},
    {"D3100", "the radix of $formatBase must be between 2 and 36, got %v"},
    {"D3110", "expected an ISO 8601 timestamp, got %v"},
    {"D3120", "syntax error in the expression given to $eval: %v"},
    {"D3121", "the expression given to $eval failed: %v"},
    {"D3130", "numbering that starts with %v is not supported"},
    {"D3131", "all digits of a picture must be of the same digit family"},
    {"D3132", "unknown component %v in a date/time picture"},
    {"D3133", "only months and days have names in a date/time picture, not %v"},
    {"D3134", "a time zone picture has at most four digits"},
    {"D3135", "a [ in the date/time picture has no matching ]"},
    {"D3136", "the date/time picture lacks components between those it has"},
    {"D3137", "%v"},
    {"D3138", "$single() expected exactly one match but found more"},
    {"D3139", "$single() expected exactly one match but found none"},
    {"D3140", "malformed text for a URL passed to $%t(): %v"},
    {"D3141", "%v"},
    {"S0101", "expected the closing quote of a string before the end"},
    {"S0102", "number out of range: %t"},
    {"S0103", "unsupported escape sequence \\%t, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"},
    {"S0104", "expected four hexadecimal digits after \\u"},
    {"S0105", "expected a closing ` before the end of a quoted name"},
    {"S0106", "expected */ before the end of a comment"},
    {"S0201", "expected an operator or the end of the expression, got %t"},
    {"S0202", "expected %v, got %t"},
    {"S0203", "expected %v before the end of the expression"},
    {"S0204", "unknown operator %t, expected an operator of JSONata"},
    {"S0207", "expected a value before the end of the expression"},
    {"S0208", "parameter %v of a function must be a variable name, expected $name"},
    {"S0209", "a predicate cannot follow a grouping, expected an operator"},
    {"S0210", "a step can be grouped only once, expected an operator"},
    {"S0211", "expected a value, got %t"},
    {"S0212", "the left side of := must be a variable name, expected $name"},
    {"S0213", "the literal %v cannot be a step of a path, expected a name"},
    {"S0214", "the right side of %t must be a variable name, expected $name"},
    {"S0215", "@ must stand before the predicates of a step"},
    {"S0216", "@ must stand before the order-by clause of a step"},
    {"S0217", "the parent of this %t cannot be found, expected % inside a path"},
    {"S0301", "expected a pattern between the slashes of a regular expression"},
    {"S0302", "expected the closing / of a regular expression before the end"},
    {"S0303", "not a regular expression: %v"},
    {"S0401", "only functions (f) and arrays (a) take a type parameter, got %v"},
    {"S0402", "a choice of types cannot contain type parameters: %v"},
    {"S0501", "the expression is too long or nested too deep: %v"},
    {"S0502", "expected text in UTF-8, got %v"},
    {"T0410", "argument %i of function %t does not match its signature"},
    {"T0411", "the context value cannot stand for argument %i of function %t"},
    {"T0412", "argument %i of function %t must be an array of %v"},
    {"T1003", "a key must be a string, got %v"},
    {"T1005", "this is no function, did you mean $%t?"},
    {"T1006", "this is no function, so it cannot be called"},
    {"T1007", "this is no function, did you mean $%t?"},
    {"T1008", "this is no function, so it cannot be partially applied"},
    {"T1010", "the matcher function given to %t returns no match object"},
    {"T2001", "the left side of %t must be a number, got %v"},
    {"T2002", "the right side of %t must be a number, got %v"},
    {"T2003", "the left side of .. must be an integer, got %v"},
    {"T2004", "the right side of .. must be an integer, got %v"},
    {"T2006", "the right side of ~> must be a function, got %v"},
    {"T2007", "order-by cannot compare %v with %w"},
    {"T2008", "order-by needs numbers or strings, got %v"},
    {"T2009", "the values %v and %w on both sides of %t must be of the same type"},
    {"T2010", "both sides of %t must be numbers or strings, got %v"},
    {"T2011", "the update of a transform must be an object, got %v"},
    {"T2012", "the deletion of a transform must be a string or strings, got %v"},
    {"T2013", "a transform needs $clone to be a function"},
    {"U1001", "%v"},
    {"U1002", "%v"},
    {"U1003", "the evaluation was cancelled"},
};

void fill_in(std::string& out, char gap, const Mention& mention) {
  switch (gap) {
    case 't': out += mention.token; break;
    case 'v': out += mention.value; break;
    case 'w': out += mention.value2; break;
    case 'i': out += std::to_string(mention.index); break;
    default: (out += '%') += gap;
  }
}

}  // namespace

std::string message_for(std::string_view code, const Mention& mention) {
  const auto* at = std::lower_bound(std::begin(messages), std::end(messages), code,
                                    [](const Message& m, std::string_view c) { return m.code < c; });
  if (at == std::end(messages) || at->code != code) return mention.value;
  std::string out;
  for (std::size_t i = 0; i < at->text.size(); ++i) {
    if (at->text[i] != '%' || i + 1 == at->text.size()) {
      out += at->text[i];
    } else {
      fill_in(out, at->text[++i], mention);
    }
  }
  return out;
}

Error make_error(std::string_view code, Mention mention) {
  std::string message = message_for(code, mention);
  return Error(std::string(code), std::move(message), mention.position, std::move(mention.token));
}

Error::Error(std::string code, std::string message, std::size_t position, std::string token)
    : code_(std::move(code)),
      message_(std::move(message)),
      position_(position),
      token_(std::move(token)) {
  std::replace(message_.begin(), message_.end(), '\n', ' ');
  what_ = code_;
  if (position_ != nowhere) what_ += " at " + std::to_string(position_);
  what_ += ": " + message_;
}

}  // namespace junctor::jsonata
