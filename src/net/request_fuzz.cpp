// Requests from outside: no input may crash the parser, cross its limits, or give other requests when
// it arrives in other pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_parser.h"

namespace {

using junctor::BodyReading;
using junctor::Header;
using junctor::HttpRequest;
using junctor::RequestParser;

constexpr junctor::RequestLimits limits{.header_bytes = 2048, .fields = 16, .body_bytes = 1024};

std::string describe(const HttpRequest& request) {
  std::string text = request.method + " " + request.target + "\n";
  for (const Header& field : request.headers) text += field.name + ":" + field.value + "\n";
  return text + request.body;
}

// The requests read. Not whether the rest was refused: a head that came at once is refused at its
// first fault, one that came in pieces when it is whole.
std::vector<std::string> read(std::string_view input, std::size_t piece, BodyReading reading) {
  RequestParser parser(limits, [reading](const HttpRequest&) { return reading; });
  std::string body;
  std::vector<std::string> seen;
  std::string waiting;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    waiting += input.substr(at, piece);
    for (std::size_t used = 1; used > 0 && !waiting.empty();) {
      used = parser.put(waiting);
      body += parser.piece();
      parser.piece().clear();
      if (used > waiting.size()) std::abort();
      waiting.erase(0, used);
      if (parser.state() == RequestParser::State::failed) return seen;
      if (parser.state() != RequestParser::State::complete) continue;
      const HttpRequest& request = parser.request();
      if (request.body.size() > limits.body_bytes || request.headers.size() > limits.fields)
        std::abort();
      if (parser.body_bytes() != request.body.size() + body.size()) std::abort();
      seen.push_back(describe(request) + body);
      body.clear();
      parser.reset();
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const BodyReading reading : {BodyReading::whole, BodyReading::in_pieces}) {
    const auto whole = read(input, input.size() + 1, reading);
    if (whole != read(input, 1, reading) || whole != read(input, 7, reading)) std::abort();
  }
  return 0;
}
