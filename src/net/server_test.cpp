#include "net/server.h"

#include <gtest/gtest.h>

#include "async/loop.h"
#include "async/scope.h"
#include "async/signal.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

std::string read_all(Fiber& fiber, Stream& stream) {
  std::string all;
  char buffer[4096];
  while (const std::size_t count = stream.read_some(fiber, buffer)) all.append(buffer, count);
  return all;
}

// Sends text as it stands and returns all that comes back until the server closes.
std::string exchange(Fiber& fiber, const HttpServer& server, std::string_view text) {
  const auto stream = connect(fiber, "127.0.0.1", server.port());
  stream->write(fiber, text);
  return read_all(fiber, *stream);
}

HttpResponse echo(Fiber&, HttpRequest& request) {
  HttpResponse response =
      HttpResponse::text(200, request.method + " " + request.path + " " + request.body);
  for (const Parameter& parameter : request.query)
    response.headers.add("X-" + parameter.name, parameter.value);
  return response;
}

void with_server(HttpServerOptions options, HttpHandler handler,
                 const std::function<void(Fiber&, HttpServer&)>& body) {
  HttpServer server(std::move(options), std::move(handler), 1);
  server.start();
  run_in_fiber([&](Fiber& fiber) { body(fiber, server); });
  server.stop(100ms);
  EXPECT_EQ(server.connections(), 0u);
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

TEST(HttpServer, answers_a_request) {
  with_server({}, echo, [](Fiber& fiber, HttpServer& server) {
    const auto got = exchange(
        fiber, server, "GET /a%2Fb?x=1%202 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << got;
    EXPECT_TRUE(has(got, "X-x: 1 2\r\n")) << got;
    EXPECT_TRUE(has(got, "Content-Length: 11\r\nConnection: close\r\n\r\nGET /a%2Fb ")) << got;
  });
}

TEST(HttpServer, tells_a_handler_that_its_client_ended_its_side_and_answers_all_the_same) {
  const auto handler = [](Fiber& fiber, HttpRequest& request) {
    const bool before = request.caller_ended();
    for (int i = 0; i < 500 && !request.caller_ended(); ++i) fiber.sleep_for(10ms);
    return HttpResponse::text(200, std::string(before ? "early" : "open") + (request.caller_ended() ? " then ended" : ""));
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    fiber.sleep_for(100ms);
    stream->shutdown(fiber);
    EXPECT_TRUE(has(read_all(fiber, *stream), "open then ended"));
  });
}

TEST(HttpServer, takes_a_client_with_further_requests_for_one_that_waits) {
  const auto handler = [](Fiber&, HttpRequest& request) {
    return HttpResponse::text(200, request.path + (request.caller_ended() ? " ended" : " waits"));
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    const auto got = exchange(fiber, server,
                              "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(has(got, "/1 waits")) << got;
    EXPECT_TRUE(has(got, "/2 waits")) << got;
  });
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
  with_server({}, echo, [](Fiber& fiber, HttpServer& server) {
    const auto got = exchange(fiber, server,
                              "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                              "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "2;x=y\r\ntw\r\n1\r\no\r\n0\r\nTrailer: dropped\r\n\r\n"
                              "HEAD /3 HTTP/1.0\r\n\r\n");
    EXPECT_EQ(count_of(got, "HTTP/1.1 200 OK"), 3u) << got;
    EXPECT_LT(got.find("POST /1 one"), got.find("POST /2 two")) << got;
    EXPECT_TRUE(has(got, "Content-Length: 8\r\nConnection: close\r\n\r\n")) << got;
    EXPECT_FALSE(has(got, "HEAD /3")) << got;
  });
}

TEST(HttpServer, asks_for_the_body_when_the_client_waits_for_that) {
  with_server({}, echo, [](Fiber& fiber, HttpServer& server) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, std::string_view("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                          "Connection: close\r\nContent-Length: 2\r\n\r\n"));
    char buffer[256];
    const auto count = stream->read_some(fiber, buffer);
    EXPECT_EQ(std::string_view(buffer, count), "HTTP/1.1 100 Continue\r\n\r\n");
    stream->write(fiber, std::string_view("ok"));
    EXPECT_TRUE(has(read_all(fiber, *stream), "POST / ok"));
  });
}

struct Refusal {
  std::string name;
  std::string request;
  int status;
};

TEST(HttpServer, refuses_what_could_smuggle_a_second_request) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::vector<Refusal> cases = {
      {"both lengths", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"both, other order",
       head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400},
      {"the same length twice", head + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"a list of lengths", head + "Content-Length: 4, 4\r\n\r\nabcd", 400},
      {"a signed length", head + "Content-Length: +4\r\n\r\nabcd", 400},
      {"a hexadecimal length", head + "Content-Length: 0x4\r\n\r\nabcd", 400},
      {"an unknown coding", head + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"a coding in disguise", head + "Transfer-Encoding: xchunked\r\n\r\n", 501},
      {"two codings", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"a repeated coding",
       head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"a space before the colon", head + "Content-Length : 4\r\n\r\nabcd", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 505},
      {"a bare line feed", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", head + "Host: b\r\n\r\n", 400},
      {"a bad chunk", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
      {"a chunk longer than said", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
       400},
      {"no path", "GET example.com HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"another expectation", head + "Expect: magic\r\n\r\n", 417},
      {"a NUL", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 35), 400},
  };
  with_server({}, echo, [&](Fiber& fiber, HttpServer& server) {
    for (const Refusal& refusal : cases) {
      const auto got =
          exchange(fiber, server, refusal.request + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_TRUE(got.starts_with("HTTP/1.1 " + std::to_string(refusal.status)))
          << refusal.name << ": " << got;
      EXPECT_EQ(count_of(got, "Date: "), 1u) << refusal.name;
      EXPECT_TRUE(has(got, "application/problem+json")) << refusal.name;
      EXPECT_TRUE(has(got, "Connection: close")) << refusal.name;
    }
  });
}

TEST(HttpServer, refuses_a_body_or_head_that_is_too_large) {
  HttpServerOptions options;
  options.limits = {.header_bytes = 2048, .fields = 16, .body_bytes = 100};
  with_server(options, echo, [](Fiber& fiber, HttpServer& server) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_TRUE(
        exchange(fiber, server, head + "Content-Length: 101\r\n\r\n" + std::string(101, 'x'))
            .starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(exchange(fiber, server,
                         head + "Transfer-Encoding: chunked\r\n\r\n" + "40\r\n" +
                             std::string(64, 'x') + "\r\n40\r\n" + std::string(64, 'x') +
                             "\r\n0\r\n\r\n")
                    .starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(
        exchange(fiber, server, head + "X: " + std::string(4000, 'x')).starts_with("HTTP/1.1 431"));
    std::string many = head;
    for (int i = 0; i < 20; ++i) many += "X: y\r\n";
    EXPECT_TRUE(exchange(fiber, server, many + "\r\n").starts_with("HTTP/1.1 431"));
  });
}

TEST(HttpServer, ends_connections_of_clients_that_dawdle) {
  HttpServerOptions options;
  options.idle_timeout = 100ms;
  options.head_timeout = 100ms;
  options.body_timeout = 100ms;
  with_server(options, echo, [](Fiber& fiber, HttpServer& server) {
    EXPECT_EQ(exchange(fiber, server, ""), "");
    EXPECT_TRUE(exchange(fiber, server, "GET / HTTP/1.1\r\nHo").starts_with("HTTP/1.1 408"));
    EXPECT_TRUE(
        exchange(fiber, server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            .starts_with("HTTP/1.1 408"));
  });
}

TEST(HttpServer, a_head_that_trickles_in_has_one_limit_as_a_whole) {
  HttpServerOptions options;
  options.head_timeout = 300ms;
  with_server(options, echo, [](Fiber& fiber, HttpServer& server) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    const auto began = std::chrono::steady_clock::now();
    Scope scope(fiber.loop(), "test");
    scope.spawn([&](Fiber& slow) {
      for (const char c :
           std::string("GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) {
        stream->write(slow, std::string_view(&c, 1));
        slow.sleep_for(20ms);
      }
    });
    EXPECT_TRUE(read_all(fiber, *stream).starts_with("HTTP/1.1 408"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 900ms);
    scope.stop(fiber);
  });
}

TEST(HttpServer, turns_what_a_handler_throws_into_a_problem) {
  const HttpHandler handler = [](Fiber&, HttpRequest& request) -> HttpResponse {
    if (request.path == "/bug") JUNCTOR_CHECK(1 == 2);
    if (request.path == "/other") throw std::runtime_error("secret inside");
    throw Failure(FailureKind::overloaded, "slow down", "hidden").retry_after(1500ms);
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    const std::string tail = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const auto slow = exchange(fiber, server, "GET /" + tail);
    EXPECT_TRUE(slow.starts_with("HTTP/1.1 429")) << slow;
    EXPECT_TRUE(has(slow, "Retry-After: 2")) << slow;
    EXPECT_TRUE(has(slow, R"("detail":"slow down")")) << slow;
    EXPECT_FALSE(has(slow, "hidden")) << slow;
    EXPECT_TRUE(exchange(fiber, server, "GET /bug" + tail).starts_with("HTTP/1.1 500"));
    const auto other = exchange(fiber, server, "GET /other" + tail);
    EXPECT_TRUE(other.starts_with("HTTP/1.1 500")) << other;
    EXPECT_FALSE(has(other, "secret inside")) << other;
  });
}

TEST(HttpServer, streams_in_chunks_or_until_the_end) {
  const HttpHandler handler = [](Fiber&, HttpRequest&) {
    HttpResponse response;
    response.stream = [](Fiber& fiber, BodyWriter& body) {
      body.write(fiber, "hello ");
      fiber.sleep_for(1ms);
      body.write(fiber, "world");
    };
    return response;
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    const auto chunked =
        exchange(fiber, server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(has(chunked, "Transfer-Encoding: chunked\r\n")) << chunked;
    EXPECT_TRUE(chunked.ends_with("6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")) << chunked;
    const auto plain = exchange(fiber, server, "GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(plain.ends_with("\r\n\r\nhello world")) << plain;
  });
}

TEST(HttpServer, cuts_a_stream_that_fails_and_answers_one_that_has_not_begun) {
  const HttpHandler handler = [](Fiber&, HttpRequest& request) {
    HttpResponse response;
    response.stream = [early = request.path == "/early"](Fiber& fiber, BodyWriter& body) {
      if (!early) body.write(fiber, "half");
      throw Failure(FailureKind::unavailable, "the source is gone");
    };
    return response;
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    EXPECT_TRUE(exchange(fiber, server, "GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
                    .starts_with("HTTP/1.1 503"));
    EXPECT_TRUE(exchange(fiber, server, "GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
                    .ends_with("\r\n\r\n4\r\nhalf\r\n"));
  });
}

// Gives what it read of the body, and how often it had to ask.
HttpResponse read_in_pieces(Fiber& fiber, HttpRequest& request) {
  if (request.path == "/ignored") return HttpResponse::text(403, "not for you");
  std::string body;
  char buffer[5];
  while (const std::size_t count = request.read_body(fiber, buffer)) body.append(buffer, count);
  return HttpResponse::text(200, body + "." + request.body);
}

HttpServerOptions in_pieces() {
  HttpServerOptions options;
  options.limits.body_bytes = 4;
  options.body_reading = [](const HttpRequest& head) {
    return head.path == "/whole" ? BodyReading::whole : BodyReading::in_pieces;
  };
  return options;
}

TEST(HttpServer, lets_a_handler_read_a_body_of_any_length_in_pieces) {
  with_server(in_pieces(), read_in_pieces, [](Fiber& fiber, HttpServer& server) {
    const auto got = exchange(fiber, server,
                              "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\ntwelve bytes"
                              "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                              "7\r\nin many\r\n8\r\n chunks!\r\n0\r\n\r\n");
    EXPECT_TRUE(has(got, "\r\n\r\ntwelve bytes.HTTP/1.1 200 OK")) << got;
    EXPECT_TRUE(has(got, "\r\n\r\nin many chunks!.")) << got;
    EXPECT_TRUE(exchange(fiber, server, "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nlarge").starts_with("HTTP/1.1 413"));
  });
}

TEST(HttpServer, asks_for_a_body_only_when_its_handler_reads) {
  with_server(in_pieces(), read_in_pieces, [](Fiber& fiber, HttpServer& server) {
    const std::string tail = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, "POST /1" + tail);
    char buffer[256];
    EXPECT_EQ(std::string_view(buffer, stream->read_some(fiber, buffer)), "HTTP/1.1 100 Continue\r\n\r\n");
    stream->write(fiber, std::string_view("wait"));
    EXPECT_TRUE(has(read_all(fiber, *stream), "\r\n\r\nwait."));
    const auto refused = connect(fiber, "127.0.0.1", server.port());
    refused->write(fiber, "POST /ignored" + tail);
    EXPECT_TRUE(has(std::string(buffer, refused->read_some(fiber, buffer)), "HTTP/1.1 403"));
  });
}

TEST(HttpServer, takes_no_rest_of_an_unread_body_for_a_request) {
  with_server(in_pieces(), read_in_pieces, [](Fiber& fiber, HttpServer& server) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, std::string_view("POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n"));
    char buffer[1024];
    const std::string got(buffer, stream->read_some(fiber, buffer));
    EXPECT_TRUE(has(got, "Connection: close")) << got;
    stream->write(fiber, std::string_view("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(read_all(fiber, *stream), "");
  });
}

TEST(HttpServer, says_what_is_wrong_with_a_body_in_pieces) {
  HttpServerOptions slow = in_pieces();
  slow.body_timeout = 50ms;
  with_server(slow, read_in_pieces, [](Fiber& fiber, HttpServer& server) {
    EXPECT_TRUE(exchange(fiber, server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nslow").starts_with("HTTP/1.1 408"));
    EXPECT_TRUE(exchange(fiber, server, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n").starts_with("HTTP/1.1 400"));
  });
}

TEST(HttpServer, lets_a_handler_write_its_answer_while_it_works) {
  const HttpHandler handler = [](Fiber& fiber, HttpRequest& request) {
    HttpResponse head;
    head.headers.set("X-Kind", "file");
    if (request.path == "/length") head.headers.set("Content-Length", "11");
    BodyWriter& body = request.begin_answer(std::move(head));
    if (request.path == "/early") throw Failure(FailureKind::conflict, "before the first byte");
    if (request.path != "/empty") body.write(fiber, "hello ");
    if (request.path == "/late") throw Failure(FailureKind::conflict, "behind it");
    if (request.path != "/empty") body.write(fiber, "world");
    return HttpResponse::text(500, "never seen");
  };
  with_server({}, handler, [](Fiber& fiber, HttpServer& server) {
    const std::string tail = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const auto chunked = exchange(fiber, server, "GET /" + tail);
    EXPECT_TRUE(has(chunked, "X-Kind: file\r\nTransfer-Encoding: chunked\r\n")) << chunked;
    EXPECT_TRUE(chunked.ends_with("6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")) << chunked;
    EXPECT_TRUE(exchange(fiber, server, "GET /length" + tail).ends_with("Content-Length: 11\r\nConnection: close\r\n\r\nhello world"));
    EXPECT_TRUE(exchange(fiber, server, "GET /empty" + tail).ends_with("\r\n\r\n0\r\n\r\n"));
    EXPECT_TRUE(exchange(fiber, server, "HEAD /length" + tail).ends_with("Content-Length: 11\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(exchange(fiber, server, "GET /early" + tail).starts_with("HTTP/1.1 409"));
    EXPECT_TRUE(exchange(fiber, server, "GET /late" + tail).ends_with("6\r\nhello \r\n"));
    EXPECT_TRUE(exchange(fiber, server, "GET / HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nhello world"));
    // Nobody takes a connection that is reset for the end of an answer.
    EXPECT_THROW(exchange(fiber, server, "GET /late HTTP/1.0\r\n\r\n"), Failure);
    const auto twice = exchange(fiber, server, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2" + tail);
    EXPECT_EQ(count_of(twice, "0\r\n\r\n"), 2u) << twice;
  });
}

TEST(HttpServer, finishes_what_is_in_flight_and_says_close_when_it_stops) {
  Signal reached;
  const HttpHandler handler = [&](Fiber& fiber, HttpRequest&) {
    reached.notify_all();
    fiber.sleep_for(50ms);
    return HttpResponse::text(200, "done");
  };
  HttpServer server({}, handler, 1);
  server.start();
  std::string got;
  run_in_fiber([&](Fiber& fiber) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    const auto idle = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    reached.wait(fiber, 0);
    server.stop(fiber, 5s);
    got = read_all(fiber, *stream);
    EXPECT_EQ(read_all(fiber, *idle), "");
  });
  EXPECT_TRUE(has(got, "Connection: close")) << got;
  EXPECT_TRUE(got.ends_with("done")) << got;
}

TEST(HttpServer, cancels_what_does_not_finish_in_time) {
  bool cancelled = false;
  Signal reached;
  const HttpHandler handler = [&](Fiber& fiber, HttpRequest&) {
    reached.notify_all();
    try {
      fiber.sleep_for(1h);
    } catch (const Failure& failure) {
      cancelled = failure.kind() == FailureKind::cancelled;
      throw;
    }
    return HttpResponse();
  };
  HttpServer server({}, handler, 1);
  server.start();
  run_in_fiber([&](Fiber& fiber) {
    const auto stream = connect(fiber, "127.0.0.1", server.port());
    stream->write(fiber, std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    reached.wait(fiber, 0);
  });
  server.stop(10ms);
  EXPECT_TRUE(cancelled);
}

TEST(HttpServer, refuses_connections_beyond_its_bound) {
  HttpServerOptions options;
  options.most_connections = 1;
  with_server(options, echo, [](Fiber& fiber, HttpServer& server) {
    const auto first = connect(fiber, "127.0.0.1", server.port());
    first->write(fiber, std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    char buffer[512];
    first->read_some(fiber, buffer);
    EXPECT_TRUE(exchange(fiber, server, "").starts_with("HTTP/1.1 503"));
  });
}

TEST(HttpServer, reports_every_answer_to_the_hook) {
  std::vector<std::string> seen;
  HttpServerOptions options;
  options.on_served = [&](const ServedRequest& served) {
    seen.push_back(std::string(served.method) + " " + std::to_string(served.status) + " " +
                   std::to_string(served.request_bytes) + " " +
                   std::to_string(served.response_bytes));
  };
  with_server(options, echo, [](Fiber& fiber, HttpServer& server) {
    exchange(fiber, server,
             "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
    exchange(fiber, server, "nonsense\r\n\r\n");
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"POST 200 2 9", " 400 0 97"}));
}

TEST(HttpServer, serves_on_several_loops_and_refuses_a_port_in_use) {
  HttpServer server({}, echo, 2);
  server.start();
  run_in_fiber([&](Fiber& fiber) {
    for (int i = 0; i < 20; ++i)
      EXPECT_TRUE(exchange(fiber, server, "GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
  });
  HttpServerOptions same;
  same.port = server.port();
  HttpServer second(same, echo, 2);
  EXPECT_THROW(second.start(), Failure);
  server.stop(0ms);
}

}  // namespace
}  // namespace junctor
