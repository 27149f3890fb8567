#include "junctor/reflection.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "json/number.h"
#include "json/pointer.h"
#include "json/schema_format.h"
#include "json/serialize.h"

namespace junctor::reflect {
namespace {

constexpr int max_depth = 256;

std::int64_t signed_at(const void* value, std::size_t bytes) {
  std::int64_t out = 0;
  std::memcpy(&out, value, bytes);  // little-endian: the low bytes come first
  const auto unused = static_cast<int>(64 - 8 * bytes);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(out) << unused) >> unused;
}

std::uint64_t unsigned_at(const void* value, std::size_t bytes) {
  std::uint64_t out = 0;
  std::memcpy(&out, value, bytes);
  return out;
}

double number_at(const void* value, std::size_t bytes) {
  if (bytes == sizeof(float)) return static_cast<double>(*static_cast<const float*>(value));
  return *static_cast<const double*>(value);
}

const std::string& string_at(const void* value) { return *static_cast<const std::string*>(value); }

Json write_enumerator(const Type& type, const void* value) {
  for (const Enumerator& one : type.enumerators) {
    if (std::memcmp(&one.value, value, type.bytes) == 0) return Json(one.name);
  }
  return signed_at(value, type.bytes);  // no enumerator has this value
}

Json write_object(const Type& type, const void* value) {
  JsonObject out;
  for (const Member& member : type.members) {
    // The accessor serves reading and writing; nothing is changed through it here.
    const void* at = member.at(const_cast<void*>(value));
    const Type& of = member.type();
    if (of.kind == Kind::optional) {
      bool present = false;
      of.for_each(at, &present, [](void* context, std::string_view, const void*) {
        *static_cast<bool*>(context) = true;
      });
      if (!present) continue;
    }
    out[member.name] = write(of, at);
  }
  return out;
}

struct WriteInto {
  const Type& element;
  JsonArray list;
  JsonObject map;
  Json one;
};

class Reader {
 public:
  explicit Reader(std::vector<Problem>& problems) : problems_(problems) {}
  void read(const Type& type, const Json& json, void* value);

 private:
  void fault(const Json& json, std::string expected);
  void read_integer(const Type& type, const Json& json, void* value);
  void read_enumerator(const Type& type, const Json& json, void* value);
  void read_object(const Type& type, const Json& json, void* value);
  void read_list(const Type& type, const Json& json, void* value);
  void read_map(const Type& type, const Json& json, void* value);
  void read_variant(const Type& type, const Json& json, void* value);

  std::vector<Problem>& problems_;
  std::string pointer_;
  int depth_ = 0;
};

}  // namespace

Json write(const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::boolean: return *static_cast<const bool*>(value);
    case Kind::signed_integer: return signed_at(value, type.bytes);
    case Kind::unsigned_integer: return unsigned_at(value, type.bytes);
    case Kind::number: return number_at(value, type.bytes);
    case Kind::string: return Json(string_at(value));
    case Kind::text: return Json(type.to_text(value));
    case Kind::enumeration: return write_enumerator(type, value);
    case Kind::object: return write_object(type, value);
    case Kind::variant: return write(type.alternatives[type.index(value)](), type.alternative(value));
    case Kind::json: return *static_cast<const Json*>(value);
    case Kind::list: case Kind::map: case Kind::optional: break;
  }
  WriteInto into{type.element(), {}, {}, nullptr};
  if (type.kind == Kind::list) {
    type.for_each(value, &into, [](void* context, std::string_view, const void* element) {
      auto& out = *static_cast<WriteInto*>(context);
      out.list.push_back(write(out.element, element));
    });
    return std::move(into.list);
  }
  if (type.kind == Kind::map) {
    type.for_each(value, &into, [](void* context, std::string_view key, const void* element) {
      auto& out = *static_cast<WriteInto*>(context);
      out.map[key] = write(out.element, element);
    });
    return std::move(into.map);
  }
  type.for_each(value, &into, [](void* context, std::string_view, const void* element) {
    auto& out = *static_cast<WriteInto*>(context);
    out.one = write(out.element, element);
  });
  return std::move(into.one);
}

void read(const Type& type, const Json& json, void* value, std::vector<Problem>& problems) {
  Reader(problems).read(type, json, value);
}

namespace {

void Reader::fault(const Json& json, std::string expected) {
  if (problems_.size() >= 100) return;
  Problem problem;
  problem.path = json::path_of_pointer(pointer_);
  problem.found = json.is_object() ? "an object" : json.is_array() ? "a list" : json::to_text(json).substr(0, 100);
  problem.expected = std::move(expected);
  problems_.push_back(std::move(problem));
}

void Reader::read(const Type& type, const Json& json, void* value) {
  if (depth_ >= max_depth) return fault(json, "at most 256 levels");
  ++depth_;
  switch (type.kind) {
    case Kind::boolean:
      json.is_bool() ? void(*static_cast<bool*>(value) = json.get_bool()) : fault(json, "true or false");
      break;
    case Kind::signed_integer: case Kind::unsigned_integer: read_integer(type, json, value); break;
    case Kind::number:
      if (!json.is_number()) {
        fault(json, "a number");
      } else if (type.bytes == sizeof(float)) {
        constexpr double most = std::numeric_limits<float>::max();
        if (std::abs(json.to_number<double>()) > most) {
          fault(json, "a number from -3.4e38 to 3.4e38");
          break;
        }
        *static_cast<float*>(value) = static_cast<float>(json.to_number<double>());
      } else {
        *static_cast<double*>(value) = json.to_number<double>();
      }
      break;
    case Kind::string:
      json.is_string() ? void(static_cast<std::string*>(value)->assign(json.get_string().data(), json.get_string().size()))
                       : fault(json, "a string");
      break;
    case Kind::text:
      if (!json.is_string() || !type.from_text(std::string_view(json.get_string()), value)) {
        fault(json, "a string of the format '" + std::string(type.format) + "'");
      }
      break;
    case Kind::enumeration: read_enumerator(type, json, value); break;
    case Kind::object: read_object(type, json, value); break;
    case Kind::list: read_list(type, json, value); break;
    case Kind::map: read_map(type, json, value); break;
    case Kind::optional:
      type.clear(value);
      if (!json.is_null()) read(type.element(), json, type.emplace(value, {}));
      break;
    case Kind::variant: read_variant(type, json, value); break;
    case Kind::json: *static_cast<Json*>(value) = json; break;
  }
  --depth_;
}

void Reader::read_integer(const Type& type, const Json& json, void* value) {
  const bool is_signed = type.kind == Kind::signed_integer;
  const auto unused = static_cast<int>(64 - 8 * type.bytes);
  const std::int64_t low = is_signed ? std::numeric_limits<std::int64_t>::min() >> unused : 0;
  const std::uint64_t high = is_signed ? static_cast<std::uint64_t>(INT64_MAX) >> unused : UINT64_MAX >> unused;
  const auto fits = [&](const json::Number& number) {
    return json::is_integral(number) && json::compare(number, json::Number::of(low)) >= 0 &&
           json::compare(number, json::Number::of(high)) <= 0;
  };
  if (!json.is_number() || !fits(json::Number::of(json))) {
    return fault(json, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  const json::Number number = json::Number::of(json);
  std::uint64_t bits = 0;
  switch (number.form) {
    case json::Number::Form::signed_integer: bits = static_cast<std::uint64_t>(number.i); break;
    case json::Number::Form::unsigned_integer: bits = number.u; break;
    case json::Number::Form::floating:
      bits = number.d < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(number.d))
                          : static_cast<std::uint64_t>(number.d);
      break;
  }
  std::memcpy(value, &bits, type.bytes);
}

void Reader::read_enumerator(const Type& type, const Json& json, void* value) {
  std::string expected = "one of ";
  for (const Enumerator& one : type.enumerators) {
    if (json.is_string() && std::string_view(json.get_string()) == one.name) {
      std::memcpy(value, &one.value, type.bytes);
      return;
    }
    expected += (&one == type.enumerators.data() ? "'" : ", '") + one.name + "'";
  }
  fault(json, std::move(expected));
}

bool is_required(const Type& type, const Member& member);

void Reader::read_object(const Type& type, const Json& json, void* value) {
  if (!json.is_object()) return fault(json, "an object");
  for (const Member& member : type.members) {
    const std::size_t before = pointer_.size();
    json::append_pointer_token(pointer_, member.name);
    if (const Json* found = json.get_object().if_contains(member.name)) {
      read(member.type(), *found, member.at(value));
    } else if (is_required(type, member) && problems_.size() < 100) {
      Problem problem;
      problem.path = json::path_of_pointer(pointer_);
      problem.found = "nothing";
      problem.expected = "this member";
      problems_.push_back(std::move(problem));
    }
    pointer_.resize(before);
  }
}

void Reader::read_list(const Type& type, const Json& json, void* value) {
  if (!json.is_array()) return fault(json, "a list");
  type.clear(value);
  std::size_t index = 0;
  for (const Json& item : json.get_array()) {
    const std::size_t before = pointer_.size();
    json::append_pointer_token(pointer_, std::to_string(index++));
    read(type.element(), item, type.emplace(value, {}));
    pointer_.resize(before);
  }
}

void Reader::read_map(const Type& type, const Json& json, void* value) {
  if (!json.is_object()) return fault(json, "an object");
  type.clear(value);
  for (const auto& member : json.get_object()) {
    const std::size_t before = pointer_.size();
    json::append_pointer_token(pointer_, member.key());
    read(type.element(), member.value(), type.emplace(value, member.key()));
    pointer_.resize(before);
  }
}

// The first alternative that reads without a fault.
void Reader::read_variant(const Type& type, const Json& json, void* value) {
  for (std::size_t i = 0; i < type.alternatives.size(); ++i) {
    std::vector<Problem> problems;
    Reader attempt(problems);
    attempt.depth_ = depth_;
    attempt.read(type.alternatives[i](), json, type.emplace_alternative(value, i));
    if (problems.empty()) return;
  }
  fault(json, "one of the " + std::to_string(type.alternatives.size()) + " alternatives of this member");
}

Json zero_of(const Type& type) {
  switch (type.kind) {
    case Kind::boolean: return false;
    case Kind::signed_integer: case Kind::unsigned_integer: return 0;
    case Kind::number: return 0.0;
    case Kind::string: return "";
    case Kind::list: return JsonArray();
    case Kind::map: return JsonObject();
    case Kind::object: return write(type, type.fresh());
    default: return nullptr;
  }
}

}  // namespace

bool has_default(const Type& type, const Member& member) {
  const Type& of = member.type();
  if (of.kind == Kind::optional || of.kind == Kind::text || of.kind == Kind::variant) return false;
  const void* at = member.at(const_cast<void*>(type.fresh()));
  if (of.kind == Kind::enumeration) return unsigned_at(at, of.bytes) != 0;
  return write(of, at) != zero_of(of);
}

bool is_required_member(const Type& type, const Member& member) { return is_required(type, member); }

namespace {

bool is_required(const Type& type, const Member& member) {
  if (member.note.required != FieldNote::Required::by_type) {
    return member.note.required == FieldNote::Required::yes;
  }
  const Type& of = member.type();
  if (of.kind == Kind::optional || has_default(type, member)) return false;
  if (of.kind != Kind::object) return true;
  for (const Member& inner : of.members) {
    if (is_required(of, inner)) return true;
  }
  return false;
}

}  // namespace

std::string json_name_of(std::string_view name) {
  if (name.size() > 1 && name.ends_with('_')) name.remove_suffix(1);
  return std::string(name);
}

std::string_view last_name(std::string_view signature) {
  // "… [with T = ns::Type; …]" from GCC, "… [T = ns::Type]" from Clang.
  const auto from = signature.find("T = ");
  std::string_view name = signature.substr(from == std::string_view::npos ? 0 : from + 4);
  name = name.substr(0, name.find_first_of(";]"));
  const auto scope = name.rfind("::");
  return scope == std::string_view::npos ? name : name.substr(scope + 2);
}

void apply_notes(Type& type) {
  for (const FieldNote& note : type.notes.fields) {
    bool found = false;
    for (Member& member : type.members) {
      if (member.name != note.member) continue;
      member.note = note;
      found = true;
    }
    JUNCTOR_CHECK(found && "a FieldNote names a member that is not described");
  }
  for (Member& member : type.members) {
    member.name = member.note.json_name.empty() ? json_name_of(member.name) : std::string(member.note.json_name);
  }
}

std::optional<Timestamp> timestamp_from(std::string_view text) {
  if (!schema::is_date_time(text)) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + (text[at + i] - '0');
    return value;
  };
  using namespace std::chrono;
  const sys_days date = year(number(0, 4)) / month(static_cast<unsigned>(number(5, 2))) /
                        day(static_cast<unsigned>(number(8, 2)));
  int milli = 0;
  std::size_t at = 19;
  if (text[at] == '.') {
    int digits = 0;
    for (++at; text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits < 3) milli = milli * 10 + (text[at] - '0');
    }
    for (; digits < 3; ++digits) milli *= 10;
  }
  minutes offset{0};
  if (text[at] == '+' || text[at] == '-') {
    offset = hours(number(at + 1, 2)) + minutes(number(at + 4, 2));
    if (text[at] == '-') offset = -offset;
  }
  return Timestamp(date.time_since_epoch() + hours(number(11, 2)) + minutes(number(14, 2)) +
                   seconds(number(17, 2)) + milliseconds(milli) - offset);
}

}  // namespace junctor::reflect
