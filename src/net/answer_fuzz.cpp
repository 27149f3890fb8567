// What peers send in answers: link fields and event streams.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "junctor/failure.h"
#include "net/link_header.h"
#include "net/sse.h"

namespace {

std::vector<junctor::SseEvent> read(std::string_view input, std::size_t piece) {
  junctor::SseParser parser(4096);
  std::vector<junctor::SseEvent> seen;
  try {
    for (std::size_t at = 0; at < input.size(); at += piece)
      for (auto& event : parser.put(input.substr(at, piece))) seen.push_back(std::move(event));
  } catch (const junctor::Failure&) {
    seen.clear();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 3000) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto& link : junctor::parse_link_header(input))
    if (link.target.size() > size) std::abort();
  const auto whole = read(input, size + 1);
  if (whole != read(input, 1) || whole != read(input, 3)) std::abort();
  // What was read can be written and read again.
  std::string text;
  for (const auto& event : whole) {
    try {
      text += junctor::to_text(event);
    } catch (const junctor::Failure&) {
      return 0;
    }
  }
  if (read(text, 64).size() != whole.size()) std::abort();
  return 0;
}
