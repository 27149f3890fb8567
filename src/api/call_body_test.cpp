#include "api/call_body.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "async/scope.h"
#include "base/crypto.h"
#include "connector/yaml_loader.h"
#include "json/serialize.h"
#include "junctor/failure.h"

namespace junctor::api {
namespace {

using testing::HasSubstr;

constexpr const char* definition = R"(
slug: demo
endpoints: {base_url: "https://a.example"}
actions:
  form:
    path: /demo/{id}
    params: {id: {required: true}, count: {ui_type: integer}, tags: {schema: {type: array, items: {type: integer}}}, where: {in: query}, doc: {ui_type: file}}
    api: {method: POST, path: /x, body_kind: multipart, multipart: {count: {value: =input.count}, doc: {file: doc}}}
  raw:
    params: {note: {}, count: {ui_type: integer}, lang: {in: header}, doc: {ui_type: file}}
    api: {method: POST, path: /x, body_kind: file}
)";

Json nothing(Context&, const Json&) { return nullptr; }

std::shared_ptr<const LoadedIntegration> loaded() {
  Integration out = connector::load_integration(definition, "demo.yaml").value_or_throw();
  const auto coded = [](const char* slug, bool required) {
    return Action{.slug = slug,
                  .params = {{.name = "note"}, {.name = "doc", .ui_type = UiType::file, .required = required}},
                  .handler = ActionHandler(nothing)};
  };
  out.actions.push_back(coded("coded", true));
  out.actions.push_back(coded("may", false));
  Action placed{.slug = "placed", .path = "/demo/{id}", .params = {{.name = "doc", .ui_type = UiType::file, .required = true}}, .handler = ActionHandler(nothing)};
  placed.input = SchemaRef(Json(JsonObject{{"type", "object"}, {"properties", JsonObject{{"id", JsonObject{{"type", "integer"}}}}}}));
  out.actions.push_back(std::move(placed));
  return LoadedIntegration::load(std::move(out)).value_or_throw();
}

std::string part(const std::string& head, const std::string& content) {
  return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + content + "\r\n";
}

class CallBodies : public testing::Test {
 protected:
  CallBodies()
      : folder_(std::filesystem::temp_directory_path() / ("junctor-" + crypto::to_hex(crypto::random_bytes(8)))),
        spool_(folder_, 1000, 100),
        integration_(loaded()) {
    spool_.clean();
  }
  ~CallBodies() override { std::filesystem::remove_all(folder_); }

  HttpRequest request(std::string body, Headers headers, const std::string& query = "") {
    HttpRequest out;
    out.headers = std::move(headers);
    out.query = parse_query(query);
    out.path_parameters = {{"id", "7"}};
    out.read_body = [left = std::move(body)](Fiber&, std::span<char> into) mutable {
      const std::size_t count = std::min({into.size(), left.size(), std::size_t{13}});
      std::copy_n(left.data(), count, into.data());
      left.erase(0, count);
      return count;
    };
    return out;
  }
  HttpRequest form(const std::string& parts) {
    return request(parts + "--b--\r\n", {{"Content-Type", "multipart/form-data; boundary=b"}});
  }

  // "INPUT name=FILENAME TYPE CONTENT …", or what is wrong.
  std::string read(const char* action, HttpRequest request, Places places = Places::ignored) {
    std::string out;
    run_in_fiber([&](Fiber& fiber) {
      try {
        auto body = read_call(fiber, integration_->action(action), request, spool_, places);
        if (!body.ok()) {
          out = "problem: " + to_string(body.problems());
          return;
        }
        out = json::to_text(body.value().input);
        for (auto& [name, file] : body.value().files) {
          char content[2000];
          std::size_t bytes = 0;
          while (const std::size_t count = file.read(fiber, std::span(content).subspan(bytes))) bytes += count;
          EXPECT_EQ(file.size_bytes, bytes);
          out += " " + name + "=" + file.filename + " " + file.content_type + " " + std::string(content, bytes);
        }
      } catch (const Failure& failure) {
        out = std::string(to_string(failure.kind())) + ": " + failure.message();
      }
    });
    return out;
  }

  const std::filesystem::path folder_;
  Spool spool_;
  const std::shared_ptr<const LoadedIntegration> integration_;
};

TEST_F(CallBodies, are_forms_with_an_input_texts_and_files) {
  const std::string doc = part("name=\"doc\"; filename=\"a.txt\"\r\nContent-Type: text/csv", "content");
  EXPECT_EQ(read("form", form(part("name=input", R"({"id": "1"})") + doc)), R"({"id":"1"} doc=a.txt text/csv content)");
  EXPECT_EQ(read("form", form(part("name=input; filename=blob", R"({"id": "1"})") + doc)), R"({"id":"1"} doc=a.txt text/csv content)");
  EXPECT_EQ(read("form", form(doc + part("name=tags", "1") + part("name=count", "5") + part("name=tags", "2") + part("name=id", "x"))),
            R"({"count":5,"id":"x","tags":[1,2]} doc=a.txt text/csv content)");
  EXPECT_EQ(read("form", form(part("name=doc", "a text"))), "{} doc= text/plain; charset=utf-8 a text");
  EXPECT_EQ(read("form", form(part("name=doc; filename=\"\"", ""))), "{}") << "no file was chosen";
  EXPECT_EQ(read("form", form("")), "{}");
  EXPECT_EQ(read("form", request(R"({"id": "1"})", {{"Content-Type", "application/json"}})), R"({"id":"1"})");
}

TEST_F(CallBodies, take_a_parameter_only_from_its_place_on_the_action_s_own_route) {
  EXPECT_EQ(read("form", form(part("name=count", "5") + part("name=input", R"({"tags": [3]})")), Places::heeded), R"({"id":"7","tags":[3],"count":5})");
  EXPECT_THAT(read("form", form(part("name=id", "5")), Places::heeded), HasSubstr("the part \"id\""));
  EXPECT_THAT(read("form", form(part("name=where", "5")), Places::heeded), HasSubstr("the part \"where\""));
  EXPECT_THAT(read("form", form(part("name=other", "5"))), HasSubstr("the part \"other\""));
  EXPECT_THAT(read("form", form(part("name=input", "[]"))), HasSubstr("problem: body"));
}

TEST_F(CallBodies, are_the_file_where_an_action_takes_nothing_else) {
  const Headers headers{{"Content-Type", "image/png"}, {"Content-Disposition", "attachment; filename=\"a/b.png\""}};
  EXPECT_EQ(read("raw", request("bytes", headers, "note=n&count=5&expand=x&other=1")), R"({"note":"n","count":5} doc=b.png image/png bytes)");
  EXPECT_EQ(read("raw", request("{}", {{"Content-Type", "application/x-www-form-urlencoded"}})), "{} doc= application/x-www-form-urlencoded {}");
  EXPECT_EQ(read("raw", request("", {{"Content-Type", "text/plain"}})), "{} doc= text/plain ") << "an empty file";
  EXPECT_EQ(read("raw", request("", {})), "{}");
  EXPECT_EQ(read("raw", request("x", {{"Content-Type", "a/b"}, {"lang", "de"}}, "note=n&lang=en"), Places::heeded), R"({"lang":"de","note":"n"} doc= a/b x)");
  EXPECT_EQ(read("raw", form(part("name=doc; filename=f", "x") + part("name=note", "n"))), R"({"note":"n"} doc=f application/octet-stream x)");
}

TEST_F(CallBodies, of_json_are_the_input_also_where_an_action_takes_a_file) {
  const Headers json{{"Content-Type", "Application/JSON; charset=utf-8"}};
  for (const char* action : {"raw", "coded"}) EXPECT_EQ(read(action, request(R"({"note": "n"})", json)), R"({"note":"n"})") << action;
  EXPECT_THAT(read("raw", request("no json", json)), HasSubstr("body: found syntax error"));
  EXPECT_EQ(read("raw", form(part("name=doc; filename=a.json\r\nContent-Type: application/json", "{}"))), "{} doc=a.json application/json {}");
  EXPECT_EQ(read("raw", request("{}", {{"Content-Type", "application/geo+json"}})), "{} doc= application/geo+json {}");
}

TEST_F(CallBodies, are_the_file_of_a_coded_action_that_needs_just_one) {
  EXPECT_EQ(read("coded", request("bytes", {{"Content-Type", "a/b"}}, "note=n")), R"({"note":"n"} doc= a/b bytes)");
  EXPECT_EQ(read("coded", form(part("name=doc; filename=f", "x") + part("name=note", "n"))), R"({"note":"n"} doc=f application/octet-stream x)");
  EXPECT_EQ(read("may", request(R"({"note": "n"})", {{"Content-Type", "a/b"}})), R"({"note":"n"})") << "it need not have its file";
  EXPECT_EQ(read("may", form(part("name=doc; filename=f", "x"))), "{} doc=f application/octet-stream x");
  EXPECT_EQ(read("placed", request("bytes", {{"Content-Type", "a/b"}}, "id=8&note=n"), Places::heeded), R"({"id":7,"note":"n"} doc= a/b bytes)")
      << "what its schema declares comes from where that of any handler does";
}

TEST_F(CallBodies, keep_their_bounds) {
  const std::string file = "name=doc; filename=f";
  EXPECT_THAT(read("form", form(part(file, std::string(1000, 'x')))), HasSubstr("too_large: the body is longer than 1000 bytes, the setting upload_limit"));
  EXPECT_THAT(read("form", form(part("name=input", std::string(101, ' ')))), HasSubstr("too_large: the parts of the form that are no files are longer than 100 bytes, the setting body_limit"));
  EXPECT_THAT(read("form", form(part("name=input", std::string(60, ' ')) + part("name=count", std::string(60, '1')))), HasSubstr("too_large"));
  EXPECT_THAT(read("form", request(std::string(101, ' '), {})), HasSubstr("too_large: the body is longer than 100 bytes, the setting body_limit"));
  EXPECT_THAT(read("raw", request("x", {{"Content-Type", "a/b"}, {"Content-Length", "1001"}})), HasSubstr("too_large"));
}

TEST_F(CallBodies, are_refused_where_they_are_none) {
  EXPECT_THAT(read("form", form(part("name=doc; filename=f", "x") + part("name=doc; filename=f", "x"))), HasSubstr("two parts \"doc\""));
  EXPECT_THAT(read("form", form(part("name=input", "{}") + part("name=input", "{}"))), HasSubstr("two parts \"input\""));
  EXPECT_THAT(read("form", form(part("name=doc; filename=f", "x") + part("name=doc", "x"))), HasSubstr("two parts \"doc\""));
  EXPECT_THAT(read("form", request("x", {{"Content-Type", "multipart/form-data"}})), HasSubstr("names no boundary"));
  EXPECT_THAT(read("form", request("--b\r\n", {{"Content-Type", "multipart/form-data; boundary=b"}})), HasSubstr("invalid: the form cannot be read"));
}

}  // namespace
}  // namespace junctor::api
