// What may be published: sizes and syntax.
#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>

#include "junctor/failure.h"
#include "queue/queues.h"

namespace junctor::queue {
namespace {

constexpr std::size_t most_depth = 64;
constexpr std::size_t most_header_bytes = 65'536;

// Syntax alone: nothing is built.
struct Ignore {
  static constexpr std::size_t max_object_size = SIZE_MAX, max_array_size = SIZE_MAX,
                               max_key_size = SIZE_MAX, max_string_size = SIZE_MAX;
  using error = boost::json::error_code;
  bool on_document_begin(error&) { return true; }
  bool on_document_end(error&) { return true; }
  bool on_array_begin(error&) { return true; }
  bool on_array_end(std::size_t, error&) { return true; }
  bool on_object_begin(error&) { return true; }
  bool on_object_end(std::size_t, error&) { return true; }
  bool on_string_part(boost::json::string_view, std::size_t, error&) { return true; }
  bool on_string(boost::json::string_view, std::size_t, error&) { return true; }
  bool on_key_part(boost::json::string_view, std::size_t, error&) { return true; }
  bool on_key(boost::json::string_view, std::size_t, error&) { return true; }
  bool on_number_part(boost::json::string_view, error&) { return true; }
  bool on_int64(std::int64_t, boost::json::string_view, error&) { return true; }
  bool on_uint64(std::uint64_t, boost::json::string_view, error&) { return true; }
  bool on_double(double, boost::json::string_view, error&) { return true; }
  bool on_bool(bool, error&) { return true; }
  bool on_null(error&) { return true; }
  bool on_comment_part(boost::json::string_view, error&) { return true; }
  bool on_comment(boost::json::string_view, error&) { return true; }
};
bool is_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = most_depth;
  boost::json::basic_parser<Ignore> parser(options);
  boost::json::error_code error;
  return parser.write_some(false, text.data(), text.size(), error) == text.size() && !error;
}

bool is_json_object(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' && is_json(text);
}

}  // namespace

void Queues::check_content(std::string_view payload, std::string_view headers) const {
  if (payload.size() > options_.most_payload_bytes)
    throw Failure(FailureKind::too_large,
                  fmt::format("a payload has at most {} bytes", options_.most_payload_bytes));
  if (!is_json(payload)) throw Failure(FailureKind::invalid, "the payload is not JSON");
  if (headers.size() > most_header_bytes) throw Failure(FailureKind::too_large, "headers have at most 64 KiB");
  if (!is_json_object(headers))
    throw Failure(FailureKind::invalid, "headers are not a JSON object");
}

}  // namespace junctor::queue
