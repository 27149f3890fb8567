// Link fields of an answer, as pagination uses them.
//
// Threads: any thread.
// Source: RFC 8288; the reader is as lenient as its appendix B.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace junctor {

struct Link {
  std::string target;                  // as it stands between the angle brackets; may be relative
  std::vector<std::string> relations;  // lower case: "next"
  std::vector<Parameter> parameters;   // names in lower case, quotes removed
  friend bool operator==(const Link&, const Link&) = default;
};

// All links of one field value, up to 256; what cannot be read ends the list.
std::vector<Link> parse_link_header(std::string_view value);

// The target of the first link with this relation in any Link field.
std::optional<std::string> linked(const Headers& headers, std::string_view relation);

}  // namespace junctor
