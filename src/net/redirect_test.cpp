#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

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
      response.body = "moved";
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

ClientResponse call(const ClientRequest& request, std::vector<ClientHop>& hops) {
  ClientResponse response;
  HttpClientOptions options;
  options.guard = AddressGuard::off();
  HttpClient client(options);
  run_in_fiber([&](Fiber& fiber) { response = client.send(fiber, request, hops); });
  return response;
}

ClientResponse call(const ClientRequest& request) {
  std::vector<ClientHop> hops;
  return call(request, hops);
}

FailureKind failure_of(const ClientRequest& request, std::vector<ClientHop>& hops) {
  try {
    call(request, hops);
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

FailureKind failure_of(const ClientRequest& request) {
  std::vector<ClientHop> hops;
  return failure_of(request, hops);
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
}

TEST(Redirects, note_what_every_hop_took_along_and_what_it_cost) {
  Two two;
  ClientRequest request{.method = "POST", .url = two.redirect(307, two.redirect(303, two.url(two.other, "/there")))};
  request.header("Authorization", "Bearer a");
  request.header("X-Plain", "e");
  request.header("Content-Type", "text/plain");
  request.body = "data";
  std::vector<ClientHop> hops;
  const auto response = call(request, hops);
  ASSERT_EQ(hops.size(), 3u);
  const auto headers_of = [&](const ClientHop& hop) {
    std::string names;
    for (const ClientHeader& header : request.headers)
      if (goes_along(header, hop.carried)) names += header.name + " ";
    return names;
  };
  EXPECT_EQ(hops[0].method + " " + hops[1].method + " " + hops[2].method, "POST POST GET");
  EXPECT_EQ(headers_of(hops[0]), "Authorization X-Plain Content-Type ");
  EXPECT_EQ(headers_of(hops[1]), "Authorization X-Plain Content-Type ");
  EXPECT_EQ(headers_of(hops[2]), "X-Plain ");
  EXPECT_EQ(hops[0].timings.sent_bytes, 4u);
  EXPECT_EQ(hops[1].timings.sent_bytes, 4u);
  EXPECT_EQ(hops[2].timings.sent_bytes, 0u);
  EXPECT_EQ(hops[0].timings.received_bytes, 5u);
  EXPECT_EQ(hops[2].timings.received_bytes, response.body.size());
  EXPECT_TRUE(hops[1].headers.contains("Location"));
  for (const ClientHop& hop : hops) EXPECT_GE(hop.timings.total, hop.timings.first_byte);
  for (const ClientHop& hop : hops) EXPECT_GT(hop.timings.first_byte.count(), 0);
  EXPECT_EQ(response.timings.total, hops[2].timings.total);
}

TEST(Redirects, note_the_hops_of_a_call_that_fails) {
  Two two;
  std::vector<ClientHop> hops;
  EXPECT_EQ(failure_of({.url = two.redirect(302, "http://127.0.0.1:1/nobody")}, hops), FailureKind::unavailable);
  ASSERT_EQ(hops.size(), 2u);
  EXPECT_EQ(hops[0].status, 302);
  EXPECT_EQ(hops[1].url, "http://127.0.0.1:1/nobody");
  EXPECT_EQ(hops[1].status, 0);
  ClientRequest refused{.method = "POST", .url = two.redirect(307, two.url(two.other, "/x"))};
  refused.body = "data";
  EXPECT_EQ(failure_of(refused, hops), FailureKind::denied);
  ASSERT_EQ(hops.size(), 1u);
  EXPECT_EQ(hops[0].status, 307);
  EXPECT_TRUE(hops[0].headers.contains("Location"));
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

TEST(Redirects, repeat_an_upload_whose_source_can_begin_again) {
  Two two;
  const auto source = std::make_shared<std::string>("stream");
  ClientRequest request{.method = "PUT", .url = two.redirect(307, "/x")};
  request.upload = [source, head = std::string("a ")](Fiber&, std::span<char> buffer) mutable -> std::size_t {
    std::string& from = head.empty() ? *source : head;
    const std::size_t count = std::min(buffer.size(), from.size());
    std::copy_n(from.data(), count, buffer.data());
    from.erase(0, count);
    return count;
  };
  request.upload_bytes = 8;
  request.rewind = [source] { *source = "stream"; };
  std::vector<ClientHop> hops;
  EXPECT_TRUE(call(request, hops).body.starts_with("PUT /x a stream\n"));
  ASSERT_EQ(hops.size(), 2u);
  for (const ClientHop& hop : hops) EXPECT_EQ(hop.timings.sent_bytes, 8u);
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
