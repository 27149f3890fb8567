// Any text in the fields that speak of limits: a wait lies between nothing and a day, and a count is none below zero.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/retry_after.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void bounded(const std::optional<std::chrono::milliseconds>& wait) {
  require(!wait || (wait->count() >= 0 && *wait <= std::chrono::hours(24)));
}

}  // namespace

// The first line is Retry-After, every further one "Name: value".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  if (size > 4096) return 0;
  const Timestamp now{std::chrono::milliseconds(1'445'412'400'000)};
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const auto end = input.find('\n');
    const auto text = input.substr(0, end);
    input.remove_prefix(end == input.npos ? input.size() : end + 1);
    return text;
  };
  bounded(parse_retry_after(line(), now));
  Headers headers;
  while (!input.empty()) {
    const std::string_view field = line();
    const auto colon = field.find(": ");
    if (colon != field.npos) headers.add(std::string(field.substr(0, colon)), std::string(field.substr(colon + 2)));
  }
  const LimitNews news = read_limits(headers, now);
  bounded(news.reset_in);
  require(!news.remaining || *news.remaining >= 0);
  require(!news.limit || *news.limit >= 0);
  return 0;
}
