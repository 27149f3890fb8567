// Strapi, version 5 and 4, as docs.strapi.io says it answers.
#include "connector/test_connector.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

TEST(Strapi, pages_and_unwraps) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "POST") return answer(201, R"({"data":{"id":7,"documentId":"d7"},"meta":{}})");
    if (request.method == "DELETE") return answer(404, R"({"data":null,"error":{"status":404,"name":"NotFoundError","message":"Not Found"}})");
    const bool second = request.query_value("pagination[page]") == "2";
    return answer(200, second ? R"({"data":[{"documentId":"b"}],"meta":{"pagination":{"page":2,"pageCount":2}}})"
                              : R"({"data":[{"documentId":"a"}],"meta":{"pagination":{"page":1,"pageCount":2}}})");
  });
  Connector strapi("strapi", api);
  EXPECT_EQ(strapi.call("list_entries", R"({"collection":"articles","filters":{"title":"x"}})").as_array().size(), 2u);
  EXPECT_EQ(api.seen().at(0).query_value("filters[title][$eq]"), "x");
  EXPECT_EQ(strapi.call("create_entry", R"({"collection":"articles","data":{"title":"x"}})").at("documentId"), Json("d7"));
  EXPECT_EQ(parsed(api.seen().back().body), parsed(R"({"data":{"title":"x"}})"));
  EXPECT_NO_THROW(strapi.call("delete_entry", R"({"collection":"articles","id":"gone"})"));
}

TEST(Strapi, gives_the_same_entries_of_version_4) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/api/articles/1") return answer(200, R"({"data":{"id":1,"attributes":{"title":"x","locale":"en"}},"meta":{}})");
    const bool second = request.query_value("pagination[page]") == "2";
    return answer(200, second ? R"({"data":[{"id":2,"attributes":{"title":"y"}}],"meta":{"pagination":{"page":2,"pageSize":1,"pageCount":2,"total":2}}})"
                              : R"({"data":[{"id":1,"attributes":{"title":"x"}}],"meta":{"pagination":{"page":1,"pageSize":1,"pageCount":2,"total":2}}})");
  });
  Connector strapi("strapi", api);
  EXPECT_EQ(strapi.call("list_entries", R"({"collection":"articles"})"), parsed(R"([{"id":1,"title":"x"},{"id":2,"title":"y"}])"));
  EXPECT_EQ(strapi.call("get_entry", R"({"collection":"articles","id":"1"})"), parsed(R"({"id":1,"title":"x","locale":"en"})"));
}

TEST(Strapi, leaves_a_field_named_attributes_alone_in_version_5) {
  TestApi api([](const HttpRequest&, std::size_t) {
    return answer(200, R"({"data":{"id":1,"documentId":"d","attributes":{"a":1}},"meta":{}})");
  });
  Connector strapi("strapi", api);
  EXPECT_EQ(strapi.call("get_single", R"({"type":"homepage"})"), parsed(R"({"id":1,"documentId":"d","attributes":{"a":1}})"));
}

TEST(Strapi, nests_what_it_asks_for_in_brackets) {
  TestApi api([](const HttpRequest&, std::size_t) {
    return answer(200, R"({"data":[],"meta":{"pagination":{"page":1,"pageSize":100,"pageCount":0,"total":0}}})");
  });
  Connector strapi("strapi", api);
  strapi.call("list_entries", R"({"collection":"articles","sort":["title:asc","id:desc"],"fields":["title"],
      "populate":{"author":{"fields":["name"]}},"status":"draft",
      "filters":{"title":"x","year":{"$gt":2020},"$or":[{"a":{"$eq":1}},{"b":{"$null":true}}]}})");
  const HttpRequest asked = api.seen().at(0);
  for (const auto& [name, value] : {std::pair("sort[0]", "title:asc"), std::pair("sort[1]", "id:desc"), std::pair("fields[0]", "title"),
                                    std::pair("populate[author][fields][0]", "name"), std::pair("status", "draft"),
                                    std::pair("filters[title][$eq]", "x"), std::pair("filters[year][$gt]", "2020"),
                                    std::pair("filters[$or][0][a][$eq]", "1"), std::pair("filters[$or][1][b][$null]", "true"),
                                    std::pair("pagination[page]", "1"), std::pair("pagination[pageSize]", "100")}) {
    EXPECT_EQ(asked.query_value(name), value) << asked.target;
  }
  strapi.call("list_entries", R"({"collection":"articles","populate":"*","sort":"title"})");
  EXPECT_EQ(api.seen().at(1).query_value("populate"), "*");
  EXPECT_EQ(api.seen().at(1).query_value("sort"), "title");
}

TEST(Strapi, writes_a_draft_and_says_what_was_wrong) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call == 0) return answer(201, R"({"data":{"id":13,"documentId":"j","Name":"B","publishedAt":null},"meta":{}})");
    return answer(400, R"({"data":null,"error":{"status":400,"name":"ValidationError","message":"2 errors occurred",
        "details":{"errors":[{"path":["title"],"message":"title must be defined.","name":"ValidationError"},{"path":["seo","text"],"message":"too long","name":"ValidationError"}]}}})");
  });
  Connector strapi("strapi", api);
  const char* entry = R"({"collection":"restaurants","data":{"Name":"B"},"status":"draft"})";
  EXPECT_EQ(strapi.call("create_entry", entry).at("documentId"), Json("j"));
  EXPECT_EQ(api.seen().at(0).target, "/api/restaurants?status=draft");
  EXPECT_EQ(parsed(api.seen().at(0).body), parsed(R"({"data":{"Name":"B"}})"));
  const ProviderFailure invalid = strapi.failure("create_entry", entry);
  EXPECT_EQ(invalid.answer().code, "ValidationError");
  EXPECT_EQ(invalid.answer().message, "2 errors occurred: title title must be defined.; seo.text too long");
}

TEST(Strapi, uploads_a_file_for_an_entry) {
  TestApi api([](const HttpRequest&, std::size_t) { return answer(201, R"([{"id":5,"name":"a.txt","url":"/uploads/a.txt","mime":"text/plain"}])"); });
  Connector strapi("strapi", api);
  std::string left = "content";
  strapi.scope.uploads["file"] = {"a.txt", "text/plain", left.size(), [&left](Fiber&, std::span<char> buffer) {
                                    const std::size_t count = std::min(left.size(), buffer.size());
                                    std::copy_n(left.data(), count, buffer.data());
                                    left.erase(0, count);
                                    return count;
                                  }, {}};
  EXPECT_EQ(strapi.call("upload_file", R"({"file":"file","info":{"caption":"c"},"ref":"api::article.article","ref_id":"7","field":"cover"})").at(0).at("id"), Json(5));
  const std::string body = api.seen().at(0).body;
  EXPECT_THAT(body, HasSubstr("name=\"files\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n"));
  EXPECT_THAT(body, HasSubstr("name=\"fileInfo\"\r\n\r\n{\"caption\":\"c\"}\r\n"));
  EXPECT_THAT(body, HasSubstr("name=\"refId\"\r\n\r\n7\r\n"));
}

}  // namespace
}  // namespace junctor::connector
