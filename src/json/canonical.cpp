#include "json/canonical.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "json/serialize.h"

namespace junctor::json {
namespace {

// UTF-8 sorts by code point, UTF-16 differs above U+FFFF: a surrogate (0xd800…) stands before the
// characters U+E000 to U+FFFF. Both orders agree on everything else.
bool before_in_utf16(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) return a.size() < b.size();
  const auto x = static_cast<unsigned char>(*at_a);
  const auto y = static_cast<unsigned char>(*at_b);
  const bool x_is_astral = x >= 0xf0;
  const bool y_is_astral = y >= 0xf0;
  if (x_is_astral == y_is_astral) return x < y;
  // U+E000 and above starts with 0xee or 0xef; a surrogate sorts below those and above the rest.
  return x_is_astral ? y >= 0xee : x < 0xee;
}

void append(const Json& value, std::string& out);

void append_object(const JsonObject& object, std::string& out) {
  std::vector<const boost::json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return before_in_utf16(a->key(), b->key()); });
  out.push_back('{');
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_text(Json(members[i]->key()), out);
    out.push_back(':');
    append(members[i]->value(), out);
  }
  out.push_back('}');
}

void append(const Json& value, std::string& out) {
  if (value.is_object()) return append_object(value.get_object(), out);
  if (!value.is_array()) return append_text(value, out);
  out.push_back('[');
  bool first = true;
  for (const Json& item : value.get_array()) {
    if (!first) out.push_back(',');
    first = false;
    append(item, out);
  }
  out.push_back(']');
}

}  // namespace

std::string canonical_text(const Json& value) {
  std::string out;
  append(value, out);
  return out;
}

std::string fingerprint(const Json& value) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, canonical_text(value)));
}

}  // namespace junctor::json
