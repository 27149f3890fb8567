// Any input of a declared action: the request goes to the declared host and path, and says what was given, no more.
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "connector/request_builder.h"
#include "connector/yaml_loader.h"
#include "json/parse.h"
#include "junctor/failure.h"

namespace {

using namespace junctor;
using namespace junctor::connector;

void require(bool holds) {
  if (!holds) std::abort();
}

const char* const definition = R"yaml(slug: demo
endpoints: {base_url: "https://api.example.com/v1/"}
actions:
  read:
    params: {id: {}, name: {}, q: {}, tags: {list_style: comma}, many: {list_style: brackets}, session: {to: cookie}, lang: {to: cookie}}
    api: {path: "/things/{id}/{name}/end?fixed=1", query: {when: "=input.q & 'x'"}}
  write: {params: {id: {}, a: {}, b: {}}, api: {method: POST, path: "/things/{id}/end"}}
  form: {params: {a: {}, b: {}}, api: {method: POST, path: /form, body_kind: form}}
  ask: {params: {a: {}, b: {}}, api: {method: POST, path: /graphql, body_kind: graphql, graphql: {query: "{x}"}}}
)yaml";

std::shared_ptr<const CompiledCall> compiled(const Integration& integration, const char* action) {
  return CompiledCall::compile(integration, *integration.find_action(action)).value_or_throw();
}

// scheme, host and the place in the path that the definition gives, whatever the input says.
void check_address(const std::string& url, std::string_view end, std::size_t segments) {
  require(url.starts_with("https://api.example.com/v1/"));
  for (const char c : url) require(c > ' ' && c != '\x7F' && c != '\\' && c != '#');
  const std::string path = url.substr(8, url.find('?') - 8);
  std::size_t count = 0;
  for (std::size_t at = 0; at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string segment = path.substr(at, path.find('/', at + 1) - at);
    require(segment != "/.." && segment != "/." && segment != "/");
    ++count;
  }
  require(count == segments && path.ends_with(end));
}

void check_cookies(const ClientRequest& request, std::size_t most) {
  for (const ClientHeader& header : request.headers) {
    if (header.name != "Cookie") continue;
    std::size_t count = 1;
    for (const char c : std::get<std::string>(header.value)) {
      count += c == ';';
      require(static_cast<unsigned char>(c) >= ' ');
    }
    require(count <= most);
  }
}

const std::string& body_of(const ClientRequest& request) { return std::get<std::string>(request.body); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  static const Integration integration = load_integration(definition, "fuzz.yaml").value_or_throw();
  static const auto read = compiled(integration, "read");
  static const auto write = compiled(integration, "write");
  static const auto form = compiled(integration, "form");
  static const auto ask = compiled(integration, "ask");
  const auto input = json::parse({reinterpret_cast<const char*>(data), size});
  if (!input || !input.value().is_object()) return 0;
  const auto& given = input.value().get_object();
  try {
    const ClientRequest request = build_request(*read, {}, input.value(), {});
    check_address(request.url, "/end", 6);
    check_cookies(request, 2);
    for (const Parameter& one : parse_query(std::string_view(request.url).substr(request.url.find('?') + 1)))
      require(one.name == "fixed" || one.name == "q" || one.name == "tags" || one.name == "many[]" || one.name == "many" || one.name == "when");
  } catch (const Failure&) {
  }
  try {
    const ClientRequest request = build_request(*write, {}, input.value(), {});
    check_address(request.url, "/end", 5);
    if (!body_of(request).empty()) {
      const auto body = json::parse(body_of(request)).value_or_throw();
      for (const char* name : {"a", "b"}) require(body.get_object().contains(name) == given.contains(name));
    }
  } catch (const Failure&) {
  }
  for (const Parameter& one : parse_query(body_of(build_request(*form, {}, input.value(), {}))))
    require(one.name.starts_with('a') || one.name.starts_with('b'));
  const auto asked = json::parse(body_of(build_request(*ask, {}, input.value(), {}))).value_or_throw();
  require(asked.at("query") == Json("{x}"));
  return 0;
}
