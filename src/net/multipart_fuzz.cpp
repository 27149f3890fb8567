// Forms from outside: no body may crash the parser, give names that break a line, give more than was sent, or give
// other parts when it arrives in other pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "net/multipart_parser.h"

namespace {

using namespace junctor;
using Event = MultipartParser::Event;

void require(bool holds) {
  if (!holds) std::abort();
}

bool breaks_a_line(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

void require_plain(std::string_view text) { require(is_utf8(text) && !breaks_a_line(text)); }

// Parts and contents, in their order. Not why a body is refused: in pieces another fault may be seen first.
std::string read(std::string_view boundary, std::string_view body, std::size_t piece) {
  MultipartParser parser(boundary);
  std::string out;
  std::size_t at = 0, content = 0;
  while (true) {
    switch (parser.next()) {
      case Event::need_more: {
        const std::string_view next = body.substr(std::min(at, body.size()), piece);
        at += piece;
        if (next.empty()) parser.end();
        else parser.put(next);
        break;
      }
      case Event::part: {
        const FormPart& part = parser.part();
        require_plain(part.name);
        require_plain(part.filename.value_or(""));
        require(!part.name.empty() && part.filename.value_or("").find_first_of("/\\") == std::string::npos);
        for (const char c : part.content_type) require(c == '\t' || !breaks_a_line({&c, 1}));
        out += "\n" + part.name + "\n" + part.filename.value_or("-") + "\n" + part.content_type + "\n";
        break;
      }
      case Event::data:
        require(!parser.data().empty());
        content += parser.data().size();
        require(content <= body.size());
        out += parser.data();
        break;
      case Event::part_end: out += "\nended"; break;
      case Event::end: return out + "\nall";
      case Event::failed: require(!parser.error().empty()); return out;
    }
  }
}

}  // namespace

// The first line is a Content-Type, the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 * 1024) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = std::min(input.find('\n'), input.size());
  const std::string_view body = input.substr(std::min(line + 1, input.size()));
  if (const auto name = disposition_filename(input.substr(0, line))) require_plain(*name);
  const std::string boundary = multipart_boundary(input.substr(0, line)).value_or("b");
  const std::string whole = read(boundary, body, body.size() + 1);
  require(read(boundary, body, 1) == whole && read(boundary, body, 7) == whole);
  return 0;
}
