#include <gtest/gtest.h>

#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

// Two servers: "/to?status=302&url=…" redirects, everything else describes the request.
struct Two {
  static HttpResponse handle(Fiber&, HttpRequest& request) {
    if (request.path == "/to") {
      HttpResponse response;
      response.status = std::stoi(std::string(*request.query_value("status")));
      response.headers.add("Location", std::string(*request.query_value("url")));
      return response;
    }
    std::string text = request.method + " " + request.target + " " + request.body + "\n";
    for (const Header& field : request.headers) text += field.name + "=" + field.value + "\n";
    return HttpResponse::text(200, text);
  }

  HttpServer one{{}, &Two::handle, std::size_t{1}};
  HttpServer other{{}, &Two::handle, std::size_t{1}};

  Two() {
    one.start();
    other.start();
  }
  std::string url(const HttpServer& server, const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }
  std::string redirect(int status, const std::string& to) const {
    return url(one, "/to?status=" + std::to_string(status) + "&url=" + percent_encode(to));
  }
};

ClientResponse call(ClientRequest request) {
  ClientResponse response;
  HttpClientOptions options;
  options.guard = AddressGuard::off();
  HttpClient client(options);
  run_in_fiber([&](Fiber& fiber) { response = client.send(fiber, request); });
  return response;
}

FailureKind failure_of(ClientRequest request) {
  try {
    call(std::move(request));
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

ClientRequest with_credentials(std::string url) {
  ClientRequest request{.url = std::move(url)};
  request.header("Authorization", "Bearer a");
  request.header("Cookie", "b=c");
  request.header("X-Api-Key", Secret("d"));
  request.header("X-Plain", "e");
  return request;
}

TEST(Redirects, keep_credentials_within_their_origin) {
  Two two;
  const auto response = call(with_credentials(two.redirect(302, "/here?x=1")));
  EXPECT_TRUE(response.body.starts_with("GET /here?x=1 ")) << response.body;
  for (const char* part : {"Authorization=Bearer a", "Cookie=b=c", "X-Api-Key=d", "X-Plain=e"})
    EXPECT_NE(response.body.find(part), std::string::npos) << part;
  EXPECT_EQ(response.url, two.url(two.one, "/here?x=1"));
  EXPECT_EQ(response.redirects.size(), 1u);
}

TEST(Redirects, leave_credentials_behind_when_the_origin_changes) {
  Two two;
  const auto response = call(with_credentials(two.redirect(302, two.url(two.other, "/there"))));
  EXPECT_TRUE(response.body.starts_with("GET /there ")) << response.body;
  for (const char* part : {"Authorization", "Cookie", "X-Api-Key"})
    EXPECT_EQ(response.body.find(part), std::string::npos) << part;
  EXPECT_NE(response.body.find("X-Plain=e"), std::string::npos);
}

TEST(Redirects, do_not_pick_credentials_up_again_on_the_way_back) {
  Two two;
  const std::string back = two.url(two.one, "/back");
  const std::string there = two.url(two.other, "/to?status=302&url=" + percent_encode(back));
  const auto response = call(with_credentials(two.redirect(302, there)));
  EXPECT_TRUE(response.body.starts_with("GET /back ")) << response.body;
  EXPECT_EQ(response.body.find("Authorization"), std::string::npos);
}

TEST(Redirects, rewrite_methods_as_the_status_says) {
  Two two;
  const auto answer = [&](int status, const std::string& method) {
    ClientRequest request{.method = method, .url = two.redirect(status, "/x")};
    request.body = "data";
    request.header("Content-Type", "text/plain");
    const auto response = call(std::move(request));
    EXPECT_EQ(response.body.find("Content-Type") == std::string::npos,
              response.body.starts_with("GET"));
    return response.body.substr(0, response.body.find('\n'));
  };
  EXPECT_EQ(answer(301, "POST"), "GET /x ");
  EXPECT_EQ(answer(302, "POST"), "GET /x ");
  EXPECT_EQ(answer(303, "PUT"), "GET /x ");
  EXPECT_EQ(answer(307, "POST"), "POST /x data");
  EXPECT_EQ(answer(308, "PATCH"), "PATCH /x data");
  EXPECT_EQ(answer(302, "PUT"), "PUT /x data");
}

TEST(Redirects, never_carry_a_body_to_another_origin) {
  Two two;
  ClientRequest request{.method = "POST", .url = two.redirect(307, two.url(two.other, "/x"))};
  request.body = "data";
  EXPECT_EQ(failure_of(std::move(request)), FailureKind::denied);
}

TEST(Redirects, have_a_bound_and_can_be_off) {
  Two two;
  std::string url = two.url(two.one, "/end");
  for (int i = 0; i < 6; ++i) url = two.url(two.one, "/to?status=302&url=" + percent_encode(url));
  EXPECT_EQ(failure_of({.url = url}), FailureKind::unavailable);
  EXPECT_EQ(call({.url = url, .most_redirects = 6}).status, 200);
  EXPECT_EQ(call({.url = url, .most_redirects = 0}).status, 302);
}

TEST(Redirects, cannot_repeat_an_upload) {
  Two two;
  ClientRequest request{.method = "PUT", .url = two.redirect(307, "/x")};
  bool sent = false;
  request.upload = [&](Fiber&, std::span<char> buffer) -> std::size_t {
    if (std::exchange(sent, true)) return 0;
    buffer[0] = 'x';
    return 1;
  };
  EXPECT_EQ(failure_of(std::move(request)), FailureKind::unsupported);
}

}  // namespace
}  // namespace junctor
