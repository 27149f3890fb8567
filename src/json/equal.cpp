#include "json/equal.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string_view>

#include "json/number.h"

namespace junctor::json {
namespace {

bool is_number(const Json& value) { return value.is_number(); }

bool equal_arrays(const JsonArray& a, const JsonArray& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!json_equal(a[i], b[i])) return false;
  }
  return true;
}

bool equal_objects(const JsonObject& a, const JsonObject& b) {
  if (a.size() != b.size()) return false;
  for (const auto& member : a) {
    const Json* other = b.if_contains(member.key());
    if (other == nullptr || !json_equal(member.value(), *other)) return false;
  }
  return true;
}

std::size_t mixed(std::size_t hash, std::size_t more) {
  return (hash ^ more) * 0x9E3779B97F4A7C15ULL + (more >> 7);
}

std::size_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text); }

std::size_t hash_number(const Number& number) {
  // Rounding to double may join different numbers, never separate equal ones.
  switch (number.form) {
    case Number::Form::signed_integer: return std::hash<double>()(static_cast<double>(number.i));
    case Number::Form::unsigned_integer: return std::hash<double>()(static_cast<double>(number.u));
    case Number::Form::floating: return std::hash<double>()(number.d);
  }
  return 0;
}

}  // namespace

bool json_equal(const Json& a, const Json& b) {
  if (is_number(a) || is_number(b)) {
    return is_number(a) && is_number(b) && compare(Number::of(a), Number::of(b)) == 0;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case boost::json::kind::array: return equal_arrays(a.get_array(), b.get_array());
    case boost::json::kind::object: return equal_objects(a.get_object(), b.get_object());
    case boost::json::kind::string: return a.get_string() == b.get_string();
    case boost::json::kind::bool_: return a.get_bool() == b.get_bool();
    default: return true;
  }
}

std::size_t json_hash(const Json& value) {
  if (is_number(value)) return mixed(3, hash_number(Number::of(value)));
  switch (value.kind()) {
    case boost::json::kind::array: {
      std::size_t hash = 5;
      for (const auto& item : value.get_array()) hash = mixed(hash, json_hash(item));
      return hash;
    }
    case boost::json::kind::object: {
      std::size_t hash = 7;  // a sum: the order of members does not count
      for (const auto& member : value.get_object()) {
        hash += mixed(hash_text(member.key()), json_hash(member.value()));
      }
      return hash;
    }
    case boost::json::kind::string: return hash_text(value.get_string());
    case boost::json::kind::bool_: return value.get_bool() ? 11 : 13;
    default: return 17;
  }
}

}  // namespace junctor::json
