#include "net/client.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/server.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

struct Caught {
  FailureKind kind = FailureKind::bug;
  std::string message = "nothing was thrown";
};

Caught caught(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return {failure.kind(), failure.message()};
  }
  return {};
}

HttpClientOptions local() {
  HttpClientOptions options;
  options.guard = AddressGuard::allowing({"127.0.0.0/8"}).value();
  return options;
}

std::string url_of(const HttpServer& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

using Body = std::function<void(Fiber&, HttpServer&, HttpClient&)>;

void with_server(HttpHandler handler, const Body& body, HttpClientOptions options = local()) {
  HttpServer server({}, std::move(handler), 1);
  server.start();
  HttpClient client(std::move(options));
  run_in_fiber([&](Fiber& fiber) { body(fiber, server, client); });
  server.stop(0ms);
}

HttpResponse describe(Fiber&, HttpRequest& request) {
  HttpResponse response = HttpResponse::text(200, request.method + " " + request.target + "\n");
  for (const Header& field : request.headers)
    response.body += field.name + ": " + field.value + "\n";
  response.body += request.body;
  return response;
}

TEST(HttpClient, sends_what_it_is_told_and_nothing_else) {
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest request{.method = "PATCH", .url = url_of(server, "/a/../b?x=1#frag")};
    request.header("X-Empty", "");
    request.header("Authorization", Secret("Bearer t"));
    request.body = "payload";
    const ClientResponse response = client.send(fiber, request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.http_version, "1.1");
    EXPECT_EQ(response.headers.get("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(response.body,
              "PATCH /a/../b?x=1\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                  "\nUser-Agent: Junctor\nAccept: */*\nAccept-Encoding: deflate, gzip, br, zstd\n"
                  "X-Empty: \nAuthorization: Bearer t\nContent-Length: 7\npayload");
  });
}

TEST(HttpClient, speaks_every_method) {
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    for (const char* method : {"GET", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"}) {
      const auto response = client.send(fiber, {.method = method, .url = url_of(server, "/")});
      EXPECT_TRUE(response.body.starts_with(method)) << response.body;
    }
    const auto head = client.send(fiber, {.method = "HEAD", .url = url_of(server, "/")});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    ClientRequest put{.method = "PUT", .url = url_of(server, "/")};
    EXPECT_NE(client.send(fiber, put).body.find("Content-Length: 0\n"), std::string::npos);
  });
}

TEST(HttpClient, reuses_a_connection_and_measures) {
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest request{.url = url_of(server, "/")};
    const auto first = client.send(fiber, request);
    const auto second = client.send(fiber, request);
    EXPECT_FALSE(first.timings.connection_reused);
    EXPECT_TRUE(second.timings.connection_reused);
    EXPECT_GT(second.timings.total.count(), 0);
    EXPECT_EQ(second.timings.received_bytes, second.body.size());
    EXPECT_EQ(second.timings.peer_address, "127.0.0.1");
    EXPECT_EQ(server.connections(), 1u);
  });
}

TEST(HttpClient, closes_its_connections_when_no_call_was_made_for_long) {
  HttpClientOptions options = local();
  options.rest_after = 200ms;
  with_server(
      describe,
      [](Fiber& fiber, HttpServer& server, HttpClient& client) {
        ClientRequest request{.url = url_of(server, "/")};
        for (int i = 0; i < 6; ++i) {
          const auto answer = client.send(fiber, request);
          EXPECT_EQ(answer.timings.connection_reused, i > 0) << "a call every 50 ms is no rest";
          fiber.sleep_for(50ms);
        }
        for (int i = 0; i < 200 && server.connections() > 0; ++i) fiber.sleep_for(10ms);
        EXPECT_EQ(server.connections(), 0u);
        EXPECT_FALSE(client.send(fiber, request).timings.connection_reused);
        EXPECT_TRUE(client.send(fiber, request).timings.connection_reused);
      },
      options);
}

TEST(HttpClient, runs_many_calls_at_once_within_the_bound_per_host) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  const HttpHandler handler = [&](Fiber& fiber, HttpRequest& request) {
    most = std::max(most.load(), ++now);
    fiber.sleep_for(5ms);
    --now;
    return HttpResponse::text(200, request.target);
  };
  auto options = local();
  options.most_connections_per_host = 4;
  with_server(
      handler,
      [&](Fiber& fiber, HttpServer& server, HttpClient& client) {
        Scope scope(fiber.loop(), "test");
        int right = 0;
        for (int i = 0; i < 40; ++i)
          scope.spawn([&, i](Fiber& inner) {
            const std::string path = "/" + std::to_string(i);
            right += client.send(inner, {.url = url_of(server, path)}).body == path;
          });
        scope.join(fiber);
        EXPECT_EQ(right, 40);
        EXPECT_LE(most.load(), 4);
        EXPECT_GE(most.load(), 2);
      },
      options);
}

TEST(HttpClient, refuses_what_cannot_be_sent) {
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    const auto refused = [&](ClientRequest request) {
      return caught([&] { client.send(fiber, request); }).kind == FailureKind::invalid;
    };
    for (const char* url : {"", "/path", "ftp://example.com/", "file:///etc/passwd", "http://",
                            "http://user:pass@example.com/", "http://exa mple.com/",
                            "http://example.com:99999/", "http://example.com/a\r\nX: y"})
      EXPECT_TRUE(refused({.url = url})) << url;
    EXPECT_TRUE(refused({.method = "GET / HTTP/1.1\r\nX:", .url = url_of(server, "/")}));
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"X", "a\r\nY: b"},
                                                          {"X Y", "a"},
                                                          {"", "a"},
                                                          {"X:", "a"},
                                                          {"X", "a\nb"},
                                                          {"Content-Length", "5"},
                                                          {"Transfer-Encoding", "chunked"}}) {
      ClientRequest request{.url = url_of(server, "/")};
      request.header(name, value);
      EXPECT_TRUE(refused(std::move(request))) << name;
    }
  });
}

TEST(HttpClient, bounds_the_answer_also_when_it_is_compressed) {
  std::string packed(64 * 1024, '\0');
  z_stream zip{};
  ASSERT_EQ(deflateInit2(&zip, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string plain(20 * 1024 * 1024, 'a');
  zip.next_in = reinterpret_cast<Bytef*>(plain.data());
  zip.avail_in = static_cast<uInt>(plain.size());
  zip.next_out = reinterpret_cast<Bytef*>(packed.data());
  zip.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&zip, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - zip.avail_out);
  deflateEnd(&zip);
  const HttpHandler handler = [&](Fiber&, HttpRequest&) {
    HttpResponse response = HttpResponse::text(200, packed);
    response.headers.add("Content-Encoding", "gzip");
    return response;
  };
  with_server(handler, [&](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest request{.url = url_of(server, "/")};
    EXPECT_EQ(caught([&] { client.send(fiber, request); }).kind, FailureKind::too_large);
    request.most_response_bytes = plain.size();
    const auto response = client.send(fiber, request);
    EXPECT_EQ(response.body.size(), plain.size());
    EXPECT_FALSE(response.headers.contains("Content-Encoding"));
    EXPECT_EQ(response.timings.received_bytes, packed.size());
  });
}

TEST(HttpClient, ends_a_call_at_each_of_its_limits) {
  const HttpHandler handler = [](Fiber& fiber, HttpRequest& request) {
    HttpResponse response;
    if (request.path == "/late") fiber.sleep_for(500ms);
    response.stream = [](Fiber& inner, BodyWriter& body) {
      for (int i = 0; i < 100; ++i) {
        body.write(inner, "drop ");
        inner.sleep_for(10ms);
      }
    };
    return response;
  };
  with_server(handler, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest late{.url = url_of(server, "/late")};
    late.timeouts.first_byte = 50ms;
    const Caught first = caught([&] { client.send(fiber, late); });
    EXPECT_EQ(first.kind, FailureKind::timeout);
    EXPECT_EQ(first.message, "127.0.0.1 sent no answer within 0.05 s");
    ClientRequest slow{.url = url_of(server, "/slow")};
    slow.timeouts.first_byte = 60ms;
    slow.timeouts.whole = 120ms;
    const Caught whole = caught([&] { client.send(fiber, slow); });
    EXPECT_EQ(whole.kind, FailureKind::timeout);
    EXPECT_EQ(whole.message, "the call to 127.0.0.1 took longer than 0.12 s");
    DeadlineScope deadline(fiber, 30ms);
    EXPECT_EQ(caught([&] { client.send(fiber, {.url = url_of(server, "/late")}); }).kind,
              FailureKind::timeout);
  });
}

TEST(HttpClient, waits_for_the_answer_only_from_when_the_request_is_sent) {
  const HttpHandler handler = [](Fiber& fiber, HttpRequest& request) {
    if (request.path == "/silent") fiber.sleep_for(5s);
    return HttpResponse::text(200, std::to_string(request.body.size()));
  };
  with_server(handler, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    for (const char* path : {"/", "/silent"}) {
      ClientRequest request{.method = "PUT", .url = url_of(server, path)};
      request.timeouts.first_byte = 300ms;
      int pieces = 0;
      request.upload = [&](Fiber& inner, std::span<char> buffer) -> std::size_t {
        if (pieces == 2) return 0;
        inner.sleep_for(400ms);
        buffer[0] = 'x';
        ++pieces;
        return 1;
      };
      std::string body;
      const Caught silence = caught([&] { body = client.send(fiber, request).body; });
      EXPECT_EQ(pieces, 2) << path << ": " << silence.message;
      if (std::string_view(path) == "/")
        EXPECT_EQ(body, "2") << silence.message;
      else
        EXPECT_EQ(silence.message, "127.0.0.1 sent no answer within 0.3 s");
    }
  });
}

TEST(HttpClient, is_cut_short_by_cancellation) {
  const HttpHandler handler = [](Fiber& fiber, HttpRequest&) {
    fiber.sleep_for(10s);
    return HttpResponse();
  };
  with_server(handler, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    Scope scope(fiber.loop(), "test");
    FailureKind kind = FailureKind::bug;
    scope.spawn([&](Fiber& inner) {
      kind = caught([&] { client.send(inner, {.url = url_of(server, "/")}); }).kind;
    });
    fiber.sleep_for(20ms);
    scope.stop(fiber);
    EXPECT_EQ(kind, FailureKind::cancelled);
  });
}

TEST(HttpClient, gives_up_a_silent_peer_when_nobody_waits_any_more) {
  const HttpHandler handler = [](Fiber& fiber, HttpRequest& request) {
    HttpResponse response;
    if (request.path == "/silent") fiber.sleep_for(1min);
    response.stream = [slow = request.path == "/slow"](Fiber& inner, BodyWriter& body) {
      for (int i = 0; i < 15; ++i) {
        body.write(inner, "drop ");
        inner.sleep_for(slow ? 100ms : 1min);
      }
    };
    return response;
  };
  with_server(handler, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    for (const char* path : {"/silent", "/stalls"}) {
      ClientRequest request{.url = url_of(server, path)};
      std::string arrived;
      request.download = [&](Fiber&, std::string_view piece) { arrived += piece; };
      request.caller_ended = [] { return true; };
      const auto began = std::chrono::steady_clock::now();
      const Caught left = caught([&] { client.send(fiber, request); });
      EXPECT_EQ(left.kind, FailureKind::cancelled) << path;
      EXPECT_EQ(left.message, "the caller left before 127.0.0.1 had answered; the call was given up");
      EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
      EXPECT_EQ(arrived, std::string_view(path) == "/stalls" ? "drop " : "");
    }
    ClientRequest waited_for{.url = url_of(server, "/slow")};
    waited_for.caller_ended = [] { return false; };
    EXPECT_EQ(client.send(fiber, waited_for).body.size(), 75u);
    ClientRequest busy{.url = url_of(server, "/slow")};
    std::string arrived;
    busy.download = [&](Fiber&, std::string_view piece) { arrived += piece; };
    busy.caller_ended = [] { return true; };
    client.send(fiber, busy);
    EXPECT_EQ(arrived.size(), 75u) << "what comes is handed on: who takes it knows whether anybody is there";
  });
}

TEST(HttpClient, says_when_nobody_answers) {
  run_in_fiber([](Fiber& fiber) {
    HttpClient client(local());
    const Caught nobody = caught([&] { client.send(fiber, {.url = "http://127.0.0.1:1/"}); });
    EXPECT_EQ(nobody.kind, FailureKind::unavailable);
    EXPECT_EQ(nobody.message, "cannot connect to 127.0.0.1");
    const Caught nowhere = caught([&] { client.send(fiber, {.url = "http://nowhere.invalid/"}); });
    EXPECT_EQ(nowhere.kind, FailureKind::unavailable);
    EXPECT_EQ(nowhere.message, "cannot find the host nowhere.invalid");
  });
}

TEST(HttpClient, says_when_the_connection_breaks) {
  run_in_fiber([](Fiber& fiber) {
    Listener listener(fiber.loop(), {});
    Scope scope(fiber.loop(), "test");
    scope.spawn([&](Fiber& server) {
      for (const char* text :
           {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "nonsense\r\n"}) {
        const auto stream = listener.accept(server);
        char buffer[1024];
        stream->read_some(server, buffer);
        stream->write(server, std::string_view(text));
      }
    });
    HttpClient client(local());
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(caught([&] {
                  client.send(fiber,
                              {.url = "http://127.0.0.1:" + std::to_string(listener.port())});
                }).kind,
                FailureKind::unavailable)
          << i;
    scope.stop(fiber);
  });
}

// Answers the first request of a connection and takes a second one without an answer.
void serve_and_hang_up(Fiber& fiber, Listener& listener, std::vector<std::string>& seen) {
  while (true) {
    const auto stream = listener.accept(fiber);
    for (int i = 0; i < 2; ++i) {
      char buffer[1024];
      const std::size_t size = stream->read_some(fiber, buffer);
      if (size == 0) break;
      seen.emplace_back(buffer, size);
      if (i == 0) stream->write(fiber, std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
  }
}

TEST(HttpClient, sends_a_post_once_also_when_a_kept_connection_closes_under_it) {
  run_in_fiber([](Fiber& fiber) {
    Listener listener(fiber.loop(), {});
    Scope scope(fiber.loop(), "test");
    std::vector<std::string> seen;
    scope.spawn([&](Fiber& server) { serve_and_hang_up(server, listener, seen); });
    const std::string url = "http://127.0.0.1:" + std::to_string(listener.port());
    const auto requests_for_two_calls = [&](ClientRequest second) {
      seen.clear();
      HttpClient client(local());
      client.send(fiber, {.method = "PUT", .url = url});
      second.url = url;
      const Caught fault = caught([&] { client.send(fiber, second); });
      if (seen.size() == 2) {
        EXPECT_EQ(fault.kind, FailureKind::unavailable);
        EXPECT_NE(fault.message.find("not sent again"), std::string::npos) << fault.message;
      }
      return seen.size();
    };
    EXPECT_EQ(requests_for_two_calls({.method = "POST", .body = "x"}), 2u);
    EXPECT_EQ(requests_for_two_calls({.method = "PATCH", .body = "x"}), 2u);
    EXPECT_EQ(requests_for_two_calls({.method = "GET"}), 3u);
    EXPECT_EQ(requests_for_two_calls({.method = "POST", .body = "x", .resend = Resend::allowed}), 3u);
    scope.stop(fiber);
  });
}

TEST(HttpClient, holds_the_peer_back_while_a_download_waits) {
  std::atomic<std::size_t> sent{0};
  const HttpHandler handler = [&](Fiber&, HttpRequest&) {
    HttpResponse response;
    response.stream = [&](Fiber& inner, BodyWriter& body) {
      const std::string piece(64 * 1024, 'x');
      for (int i = 0; i < 512; ++i) {
        body.write(inner, piece);
        sent += piece.size();
      }
    };
    return response;
  };
  with_server(handler, [&](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest request{.url = url_of(server, "/")};
    request.most_response_bytes = 64 * 1024 * 1024;
    std::size_t received = 0;
    std::size_t furthest = 0;
    int status = 0;
    request.on_head = [&](int given, const Headers&) { status = given; };
    request.download = [&](Fiber& inner, std::string_view piece) {
      EXPECT_EQ(status, 200);
      if (received == 0) {
        inner.sleep_for(100ms);
        furthest = sent.load();
      }
      received += piece.size();
    };
    const auto response = client.send(fiber, request);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(received, 512u * 64 * 1024);
    EXPECT_LT(furthest, 16u * 1024 * 1024);
  });
}

TEST(HttpClient, uploads_from_a_source_that_waits) {
  with_server(
      [](Fiber&, HttpRequest& request) {
        HttpResponse response = HttpResponse::text(200, std::to_string(request.body.size()));
        response.headers.add(
            "X-Length", std::string(request.headers.get("Content-Length").value_or("chunked")));
        return response;
      },
      [](Fiber& fiber, HttpServer& server, HttpClient& client) {
        for (const bool known : {true, false}) {
          ClientRequest request{.method = "PUT", .url = url_of(server, "/")};
          std::size_t left = 300'000;
          if (known) request.upload_bytes = left;
          request.upload = [&](Fiber& inner, std::span<char> buffer) {
            inner.sleep_for(1ms);
            const std::size_t count = std::min(left, buffer.size());
            std::fill_n(buffer.begin(), count, 'u');
            left -= count;
            return count;
          };
          const auto response = client.send(fiber, request);
          EXPECT_EQ(response.body, "300000");
          EXPECT_EQ(response.headers.get("X-Length"), known ? "300000" : "chunked");
        }
      });
}

TEST(HttpClient, a_source_that_fails_ends_the_call) {
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    ClientRequest request{.method = "PUT", .url = url_of(server, "/")};
    request.upload = [](Fiber&, std::span<char>) -> std::size_t {
      throw Failure(FailureKind::corrupt, "the file is broken");
    };
    EXPECT_EQ(caught([&] { client.send(fiber, request); }).kind, FailureKind::corrupt);
    EXPECT_EQ(client.send(fiber, {.url = url_of(server, "/")}).status, 200);
  });
}

TEST(HttpClient, ignores_proxies_of_the_environment) {
  constexpr std::array names{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  for (const char* name : names) ASSERT_EQ(setenv(name, "http://127.0.0.1:1/", 1), 0);
  with_server(describe, [](Fiber& fiber, HttpServer& server, HttpClient& client) {
    EXPECT_EQ(client.send(fiber, {.url = url_of(server, "/")}).status, 200);
    // Through a proxy, nobody would judge the address behind it.
    HttpClient guarded(HttpClientOptions{});
    EXPECT_EQ(caught([&] { guarded.send(fiber, {.url = url_of(server, "/")}); }).kind, FailureKind::denied);
  });
  for (const char* name : names) unsetenv(name);
}

TEST(HttpClient, may_end_before_and_after_its_loops) {
  HttpServer server({}, describe, 1);
  server.start();
  HttpClient outlives(local());
  for (int i = 0; i < 2; ++i)
    run_in_fiber([&](Fiber& fiber) {
      HttpClient first(local());
      EXPECT_EQ(first.send(fiber, {.url = url_of(server, "/")}).status, 200);
      EXPECT_EQ(outlives.send(fiber, {.url = url_of(server, "/")}).status, 200);
    });
  server.stop(0ms);
}

}  // namespace
}  // namespace junctor
