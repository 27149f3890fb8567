// The formats of JSON Schema 2020-12 that are checked on request.
//
// Threads: any thread.
#pragma once

#include <string_view>

namespace junctor::schema {

// Whether a text (valid UTF-8) has the format. Linear, allocates only for international names.
using FormatCheck = bool (*)(std::string_view text);

// nullptr for a format that is not known: such a text passes.
FormatCheck format_check(std::string_view name);

// RFC 3339.
bool is_date_time(std::string_view text);
bool is_date(std::string_view text);
bool is_time(std::string_view text);
bool is_duration(std::string_view text);
// RFC 5321 and RFC 6531.
bool is_email(std::string_view text);
bool is_idn_email(std::string_view text);
// RFC 1123 with RFC 5891 for "xn--" labels, and RFC 5890.
bool is_hostname(std::string_view text);
bool is_idn_hostname(std::string_view text);
// RFC 2673 section 3.2, RFC 4291.
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
// RFC 3986, RFC 3987, RFC 6570.
bool is_uri(std::string_view text);
bool is_uri_reference(std::string_view text);
bool is_iri(std::string_view text);
bool is_iri_reference(std::string_view text);
bool is_uri_template(std::string_view text);
// RFC 4122.
bool is_uuid(std::string_view text);
// RFC 6901 and its relative draft.
bool is_json_pointer(std::string_view text);
bool is_relative_json_pointer(std::string_view text);
// ECMA-262.
bool is_regex(std::string_view text);

}  // namespace junctor::schema
