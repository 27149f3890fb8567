#include "api/hub_routes.h"

#include <gtest/gtest.h>

#include "async/scope.h"
#include "net/problem.h"

namespace junctor::api {
namespace {

constexpr HubFile built[] = {
    {"index.html", "text/html; charset=utf-8", "aaaa", "<!doctype html>the page", "the page compressed"},
    {"assets/index-1.js", "text/javascript; charset=utf-8", "bbbb", "run()", ""},
};

class HubRoutes : public testing::Test {
 protected:
  void serve(std::span<const HubFile> files) { router_.set("hub", hub_routes(files)); }

  HttpResponse get(const std::string& path, Headers headers = {}, const std::string& method = "GET") {
    HttpResponse response;
    run_in_fiber([&](Fiber& fiber) {
      HttpRequest request;
      request.method = method;
      request.target = request.path = path;
      request.headers = std::move(headers);
      response = home_leads_to_hub(router_.handler())(fiber, request);
    });
    return response;
  }
  static std::string header(const HttpResponse& response, std::string_view name) {
    return std::string(response.headers.get(name).value_or(""));
  }

  Router router_;
  const Headers browser_{{"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}};
};

TEST_F(HubRoutes, give_a_file_with_its_type_and_a_tag) {
  serve(built);
  const HttpResponse response = get("/hub/assets/index-1.js");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "run()");
  EXPECT_EQ(header(response, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(header(response, "ETag"), "\"bbbb\"");
  EXPECT_EQ(header(response, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(get("/hub/"), "Cache-Control"), "no-cache");
}

TEST_F(HubRoutes, answer_304_to_whoever_has_the_file) {
  serve(built);
  for (const char* tag : {"\"bbbb\"", "W/\"bbbb\"", "\"x\", \"bbbb\"", "*"}) {
    const HttpResponse response = get("/hub/assets/index-1.js", {{"If-None-Match", tag}});
    EXPECT_EQ(response.status, 304) << tag;
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(header(response, "ETag"), "\"bbbb\"");
  }
  EXPECT_EQ(get("/hub/assets/index-1.js", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(HubRoutes, compress_for_whoever_accepts_it) {
  serve(built);
  const HttpResponse compressed = get("/hub/", {{"Accept-Encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(compressed.body, "the page compressed");
  EXPECT_EQ(header(compressed, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(compressed, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(compressed, "ETag"), "\"aaaa-gzip\"");
  // The tag of one form is not the tag of the other.
  EXPECT_EQ(get("/hub/", {{"If-None-Match", "\"aaaa-gzip\""}}).status, 200);
  for (const char* refused : {"gzip;q=0", "br", ""})
    EXPECT_EQ(get("/hub/", {{"Accept-Encoding", refused}}).body, built[0].bytes) << refused;
  EXPECT_EQ(get("/hub/assets/index-1.js", {{"Accept-Encoding", "gzip"}}).body, "run()");
}

TEST_F(HubRoutes, give_the_page_to_a_browser_on_any_of_its_links) {
  serve(built);
  for (const char* path : {"/hub/runs", "/hub/queues/shop.pass.announce", "/hub/debugger/shop/get_order"}) {
    EXPECT_EQ(get(path, browser_).body, built[0].bytes) << path;
    EXPECT_EQ(get(path, {{"Accept", "application/json"}}).status, 404) << path;
  }
  EXPECT_EQ(get("/hub/assets/index-2.js", browser_).status, 404);
}

TEST_F(HubRoutes, know_no_files_but_their_own) {
  serve(built);
  for (const char* path : {"/hub/../etc/passwd", "/hub/%2e%2e/%2e%2e/etc/passwd", "/hub/assets/..%2findex.html",
                           "/hub//etc/passwd", "/hub/assets/index-1.js/", "/hub/index.html%00"})
    EXPECT_GE(get(path).status, 400) << path;
}

TEST_F(HubRoutes, forbid_everything_from_elsewhere) {
  serve(built);
  for (const char* path : {"/hub/", "/hub/assets/index-1.js", "/hub/nothing"}) {
    const std::string policy = header(get(path), "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << path;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << path;
    EXPECT_EQ(header(get(path), "X-Content-Type-Options"), "nosniff");
  }
}

TEST_F(HubRoutes, are_where_a_browser_comes_to_when_nothing_else_is_there) {
  serve(built);
  EXPECT_EQ(header(get("/hub"), "Location"), "/hub/");
  EXPECT_EQ(get("/", browser_).status, 302);
  EXPECT_EQ(header(get("/", browser_), "Location"), "/hub/");
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/", {{"Accept", "text/html;q=0"}}).status, 404);
  EXPECT_EQ(get("/elsewhere", browser_).status, 404);
  EXPECT_NE(get("/", browser_, "POST").status, 302);
  router_.set("own", {{"GET", "/", [](Fiber&, HttpRequest&) { return problem_response(404, "no orders yet"); }}});
  EXPECT_EQ(get("/", browser_).status, 404);
}

TEST_F(HubRoutes, say_how_to_build_what_is_not_there) {
  serve({});
  const HttpResponse response = get("/hub/runs", browser_);
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("scripts/build-hub"), std::string::npos);
  EXPECT_EQ(header(response, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("/hub/assets/index-1.js").status, 404);
}

}  // namespace
}  // namespace junctor::api
