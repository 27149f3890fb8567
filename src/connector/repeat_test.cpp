// When a call is given up, tried again, and with what.
#include <gmock/gmock.h>

#include <atomic>
#include <ctime>

#include "connector/test_api.h"
#include "connector/test_raw_peer.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }
HttpResponse ok(const Json& body) { return HttpResponse::json(200, body); }

// How long a call that fails takes.
milliseconds time_to_fail(Caller& caller, Failure& failure) {
  const auto started = steady_clock::now();
  failure = caller.silence();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - started);
}

TEST(Timeouts, end_a_connection_that_is_not_made) {
  RawPeer peer;
  Caller caller(peer.url(), "    api: {path: /x, timeouts: {connect: 300ms, first_byte: 20s, total: 20s}, retry: {attempts: 1}}\n");
  Failure failure(FailureKind::bug, "");
  const milliseconds took = time_to_fail(caller, failure);
  EXPECT_EQ(failure.kind(), FailureKind::timeout) << failure.message();
  EXPECT_GE(took, milliseconds(280));
  EXPECT_LT(took, milliseconds(8000));
}

TEST(Timeouts, end_an_answer_that_does_not_begin) {
  RawPeer peer([](RawConnection& connection, int) { connection.wait_for_end(); });
  Caller caller(peer.url(), "    api: {path: /x, timeouts: {connect: 20s, first_byte: 300ms, total: 20s}, retry: {attempts: 1}}\n");
  Failure failure(FailureKind::bug, "");
  const milliseconds took = time_to_fail(caller, failure);
  EXPECT_EQ(failure.kind(), FailureKind::timeout);
  EXPECT_THAT(failure.message(), HasSubstr("sent no answer within 0.3 s"));
  EXPECT_GE(took, milliseconds(280));
  EXPECT_LT(took, milliseconds(8000));
}

TEST(Timeouts, end_an_answer_that_does_not_end) {
  RawPeer peer([](RawConnection& connection, int) {
    connection.head();
    connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n");
    while (connection.write(" ")) std::this_thread::sleep_for(milliseconds(20));
  });
  Caller caller(peer.url(), "    api: {path: /x, timeouts: {connect: 20s, first_byte: 20s, total: 400ms}, retry: {attempts: 1}}\n");
  Failure failure(FailureKind::bug, "");
  const milliseconds took = time_to_fail(caller, failure);
  EXPECT_EQ(failure.kind(), FailureKind::timeout);
  EXPECT_THAT(failure.message(), HasSubstr("took longer than 0.4 s"));
  EXPECT_GE(took, milliseconds(380));
  EXPECT_LT(took, milliseconds(8000));
}

// The message of a call that ends, cancelled and soon, because nobody waits for it.
std::string given_up_by(Caller& caller) {
  caller.scope.caller_ended = [] { return true; };
  Failure failure(FailureKind::bug, "");
  const milliseconds took = time_to_fail(caller, failure);
  EXPECT_EQ(failure.kind(), FailureKind::cancelled) << failure.message();
  EXPECT_LT(took, milliseconds(8000));
  return failure.message();
}

TEST(Retries, end_with_whoever_waits_for_them) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(503, "busy"); });
  Caller caller(api.url(), "    api: {path: /x, retry: {attempts: 3, wait: 20s, max_wait: 1m}}\n");
  EXPECT_THAT(given_up_by(caller), HasSubstr("was asked once more; the call was given up"));
  EXPECT_EQ(api.seen().size(), 1u);
}

TEST(Timeouts, end_a_listing_that_nobody_waits_for) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    return HttpResponse::json(200, JsonObject{{"rows", JsonArray{call}}, {"next", call + 1}});
  });
  Caller caller(api.url(), "    api: {path: /x, pagination: {kind: cursor, param: at, items: rows, next: next, max_pages: 1000000, max_time: 20s}}\n");
  EXPECT_THAT(given_up_by(caller), HasSubstr("was asked for the next page"));
}

TEST(Timeouts, end_a_silence_that_nobody_waits_in) {
  RawPeer peer([](RawConnection& connection, int) { connection.wait_for_end(); });
  Caller caller(peer.url(), "    api: {path: /x, timeouts: {first_byte: 20s}, retry: {attempts: 3, wait: 1ms}}\n");
  given_up_by(caller);  // and it is not tried again
  ASSERT_EQ(caller.recorder.calls.size(), 1u);
  EXPECT_THAT(caller.recorder.calls.front().failure, HasSubstr("the caller left"));
}

TEST(Timeouts, hold_for_every_try_of_its_own) {
  RawPeer peer([](RawConnection& connection, int number) {
    if (number == 0) return connection.wait_for_end();
    connection.head();
    connection.answer(R"({"n":1})");
  });
  Caller caller(peer.url(), "    api: {path: /x, timeouts: {first_byte: 300ms}, retry: {attempts: 2, wait: 1ms}}\n");
  const CallResult result = caller.call();
  EXPECT_EQ(result.tries, 2);
  EXPECT_EQ(result.output, parsed(R"({"n":1})"));
  EXPECT_EQ(caller.recorder.calls.at(0).status, 0);
  EXPECT_THAT(caller.recorder.calls.at(0).failure, HasSubstr("sent no answer"));
}

struct Repetition {
  const char* method;
  const char* more;  // of the api block
  std::size_t calls;
};

TEST(Retries, are_of_safe_and_idempotent_calls_unless_declared) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(503, "busy"); });
  for (const Repetition& one : std::vector<Repetition>{
           {"GET", "", 2}, {"HEAD", "", 2}, {"OPTIONS", "", 2}, {"PUT", "", 2}, {"DELETE", "", 2}, {"POST", "", 1}, {"PATCH", "", 1},
           {"POST", ", idempotency: {}", 2}, {"PATCH", ", idempotency: {}", 2},
           // A key that is not there is no key.
           {"POST", ", idempotency: {key: input.nothing}", 1},
           {"POST", ", idempotency: {key: \"''\"}", 1},
           {"POST", ", idempotency: {key: input.nothing}, headers: {Idempotency-Key: ''}", 1},
           // A header of its own is one, an empty one does not stand in the way of the declared.
           {"POST", ", idempotency: {key: input.nothing}, headers: {Idempotency-Key: own}", 2},
           {"POST", ", idempotency: {}, headers: {Idempotency-Key: ''}", 2}}) {
    const std::size_t before = api.seen().size();
    Caller caller(api.url(), std::string("    params: {a: {}}\n    api: {method: ") + one.method + ", path: /x" + one.more + ", retry: {attempts: 2, wait: 1ms}}\n");
    caller.scope.idempotency_key = "key-1";
    EXPECT_EQ(caller.failure(JsonObject{{"a", 1}}).kind(), FailureKind::unavailable);
    EXPECT_EQ(api.seen().size() - before, one.calls) << one.method << one.more;
  }
  const std::size_t before = api.seen().size();
  Caller declared(api.url(), "    params: {a: {}}\n    api: {method: PATCH, path: /x, retry: {attempts: 2, wait: 1ms, unsafe: true}}\n");
  declared.failure(JsonObject{{"a", 1}});
  EXPECT_EQ(api.seen().size() - before, 2u);
}

TEST(Retries, leave_a_lasting_fault_alone) {
  int status = 0;
  TestApi api([&](const HttpRequest&, std::size_t) { return HttpResponse::json(status, JsonObject()); });
  for (const int one : {400, 403, 404, 409, 422, 501}) {
    status = one;
    const std::size_t before = api.seen().size();
    Caller caller(api.url(), "    api: {path: /x, retry: {attempts: 3, wait: 1ms}}\n");
    caller.failure();
    EXPECT_EQ(api.seen().size() - before, 1u) << one;
  }
}

struct Renewing final : auth::CredentialSource {
  void apply(Fiber&, ClientRequest& request) override { request.header("Authorization", Secret("Bearer canary-token")); }
  auth::AfterRefusal after_refusal(Fiber&, const ClientRequest&, const ClientResponse&) override { return after; }
  Redactions redactions() const override { return {}; }
  void each_secret(const std::function<void(std::string_view)>&) const override {}
  auth::AfterRefusal after = auth::AfterRefusal::retry_once;
};

TEST(Retries, of_a_refused_credential_are_one_and_of_a_challenge_two) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::json(401, JsonObject()); });
  Renewing token;
  Caller caller(api.url(), "    api: {path: /x}\n");
  caller.scope.credentials = &token;
  struct Case { auth::AfterRefusal after; std::size_t requests; };
  for (const Case& one : {Case{auth::AfterRefusal::give_up, 1}, Case{auth::AfterRefusal::retry_once, 2}, Case{auth::AfterRefusal::retry_and_ask, 3}}) {
    token.after = one.after;
    std::size_t before = api.seen().size();
    caller.failure();
    EXPECT_EQ(api.seen().size() - before, one.requests);
    before = api.seen().size();
    run_in_fiber([&](Fiber& fiber) { EXPECT_EQ(caller.executor().plain_call(fiber, caller.integration(), caller.scope, {"GET", "/x", {}, ""}).status, 401); });
    EXPECT_EQ(api.seen().size() - before, one.requests) << "of a plain call";
  }
}

TEST(Retries, keep_their_idempotency_key_through_faults_cuts_and_renewals) {
  std::vector<std::string> heads;
  RawPeer peer([&](RawConnection& connection, int number) {
    heads.push_back(connection.head());
    connection.read(100);
    if (number == 0) return;  // cut without an answer
    if (number == 1) connection.write("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    if (number == 2) connection.write("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    if (number == 3) connection.answer("{}");
  });
  Renewing token;
  Caller caller(peer.url(), "    params: {a: {}}\n    api: {method: POST, path: /x, idempotency: {header: X-Once, key: \"input.a & '/' & idempotency_key\"}, retry: {attempts: 4, wait: 1ms}}\n");
  caller.scope.credentials = &token;
  caller.scope.idempotency_key = "step-7";
  caller.call(JsonObject{{"a", "order"}});
  ASSERT_EQ(heads.size(), 4u);
  for (const std::string& head : heads) EXPECT_THAT(head, HasSubstr("\r\nX-Once: order/step-7\r\n"));
}

TEST(Retries, send_the_same_request_whenever_it_is_made) {
  TestApi api([](const HttpRequest&, std::size_t call) { return call < 2 ? HttpResponse::text(503, "busy") : ok(JsonObject()); });
  Caller caller(api.url(), "    api: {method: POST, path: /x, body: {at: '=now', by: '=$random()'}, idempotency: {key: \"$string($random()) & now\"}, retry: {attempts: 3, wait: 5ms}}\n");
  caller.call();
  const auto seen = api.seen();
  ASSERT_EQ(seen.size(), 3u);
  for (const HttpRequest& request : seen) {
    EXPECT_EQ(request.headers.get("Idempotency-Key"), seen.front().headers.get("Idempotency-Key"));
    EXPECT_EQ(request.body, seen.front().body);
  }
}

TEST(Retries, leave_a_call_alone_whose_kept_connection_closes) {
  struct Case { const char* more; int requests; };
  for (const Case& one : std::vector<Case>{{"", 2}, {", idempotency: {key: \"'k'\"}", 3}}) {
    std::atomic<int> seen{0};
    RawPeer peer([&](RawConnection& connection, int) {
      for (int i = 0; i < 2 && !connection.head().empty(); ++i) {
        ++seen;
        if (i == 0) connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
      }
    });
    Caller caller(peer.url(), std::string("    api: {method: POST, path: /x, retry: {attempts: 3, wait: 1ms}") + one.more + "}\n");
    run_in_fiber([&](Fiber& fiber) {
      caller.executor().call(fiber, caller.compiled(), caller.scope, JsonObject());
      try {
        caller.executor().call(fiber, caller.compiled(), caller.scope, JsonObject());
      } catch (const Failure& failure) {
        EXPECT_EQ(failure.kind(), FailureKind::unavailable);
        EXPECT_EQ(one.requests, 2);
      }
    });
    EXPECT_EQ(seen, one.requests) << one.more;
  }
}

std::string http_date(Timestamp when) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

TEST(RetryAfter, is_obeyed_as_seconds_and_as_a_date) {
  for (const bool date : {false, true}) {
    TestApi api([date](const HttpRequest&, std::size_t call) {
      if (call > 0) return ok(JsonObject());
      HttpResponse busy = HttpResponse::text(503, "later");
      busy.headers.set("Retry-After", date ? http_date(system_clock().now() + std::chrono::seconds(2)) : "1");
      return busy;
    });
    // Without the header it would be tried at once.
    Caller caller(api.url(), "    api: {path: /x, retry: {wait: 1ms}}\n");
    const auto started = steady_clock::now();
    EXPECT_EQ(caller.call().tries, 2);
    EXPECT_GE(steady_clock::now() - started, milliseconds(900)) << (date ? "date" : "seconds");
    EXPECT_LE(steady_clock::now() - started, milliseconds(8000));
  }
}

TEST(RetryAfter, of_a_limit_that_counts_down_is_its_reset) {
  TestApi api([](const HttpRequest&, std::size_t) {
    HttpResponse busy = HttpResponse::text(429, "");
    busy.headers.set("RateLimit-Remaining", "0");
    busy.headers.set("RateLimit-Reset", "300");
    return busy;
  });
  Caller caller(api.url(), "    api: {path: /x}\n");
  EXPECT_EQ(caller.failure().retry_after(), std::chrono::minutes(5));
  EXPECT_EQ(api.seen().size(), 1u);
}

TEST(Pauses, come_from_an_overload_that_a_rule_finds_in_a_200) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(parsed(R"({"ok":false,"wait":600})")); });
  Caller caller(api.url(), "    api: {path: /x, errors: [{when: ok = false, kind: overloaded, retry_after: wait}]}\n");
  EXPECT_EQ(caller.failure().retry_after(), std::chrono::minutes(10));
  run_in_fiber([&](Fiber& fiber) {
    const DeadlineScope soon(fiber, milliseconds(300));
    EXPECT_THROW(caller.executor().call(fiber, caller.compiled(), caller.scope, JsonObject()), Failure);
  });
  EXPECT_EQ(api.seen().size(), 1u);
}

TEST(Redirects, never_take_a_credential_to_another_host) {
  TestApi other([](const HttpRequest&, std::size_t) { return ok(JsonObject()); });
  const std::string elsewhere = "http://localhost" + other.url().substr(other.url().rfind(':'));
  int status = 302;
  TestApi api([&](const HttpRequest&, std::size_t) {
    HttpResponse out = HttpResponse::text(status, "");
    out.headers.set("Location", elsewhere + "/taken");
    return out;
  });
  Renewing token;
  for (const int one : {301, 302, 303, 307, 308}) {
    status = one;
    Caller caller(api.url(), "    params: {key: {to: header, as: X-Plain}}\n    api: {path: /x, cookies: {session: canary-cookie}}\n");
    caller.scope.credentials = &token;
    caller.call(JsonObject{{"key", "plain"}});
    EXPECT_EQ(api.seen().back().headers.get("Authorization"), "Bearer canary-token");
    const HttpRequest arrived = other.seen().back();
    EXPECT_EQ(arrived.path, "/taken");
    for (const Header& header : arrived.headers) EXPECT_THAT(header.value, testing::Not(HasSubstr("canary"))) << one << " " << header.name;
  }
  status = 307;
  const std::size_t before = other.seen().size();
  Caller posting(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x}\n");
  posting.scope.credentials = &token;
  EXPECT_THROW(posting.call(JsonObject{{"a", "canary-body"}}), Failure);
  EXPECT_EQ(other.seen().size(), before) << "nor a body";
}

}  // namespace
}  // namespace junctor::connector
