#include "net/router.h"

#include <gtest/gtest.h>

#include "async/scope.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

HttpHandler says(std::string name) {
  return [name](Fiber&, HttpRequest& request) {
    std::string text = name + " " + request.route;
    for (const Parameter& parameter : request.path_parameters)
      text += " " + parameter.name + "=" + parameter.value;
    return HttpResponse::text(200, text);
  };
}

HttpResponse ask(const Router& router, std::string method, std::string path) {
  HttpResponse response;
  run_in_fiber([&](Fiber& fiber) {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    response = router.handle(fiber, request);
  });
  return response;
}

TEST(Router, prefers_literals_to_parameters_to_the_rest) {
  Router router;
  router.set("test", {{"GET", "/v1/runs/{run}", says("run")},
                      {"GET", "/v1/runs/latest", says("latest")},
                      {"GET", "/v1/{rest*}", says("rest")},
                      {"GET", "/v1/{room}/{id}/steps", says("steps")},
                      {"GET", "/", says("root")}});
  EXPECT_EQ(ask(router, "GET", "/v1/runs/latest").body, "latest /v1/runs/latest");
  EXPECT_EQ(ask(router, "GET", "/v1/runs/7").body, "run /v1/runs/{run} run=7");
  EXPECT_EQ(ask(router, "GET", "/v1/runs/latest/steps").body,
            "steps /v1/{room}/{id}/steps room=runs id=latest");
  EXPECT_EQ(ask(router, "GET", "/v1/a/b/c").body, "rest /v1/{rest*} rest=a/b/c");
  EXPECT_EQ(ask(router, "GET", "/").body, "root /");
  EXPECT_EQ(ask(router, "GET", "/v2").status, 404);
  EXPECT_EQ(ask(router, "GET", "/v1").status, 404);
}

TEST(Router, decodes_segments_after_splitting) {
  Router router;
  router.set("test", {{"GET", "/files/{name}", says("file")}});
  EXPECT_EQ(ask(router, "GET", "/files/a%2Fb%20c").body, "file /files/{name} name=a/b c");
  EXPECT_EQ(ask(router, "GET", "/fil%65s/x").body, "file /files/{name} name=x");
  EXPECT_EQ(ask(router, "GET", "/files/a/b").status, 404);
  EXPECT_EQ(ask(router, "GET", "/files/").status, 404);
  for (const char* bad :
       {"/files/%", "/files/%zz", "/files/%00", "/files/..", "/files/%2e%2E", "x"})
    EXPECT_EQ(ask(router, "GET", bad).status, 400) << bad;
}

TEST(Router, names_the_methods_a_path_knows) {
  Router router;
  router.set("test", {{"GET", "/a/b", says("get")},
                      {"POST", "/a/{x}", says("post")},
                      {"DELETE", "/a/b/{c}", says("delete")}});
  EXPECT_EQ(ask(router, "POST", "/a/b").body, "post /a/{x} x=b");
  const HttpResponse wrong = ask(router, "PUT", "/a/b");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("Allow"), "GET, HEAD, OPTIONS, POST");
  const HttpResponse options = ask(router, "OPTIONS", "/a/b");
  EXPECT_EQ(options.headers.get("Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(ask(router, "HEAD", "/a/b").body, "get /a/b");
}

TEST(Router, answers_head_from_get_only_where_the_route_lets_it) {
  Router router;
  router.set("test", {{.method = "GET", .path = "/large/{x}", .handler = says("large"), .head = Head::refused},
                      {"GET", "/large/small", says("small")}});
  const HttpResponse refused = ask(router, "HEAD", "/large/1");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET, OPTIONS");
  const HttpResponse options = ask(router, "OPTIONS", "/large/1");
  EXPECT_EQ(options.headers.get("Allow"), "GET, OPTIONS");
  EXPECT_EQ(ask(router, "GET", "/large/1").status, 200);
  EXPECT_EQ(ask(router, "HEAD", "/large/small").status, 200);
}

TEST(Router, replaces_one_group_and_keeps_the_others) {
  Router router;
  router.set("one", {{"GET", "/one", says("one")}});
  router.set("two", {{"GET", "/two", says("two")}});
  router.set("two", {{"GET", "/three", says("three")}});
  EXPECT_EQ(ask(router, "GET", "/one").status, 200);
  EXPECT_EQ(ask(router, "GET", "/two").status, 404);
  EXPECT_EQ(ask(router, "GET", "/three").status, 200);
  router.set("two", {});
  EXPECT_EQ(ask(router, "GET", "/three").status, 404);
}

TEST(Router, refuses_bad_templates_and_conflicts_without_changing_anything) {
  Router router;
  router.set("one", {{"GET", "/a/{x}", says("one")}});
  EXPECT_THROW(router.set("two", {{"GET", "/a/{y}", says("two")}}), Failure);
  for (const char* bad : {"", "a", "/{", "/a{b}", "/{}", "/{a}/{a}", "/{a*}/b", "/{*}"})
    EXPECT_THROW(router.set("two", {{"GET", bad, says("two")}}), Failure) << bad;
  EXPECT_EQ(ask(router, "GET", "/a/1").body, "one /a/{x} x=1");
}

}  // namespace
}  // namespace junctor
