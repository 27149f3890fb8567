#include "net/http.h"

#include <gtest/gtest.h>

#include <chrono>

#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/link_header.h"
#include "net/problem.h"
#include "net/request_parser.h"
#include "net/sse.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

TEST(Headers, compare_names_without_case_and_keep_their_order) {
  Headers headers{{"A", "1"}, {"b", "2"}};
  headers.add("a", "3");
  EXPECT_EQ(headers.get("a"), "1");
  EXPECT_EQ(headers.get_all("A"), (std::vector<std::string_view>{"1", "3"}));
  headers.set("A", "4");
  EXPECT_EQ(headers, (Headers{{"b", "2"}, {"A", "4"}}));
  EXPECT_FALSE(headers.get("c").has_value());
}

TEST(Query, is_decoded_in_order_and_encoded_back) {
  EXPECT_EQ(
      parse_query("a=1&b=x%20y+z&a=&c&&%zz=%"),
      (std::vector<Parameter>{{"a", "1"}, {"b", "x y z"}, {"a", ""}, {"c", ""}, {"%zz", "%"}}));
  EXPECT_EQ(to_query({{"a b", "c&d"}, {"é", "~"}}), "a%20b=c%26d&%C3%A9=~");
  EXPECT_EQ(percent_decode("a+b%2B"), "a+b+");
  EXPECT_FALSE(percent_decode("%4").has_value());
  EXPECT_TRUE(list_contains("close, Keep-Alive", "keep-alive"));
  EXPECT_FALSE(list_contains("keep-alives", "keep-alive"));
}

TEST(Problem, names_each_fault_and_hides_what_is_ours) {
  const HttpResponse shape = problem_response({{"/a/0", 3, "text", "a number", ""}});
  EXPECT_EQ(shape.status, 422);
  EXPECT_EQ(shape.headers.get("content-type"), "application/problem+json");
  EXPECT_NE(shape.body.find(
                R"("errors":[{"path":"/a/0","message":"found text, expected a number","line":3}])"),
            std::string::npos)
      << shape.body;
  const HttpResponse bug = problem_response(Failure(FailureKind::bug, "a pointer is null"));
  EXPECT_EQ(bug.status, 500);
  EXPECT_EQ(bug.body.find("pointer"), std::string::npos);
  const HttpResponse away = problem_response(Failure(FailureKind::unavailable, "away"));
  EXPECT_EQ(away.headers.get("Retry-After"), "1");
}

// The same bytes give the same requests, however they are cut.
TEST(RequestParser, reads_the_same_from_pieces_of_any_size) {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;e=\"f\"\r\n world\r\n0\r\nT: u\r\n\r\n"
      "GET /next HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RequestParser parser({});
    std::vector<std::string> seen;
    std::string waiting;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      waiting += text.substr(at, piece);
      for (bool progress = true; progress && !waiting.empty();) {
        const std::size_t used = parser.put(waiting);
        waiting.erase(0, used);
        progress = used > 0;
        ASSERT_NE(parser.state(), RequestParser::State::failed) << parser.error();
        if (parser.state() != RequestParser::State::complete) continue;
        const HttpRequest& request = parser.request();
        seen.push_back(request.method + request.target + request.body +
                       std::to_string(request.headers.size()));
        parser.reset();
      }
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"POST/a?b=chello world2", "GET/next2"})) << piece;
  }
}

TEST(RequestParser, refuses_a_head_beyond_its_limit_however_it_arrives) {
  const std::string request = "GET /" + std::string(1000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::size_t room : {0u, 1u}) {
    RequestLimits limits;
    limits.header_bytes = request.size() - 1 + room;
    RequestParser at_once(limits), in_pieces(limits);
    at_once.put(request);
    std::string waiting;
    for (const char c : request) {
      waiting += c;
      waiting.erase(0, in_pieces.put(waiting));
      if (in_pieces.state() == RequestParser::State::failed) break;
    }
    const auto expected = room == 0 ? RequestParser::State::failed : RequestParser::State::complete;
    EXPECT_EQ(at_once.state(), expected);
    EXPECT_EQ(in_pieces.state(), expected);
  }
}

TEST(RequestParser, takes_a_body_in_pieces_beyond_the_limit_of_whole_ones) {
  RequestLimits limits;
  limits.body_bytes = 2;
  RequestParser parser(limits, [](const HttpRequest& head) {
    return head.method == "POST" ? BodyReading::in_pieces : BodyReading::whole;
  });
  std::string body;
  const std::string request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nlarge";
  std::string waiting;
  for (const char c : request) {
    waiting += c;
    waiting.erase(0, parser.put(waiting));
    body += parser.piece();
    parser.piece().clear();
  }
  EXPECT_EQ(parser.state(), RequestParser::State::complete);
  EXPECT_EQ(body, "large");
  EXPECT_EQ(parser.request().body, "");
  EXPECT_EQ(parser.body_bytes(), 5u);
  parser.reset();
  parser.put("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(parser.error_status(), 413);
}

TEST(RequestParser, reads_an_empty_chunked_body_byte_by_byte) {
  const std::string text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  RequestParser parser({});
  std::string waiting;
  for (const char c : text) {
    EXPECT_NE(parser.state(), RequestParser::State::complete);
    waiting.push_back(c);
    waiting.erase(0, parser.put(waiting));
  }
  EXPECT_EQ(parser.state(), RequestParser::State::complete);
  EXPECT_EQ(parser.request().body, "");
}

TEST(Sse, writes_what_it_reads) {
  const std::vector<SseEvent> events = {
      {"added", "one\ntwo", "7", 3s}, {"", "", "7", {}}, {"", "x", "8", {}}};
  std::string text = "\xEF\xBB\xBF: a comment\n";
  for (const SseEvent& event : events) text += to_text(event);
  for (std::size_t piece = 1; piece < 20; ++piece) {
    SseParser parser;
    std::vector<SseEvent> seen;
    for (std::size_t at = 0; at < text.size(); at += piece)
      for (SseEvent& event : parser.put(std::string_view(text).substr(at, piece)))
        seen.push_back(std::move(event));
    EXPECT_EQ(seen, events) << piece;
  }
}

TEST(Sse, takes_every_line_break_and_lets_none_through) {
  SseParser parser;
  const auto events =
      parser.put("data:a\rdata: b\r\nid\nevent:  e\nnonsense\nretry: x\n\ndata\n\nid: lost\n\n");
  EXPECT_EQ(events, (std::vector<SseEvent>{{" e", "a\nb", "", {}}, {"", "", "", {}}}));
  EXPECT_EQ(parser.last_id(), "lost");
  EXPECT_EQ(to_text({"", "a\r\nid: forged\rb", "", {}}), "data: a\ndata: id: forged\ndata: b\n\n");
  EXPECT_THROW(to_text({"a\nb", "", "", {}}), Failure);
  SseParser small(16);
  EXPECT_THROW(small.put("data: 0123456789\ndata: 0123456789\n"), Failure);
}

TEST(LinkHeader, finds_relations_in_everyday_and_odd_forms) {
  const Headers headers{
      {"Link",
       R"(<https://api.example/?page=2&q=a,b;c>; rel="next", <https://api.example/?page=9>; rel=last)"},
      {"link", R"(</first>;REL="first start"; title="a \"b\", c" , <x>)"}};
  EXPECT_EQ(linked(headers, "next"), "https://api.example/?page=2&q=a,b;c");
  EXPECT_EQ(linked(headers, "LAST"), "https://api.example/?page=9");
  EXPECT_EQ(linked(headers, "start"), "/first");
  EXPECT_FALSE(linked(headers, "prev").has_value());
  const auto links = parse_link_header(headers.get_all("link")[1]);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].parameters[1], (Parameter{"title", "a \"b\", c"}));
  EXPECT_EQ(parse_link_header("").size(), 0u);
  EXPECT_EQ(parse_link_header("<a").size(), 0u);
  EXPECT_EQ(parse_link_header("<a>;rel=x;rel=y,,<b>").size(), 2u);
  EXPECT_EQ(parse_link_header("<a>;rel=x;rel=y")[0].relations, (std::vector<std::string>{"x"}));
}

}  // namespace
}  // namespace junctor
