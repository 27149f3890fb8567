#include "auth/credential_service.h"
#include "auth/signing/challenge.h"
#include "auth/signing/digest_session.h"
#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::World;

TEST(Credentials, answer_a_digest_challenge_and_use_it_again) {
  World world;
  std::vector<std::string> seen;
  world.provider.api = [&](Fiber&, HttpRequest& request) {
    const std::string sent(request.headers.get("Authorization").value_or(""));
    seen.push_back(sent);
    if (sent.empty()) {
      HttpResponse out = HttpResponse::text(401, "who?");
      out.headers.add("WWW-Authenticate",
                      R"(Digest realm="r", nonce="n1", algorithm=SHA-256, qop="auth")");
      return out;
    }
    return HttpResponse::text(200, "in");
  };
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::digest);
    const auto key = world.connect(fiber, {{"username", "u"}, {"password", "p"}});
    EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status, 200);
    EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status, 200);
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_NE(seen[1].find("nc=00000001"), std::string::npos);
    EXPECT_NE(seen[2].find("nc=00000002"), std::string::npos);
  });
}

// A server as strict as RFC 7616 lets it be: no count may come twice or go back within a nonce, and
// A1 is made once for each nonce, from the first client nonce that comes with it (section 3.4.2).
class StrictDigestServer {
 public:
  HttpResponse answer(const HttpRequest& request) {
    const auto given = parse_challenges(request.headers.get("Authorization").value_or(""));
    if (!given.empty() && is_right(request, given.front())) return HttpResponse::text(200, "in");
    HttpResponse out = HttpResponse::text(401, "who?");
    out.headers.add("WWW-Authenticate", "Digest realm=\"r\", nonce=\"" + nonce + "\", algorithm=" + algorithm +
                                            ", qop=\"auth\"");
    return out;
  }
  std::string nonce = "n1", algorithm = "SHA-256-sess", password = "p";

 private:
  static std::string hash(const std::string& text) {
    return crypto::to_hex(crypto::hash(crypto::Digest::sha256, text));
  }
  bool is_right(const HttpRequest& request, const Challenge& given) {
    const auto of = [&](std::string_view name) { return std::string(given.parameter(name).value_or("")); };
    if (of("nonce") != nonce) return false;
    std::string a1 = hash("u:r:" + password);
    if (algorithm == "SHA-256-sess")
      a1 = sessions_.try_emplace(nonce, hash(a1 + ":" + nonce + ":" + of("cnonce"))).first->second;
    if (of("response") != hash(a1 + ":" + nonce + ":" + of("nc") + ":" + of("cnonce") + ":auth:" +
                               hash(request.method + ":" + request.target)))
      return false;
    const unsigned long count = std::stoul(of("nc"), nullptr, 16);
    unsigned long& last = counts_[nonce];
    if (count <= last) return false;
    last = count;
    return true;
  }
  std::map<std::string, std::string> sessions_;
  std::map<std::string, unsigned long> counts_;
};

class StrictDigestTest : public testing::TestWithParam<const char*> {
 protected:
  StrictDigestTest() {
    server_.algorithm = GetParam();
    world_.provider.api = [this](Fiber&, HttpRequest& request) { return server_.answer(request); };
    world_.definition(AuthType::digest);
  }
  ConnectionKey connect(Fiber& fiber) {
    return world_.connect(fiber, {{"username", "u"}, {"password", "p"}});
  }
  int call(Fiber& fiber, test::Engine& engine, const ConnectionKey& key) {
    const int before = world_.provider.api_calls;
    const int status = engine.call(fiber, key.tenant, key.id, world_.provider.url("/x")).status;
    requests_ = world_.provider.api_calls - before;
    return status;
  }

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
  StrictDigestServer server_;
  int requests_ = 0;  // of the last call
};

INSTANTIATE_TEST_SUITE_P(Algorithms, StrictDigestTest, testing::Values("SHA-256", "SHA-256-sess"),
                         [](const auto& one) { return std::string(one.index == 0 ? "plain" : "sessions"); });

TEST_P(StrictDigestTest, keeps_to_the_session_of_a_challenge) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = connect(fiber);
    for (const int expected : {2, 1, 1}) {
      EXPECT_EQ(call(fiber, world_.engine(), key), 200);
      EXPECT_EQ(requests_, expected) << "one challenge for all";
    }
    server_.nonce = "n2";
    for (const int expected : {2, 1}) {
      EXPECT_EQ(call(fiber, world_.engine(), key), 200);
      EXPECT_EQ(requests_, expected) << "another session";
    }
  });
}

TEST_P(StrictDigestTest, is_let_in_again_after_a_restart_although_the_server_never_changes_its_nonce) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = connect(fiber);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(call(fiber, world_.engine(), key), 200);
    for (int restart = 0; restart < 3; ++restart) {
      clock_.advance(5s);
      test::Engine after(world_.store(), world_.vault().key_path(), world_.catalogue, clock_);
      EXPECT_EQ(call(fiber, after, key), 200);
      EXPECT_EQ(requests_, 3) << "challenge, first count, raised count";
      EXPECT_EQ(call(fiber, after, key), 200);
      EXPECT_EQ(requests_, 1);
    }
  });
}

TEST_P(StrictDigestTest, is_let_in_again_after_a_change_of_the_connection) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = connect(fiber);
    EXPECT_EQ(call(fiber, world_.engine(), key), 200);
    vault::ConnectionChange change;
    change.name = "renamed";
    world_.engine().connections().update(fiber, key.tenant, key.id, change);
    EXPECT_EQ(call(fiber, world_.engine(), key), 200);
  });
}

TEST_P(StrictDigestTest, a_wrong_password_costs_one_request_more_and_not_for_every_call) {
  server_.password = "another";
  run_in_fiber([&](Fiber& fiber) {
    const auto key = connect(fiber);
    for (const int expected : {3, 1, 1}) {
      EXPECT_EQ(call(fiber, world_.engine(), key), 401);
      EXPECT_EQ(requests_, expected);
    }
    clock_.advance(DigestSession::raise_pause);
    for (const int expected : {2, 1}) {
      EXPECT_EQ(call(fiber, world_.engine(), key), 401);
      EXPECT_EQ(requests_, expected);
    }
  });
}

}  // namespace
}  // namespace junctor::auth
