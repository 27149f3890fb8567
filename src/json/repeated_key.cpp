#include "json/repeated_key.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <set>
#include <string>
#include <vector>

namespace junctor::json {
namespace {

namespace bj = boost::json;

// Listens for keys; everything else passes.
class Keys {
 public:
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  const std::string& repeated() const { return key_; }

  bool on_object_begin(bj::error_code&) { return open_.emplace_back(), true; }
  bool on_object_end(std::size_t, bj::error_code&) { return open_.pop_back(), true; }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) { return key_.append(s), true; }
  bool on_key(bj::string_view s, std::size_t, bj::error_code& error) {
    key_.append(s);
    if (!open_.back().insert(key_).second) {
      error = bj::error::syntax;
      return false;
    }
    key_.clear();
    return true;
  }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t, bj::error_code&) { return true; }
  bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_string(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_uint64(std::uint64_t, bj::string_view, bj::error_code&) { return true; }
  bool on_double(double, bj::string_view, bj::error_code&) { return true; }
  bool on_bool(bool, bj::error_code&) { return true; }
  bool on_null(bj::error_code&) { return true; }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string key_;
};

}  // namespace

std::optional<Problem> repeated_key(std::string_view text) {
  bj::parse_options options;
  options.max_depth = 512;
  bj::basic_parser<Keys> parser(options);
  bj::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  const std::string& key = parser.handler().repeated();
  if (!error || key.empty()) return std::nullopt;
  const std::string_view before = text.substr(0, used);
  const auto line = static_cast<int>(1 + std::count(before.begin(), before.end(), '\n'));
  return Problem{"", line, "the key \"" + key.substr(0, 64) + "\" a second time", "each key of an object once", ""};
}

}  // namespace junctor::json
