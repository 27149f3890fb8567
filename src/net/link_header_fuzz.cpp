// Any text as a Link field: bounded, every target out of the text, and what was read reads the same when it is
// written as RFC 8288 has it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/link_header.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string written(const std::vector<junctor::Link>& links) {
  std::string out;
  for (const junctor::Link& link : links) {
    out += (out.empty() ? "<" : ", <") + link.target + ">";
    for (const junctor::Parameter& one : link.parameters) {
      out += "; " + one.name + "=\"";
      for (const char c : one.value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  if (size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<Link> links = parse_link_header(input);
  require(links.size() <= 256);
  std::string next;
  bool has_next = false;
  for (const Link& link : links) {
    require(input.find(link.target) != std::string_view::npos && link.target.find('>') == std::string::npos);
    for (const std::string& relation : link.relations) {
      require(!relation.empty() && relation.find_first_of(" \t") == std::string::npos);
      for (const char c : relation) require(c < 'A' || c > 'Z');
      if (relation != "next" || has_next) continue;
      has_next = true;
      next = link.target;
    }
  }
  require(parse_link_header(written(links)) == links);
  const auto found = linked(Headers{{"Link", std::string(input)}}, "NEXT");
  require(found.has_value() == has_next && found.value_or("") == next);
  return 0;
}
