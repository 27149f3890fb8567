// Any answer of a token endpoint: a grant has a token, a refusal is a bounded line without what was sent.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/oauth/token_call.h"

// The first byte chooses the status, the first line is the media type, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace junctor;
  using namespace junctor::auth;
  if (size < 2 || size > 4096) return 0;
  constexpr int statuses[] = {200, 400, 401, 429, 500, 302};
  ClientResponse answer;
  answer.status = statuses[data[0] % 6];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = input.find('\n');
  answer.headers.add("Content-Type", std::string(input.substr(0, line)));
  if (line != input.npos) answer.body = input.substr(line + 1);
  const std::string secret = "canary-refresh-4711";
  FormFields secrets;
  secrets.emplace_back("refresh_token", Secret(secret));
  const TokenAnswer read = read_token_answer(answer, secrets);
  if (const auto* grant = std::get_if<TokenGrant>(&read)) {
    if (grant->access_token.reveal().empty()) std::abort();
    if (grant->expires_in && grant->expires_in->count() < 0) std::abort();
    return 0;
  }
  const TokenRefusal& refusal = std::get<TokenRefusal>(read);
  for (const std::string& text : {refusal.code, refusal.description}) {
    if (text.size() > 320 || text.find(secret) != std::string::npos) std::abort();
    for (const char c : text)
      if (static_cast<unsigned char>(c) < ' ') std::abort();
  }
  return 0;
}
