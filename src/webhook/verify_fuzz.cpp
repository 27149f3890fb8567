// Deliveries from outside: nothing crashes, nothing is verified without a proof.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "webhook/challenge.h"
#include "webhook/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  if (size < 2 || size > 4096) return 0;
  VerifySpec spec;
  spec.scheme = static_cast<VerifyScheme>(1 + data[0] % static_cast<int>(VerifyScheme::microsoft));
  spec.encoding = static_cast<Encoding>(data[1] % 3);
  spec.header = "X-Any";
  spec = webhook::expanded(spec);
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto part = [&] {
    const auto end = input.find('\x1F');
    const auto text = input.substr(0, end);
    input.remove_prefix(end == input.npos ? input.size() : end + 1);
    return std::string(text);
  };
  HttpRequest request;
  request.method = "POST";
  for (const char* name : {"X-Any", "Authorization", "webhook-id", "webhook-timestamp", "Content-Type"})
    request.headers.add(name, part());
  if (!spec.header.empty()) request.headers.set(spec.header, part());
  if (!spec.timestamp_header.empty()) request.headers.set(spec.timestamp_header, part());
  request.query = parse_query(part());
  request.body = input;
  std::vector<Secret> secrets;
  secrets.emplace_back("no input holds this: 6e1f0c9d7b5a43");
  const Timestamp now(std::chrono::seconds(1'700'000'000));
  const auto verdict = webhook::verify(spec, request, "https://example.com/h", secrets, now);
  if (std::holds_alternative<webhook::Verified>(verdict)) std::abort();
  (void)webhook::challenge(spec, request, "https://example.com/h", secrets, now);
  return 0;
}
