// Every action of the catalogue: connectors/NAME/calls.yaml says what it sends and what becomes of the answer.
//
//   - call: get_thing        # the action
//     with: {id: "1"}        # its input
//     sends: GET /things/1   # the method and the path, as it travels
//     query: {}, form: {}    # names and values, decoded; a list where a name repeats
//     json: {}               # the body
//     headers: {}            # some of them
//     answers: {status: 200, headers: {}, body: {}}
//     gives: {}              # or fails: {kind: not_found, code: …, message: …}
//     file: text             # what the parameter `file` uploads
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "connector/document.h"
#include "connector/schema_links.h"
#include "connector/test_connector.h"
#include "json/serialize.h"
#include "junctor/schema.h"

namespace junctor::connector {
namespace {

const std::string catalogue = std::string(JUNCTOR_SOURCE_DIR) + "/connectors/";

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(catalogue)) out.push_back(entry.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

JsonArray calls_of(const std::string& name) {
  std::ifstream stream(catalogue + name + "/calls.yaml");
  std::stringstream text;
  text << stream.rdbuf();
  return to_json(parse_document(text.str(), name + "/calls.yaml").value_or_throw()).as_array();
}

CompiledSchema schema_of(const Integration& integration, const Json& document) {
  SchemaRegistry schemas = schema_registry(integration);
  return compile_schema(document, schemas).value_or_throw();
}

const Json* member(const Json& of, std::string_view name) {
  const auto* object = of.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const Json& value) { return value.is_string() ? std::string(value.as_string()) : json::to_text(value); }

// Names and values of a query or a form, in the order of the names.
using Fields = std::multimap<std::string, std::string>;

Fields sent_fields(std::string_view query) {
  Fields out;
  for (const Parameter& one : parse_query(query)) out.emplace(one.name, one.value);
  return out;
}

Fields wanted_fields(const Json* object) {
  Fields out;
  if (object == nullptr) return out;
  for (const auto& [name, value] : object->as_object()) {
    const JsonArray values = value.is_array() ? value.as_array() : JsonArray{value};
    for (const Json& one : values) out.emplace(name, text_of(one));
  }
  return out;
}

HttpResponse answer_of(const Json& one) {
  HttpResponse out;
  const Json* said = member(one, "answers");
  const Json* body = said == nullptr ? nullptr : member(*said, "body");
  if (body != nullptr) out = body->is_string() ? HttpResponse::text(200, text_of(*body)) : HttpResponse::json(200, *body);
  if (said == nullptr) return out;
  if (const Json* status = member(*said, "status")) out.status = static_cast<int>(status->as_int64());
  if (const Json* headers = member(*said, "headers"))
    for (const auto& [name, value] : headers->as_object()) out.headers.set(std::string(name), text_of(value));
  return out;
}

void expect_sent(const Json& one, const HttpRequest& sent) {
  EXPECT_EQ(sent.method + " " + std::string(sent.path), text_of(one.at("sends")));
  const auto question = sent.target.find('?');
  EXPECT_EQ(sent_fields(question == std::string::npos ? "" : std::string_view(sent.target).substr(question + 1)),
            wanted_fields(member(one, "query"))) << sent.target;
  if (const Json* form = member(one, "form")) {
    EXPECT_EQ(sent_fields(sent.body), wanted_fields(form)) << sent.body;
  } else if (const Json* body = member(one, "json")) {
    EXPECT_EQ(parsed(sent.body), *body) << sent.body;
  } else if (member(one, "file") == nullptr) {
    EXPECT_EQ(sent.body, "");
  }
  if (const Json* headers = member(one, "headers")) {
    for (const auto& [name, value] : headers->as_object()) EXPECT_EQ(sent.headers.get(name), text_of(value)) << name;
  }
}

void expect_failure(const Json& wanted, Connector& connector, const std::string& action, const Json& input) {
  const ProviderFailure failure = connector.failure(action.c_str(), json::to_text(input));
  EXPECT_EQ(to_string(failure.kind()), text_of(wanted.at("kind")));
  const Json* code = member(wanted, "code");
  EXPECT_TRUE(code == nullptr || failure.answer().code == text_of(*code)) << failure.answer().code;
  const Json* message = member(wanted, "message");
  EXPECT_TRUE(message == nullptr || failure.answer().message == text_of(*message)) << failure.answer().message;
}

void run(const std::string& name, const Json& one) {
  TestApi api([&one](const HttpRequest&, std::size_t) { return answer_of(one); });
  Connector connector(name, api, name == "graphql" ? "endpoint" : "base_url");
  const std::string slug = text_of(one.at("call"));
  const Action* action = connector.integration().find_action(slug);
  ASSERT_NE(action, nullptr) << "no such action";
  std::string left;
  if (const Json* file = member(one, "file")) {
    left = text_of(*file);
    connector.scope.uploads["file"] = {"a.txt", "text/plain", left.size(), [&left](Fiber&, std::span<char> buffer) {
                                         const std::size_t count = std::min(left.size(), buffer.size());
                                         std::copy_n(left.data(), count, buffer.data());
                                         left.erase(0, count);
                                         return count;
                                       }, {}};
  }
  const Json given = member(one, "with") == nullptr ? Json(JsonObject()) : one.at("with");
  const auto input = normalise(schema_of(connector.integration(), input_schema(connector.integration(), *action)), given);
  ASSERT_TRUE(input) << to_string(input.problems());
  if (const Json* wanted = member(one, "fails")) {
    expect_failure(*wanted, connector, slug, input.value());
  } else {
    Json output = connector.call(slug.c_str(), json::to_text(input.value()));
    const auto promised = normalise(schema_of(connector.integration(), output_schema(connector.integration(), *action)), output);
    ASSERT_TRUE(promised) << to_string(promised.problems()) << json::to_text(output);
    const Json* gives = member(one, "gives");
    EXPECT_TRUE(gives == nullptr || promised.value() == *gives) << json::to_text(promised.value());
  }
  ASSERT_FALSE(api.seen().empty());
  expect_sent(one, api.seen().front());
}

class Calls : public testing::TestWithParam<std::string> {};

TEST_P(Calls, go_where_the_provider_expects_them) {
  std::size_t number = 0;
  for (const Json& one : calls_of(GetParam())) {
    SCOPED_TRACE(GetParam() + ", call " + std::to_string(++number) + ", " + text_of(one.at("call")));
    try {
      run(GetParam(), one);
    } catch (const std::exception& fault) {
      ADD_FAILURE() << fault.what();
    }
  }
}

TEST_P(Calls, leave_no_action_out) {
  std::set<std::string> called;
  for (const Json& one : calls_of(GetParam())) called.insert(text_of(one.at("call")));
  const Integration integration = load_integration_folder(catalogue + GetParam()).value_or_throw();
  for (const Action& action : integration.actions) {
    // To an address of the provider's, which no stand-in has: a test of its own.
    const bool elsewhere = action.api->anonymous && !action.api->base_url.empty();
    EXPECT_TRUE(elsewhere || called.contains(action.slug)) << action.slug;
  }
}

// Values that no parameter of its type takes.
std::vector<Json> wrong_values(const Param& param) {
  std::vector<Json> out;
  if (!param.options.empty()) out.push_back("no such option");
  if (!param.schema.empty()) return out;
  switch (param.ui_type) {
    case UiType::number:
    case UiType::boolean: out.push_back("text"); break;
    case UiType::integer: out.insert(out.end(), {Json("text"), Json(1.5)}); break;
    case UiType::text:
    case UiType::textarea:
    case UiType::password: out.insert(out.end(), {Json(1), Json(JsonObject())}); break;
    default: break;
  }
  if (param.min && param.ui_type == UiType::integer) out.push_back(*param.min - 1);
  if (param.max && param.ui_type == UiType::integer) out.push_back(*param.max + 1);
  return out;
}

TEST_P(Calls, are_refused_before_anything_is_sent_when_their_input_is_wrong) {
  const Integration integration = load_integration_folder(catalogue + GetParam()).value_or_throw();
  for (const Json& one : calls_of(GetParam())) {
    const Action* action = integration.find_action(text_of(one.at("call")));
    ASSERT_NE(action, nullptr) << text_of(one.at("call"));
    if (action->params.empty()) continue;
    const CompiledSchema schema = schema_of(integration, input_schema(integration, *action));
    const JsonObject good = member(one, "with") == nullptr ? JsonObject() : one.at("with").as_object();
    for (const Param& param : action->params) {
      if (param.ui_type == UiType::file) continue;  // no member of the input
      JsonObject without = good;
      without.erase(param.name);
      if (param.required.value_or(false) && param.default_.is_null()) {
        EXPECT_FALSE(normalise(schema, without)) << action->slug << " without " << param.name;
      }
      for (const Json& wrong : wrong_values(param)) {
        JsonObject changed = good;
        changed[param.name] = wrong;
        EXPECT_FALSE(normalise(schema, changed)) << action->slug << " with " << param.name << ": " << json::to_text(wrong);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Calls, testing::ValuesIn(names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace junctor::connector
