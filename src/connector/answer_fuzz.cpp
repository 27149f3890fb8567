// Any answer of a provider: judged, mapped and paged on without a crash, and whatever it repeats of the credential,
// in whatever spelling, is in nothing that is kept or given to the caller.
#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "connector/answer.h"
#include "connector/pager.h"
#include "connector/secret_mask.h"
#include "connector/sent_secrets.h"
#include "connector/yaml_loader.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"

namespace {

using namespace junctor;
using namespace junctor::connector;

constexpr const char* secret = "canary/4711 key";

const char* const definition = R"yaml(slug: demo
endpoints: {base_url: "https://api.example.com"}
api_defaults:
  errors:
    - {status: ["403", "429"], when: "$headers.`x-ratelimit-remaining` = '0'", kind: overloaded, retry_after: wait}
    - {when: "ok = false", kind: invalid, code: error, message: "$join([error, response_metadata.messages], '; ')"}
    - {status: 404, not_an_error: true}
actions:
  cursor: {api: {path: /x, pagination: {kind: cursor, param: c, next: meta.next, items: data}, response: {map: "id ? id : $"}}}
  keyset: {api: {path: /x, pagination: {kind: keyset, param: c, items: data, more: has_more}}}
  page: {api: {path: /x, pagination: {kind: page, param: p, items: data, page_size: 2, limit_param: n}}}
  link: {api: {path: /x, pagination: {kind: link}}}
  next_url: {api: {path: /x, pagination: {kind: next_url, next: "`@odata.nextLink`", items: value}}}
  json_api: {api: {path: /x, pagination: {kind: json_api, items: data}}}
  graphql: {api: {path: /x, pagination: {kind: graphql, param: after, next: data.x.pageInfo, items: data.x.nodes}}}
  custom: {api: {path: /x, pagination: {kind: custom, next: change, items: data}}}
)yaml";

std::vector<std::shared_ptr<const CompiledCall>> calls() {
  static const Integration integration = load_integration(definition, "fuzz.yaml").value_or_throw();
  std::vector<std::shared_ptr<const CompiledCall>> out;
  for (const Action& action : integration.actions) out.push_back(CompiledCall::compile(integration, action).value_or_throw());
  return out;
}

// "403 Whatever", then fields, an empty line and the body: as on the wire, with bare line feeds.
ClientResponse response_of(std::string_view input) {
  ClientResponse out;
  out.url = "https://api.example.com/x?page=1";
  std::from_chars(input.data(), input.data() + input.size(), out.status);
  if (out.status < 100 || out.status > 599) out.status = 200;
  bool first = true;
  while (!input.empty()) {
    const auto end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == input.npos ? input.size() : end + 1);
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (!std::exchange(first, false) && colon != line.npos)
      out.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  out.body = input;
  return out;
}

void keeps_the_secret(const std::string& text) {
  if (text.find(secret) != std::string::npos) std::abort();
}

void check_fault(const Fault& fault) {
  for (const std::string& text : {fault.message, fault.answer.code, fault.answer.message, fault.answer.body}) keeps_the_secret(text);
  if (fault.answer.body.size() > 8192 || fault.answer.message.size() > 1024) std::abort();
  if (fault.retry_after && (fault.retry_after->count() < 0 || *fault.retry_after > std::chrono::hours(24))) std::abort();
}

std::string masked(const std::vector<std::string_view>& credentials, std::string_view bytes, std::size_t piece_bytes) {
  SecretMask mask(credentials);
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) out += mask.next(bytes.substr(0, piece_bytes));
  return out += mask.rest();
}

// As a file, however its pieces fall, and as JSON.
void check_given(const ClientRequest& sent, const std::string& body) {
  SecretValues secrets;
  each_sent_secret(sent, Redaction(), [&](std::string_view value, SecretKind kind) { secrets.add(value, kind); });
  const std::string whole = masked(secrets.credentials(), body, body.size() + 1);
  keeps_the_secret(whole);
  if (whole.size() != body.size() || masked(secrets.credentials(), body, 1 + body.size() % 7) != whole) std::abort();
  if (auto parsed = json::parse(body)) {
    const Json given = secrets.without_credentials(std::move(parsed).value());
    if (secrets.without_credentials(given) != given) std::abort();
    keeps_the_secret(json::to_text(given));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  static const auto all = calls();
  const ClientResponse response = response_of({reinterpret_cast<const char*>(data), size});
  ClientRequest sent{.url = "https://api.example.com/x"};
  sent.header("Authorization", Secret(std::string("Bearer ") + secret));
  check_given(sent, response.body);
  const Json input = JsonObject();
  const Timestamp now(std::chrono::seconds(1'700'000'000));
  for (const auto& call : all) {
    const CallScope scope;
    auto outcome = judge(*call, scope, input, call->redaction, sent, response, now);
    if (const Fault* fault = std::get_if<Fault>(&outcome)) {
      check_fault(*fault);
      continue;
    }
    const Answer& answer = std::get<Answer>(outcome);
    try {
      Pager pager(*call->pagination, scope, input);
      static_cast<void>(pager.first());
      const JsonArray rows = pager.items(answer);
      static_cast<void>(pager.next(answer, rows));
      // A provider that says the same again is noticed or comes to an end.
      static_cast<void>(pager.next(answer, rows));
      static_cast<void>(map_output(*call, scope, input, answer));
    } catch (const Failure&) {
    }
  }
  return 0;
}
