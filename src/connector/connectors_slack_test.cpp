// Slack, as docs.slack.dev says it answers.
#include "connector/test_connector.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

TEST(Slack, tells_errors_inside_a_200_apart) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/chat.postMessage") return answer(200, R"({"ok":false,"error":"channel_not_found"})");
    if (request.path == "/users.list") return answer(200, R"({"ok":false,"error":"missing_scope","needed":"users:read"})");
    return request.query_value("cursor") == "c2"
               ? answer(200, R"({"ok":true,"channels":[{"id":"C2","name":"b"}],"response_metadata":{"next_cursor":""}})")
               : answer(200, R"({"ok":true,"channels":[{"id":"C1","name":"a"}],"response_metadata":{"next_cursor":"c2"}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("list_channels").as_array().size(), 2u);
  const ProviderFailure unknown = slack.failure("post_message", R"({"channel":"C9","text":"x"})");
  EXPECT_EQ(unknown.kind(), FailureKind::not_found);
  EXPECT_EQ(unknown.answer().code, "channel_not_found");
  EXPECT_THAT(slack.failure("list_users").message(), HasSubstr("needs users:read"));
}

TEST(Slack, counts_pages_of_files_and_takes_a_reaction_twice) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/reactions.add") return answer(200, R"({"ok":false,"error":"already_reacted"})");
    if (request.path == "/users.lookupByEmail") return answer(200, R"({"ok":false,"error":"users_not_found"})");
    const bool second = request.query_value("page") == "2";
    return answer(200, second ? R"({"ok":true,"files":[{"id":"F2"}],"paging":{"page":2,"pages":2}})"
                              : R"({"ok":true,"files":[{"id":"F1"}],"paging":{"page":1,"pages":2}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("list_files"), parsed(R"([{"id":"F1"},{"id":"F2"}])"));
  EXPECT_NO_THROW(slack.call("add_reaction", R"({"channel":"C1","timestamp":"1.2","name":"eyes"})"));
  EXPECT_EQ(slack.failure("find_user", R"({"email":"a@b.c"})").kind(), FailureKind::not_found);
}

TEST(Slack, pauses_the_method_for_its_retry_after) {
  TestApi api([](const HttpRequest&, std::size_t) { return answer(429, R"({"ok":false,"error":"ratelimited"})", {{"Retry-After", "30"}}); });
  Connector slack("slack", api);
  const ProviderFailure limited = slack.failure("post_message", R"({"channel":"C1","text":"x"})");
  EXPECT_EQ(limited.kind(), FailureKind::overloaded);
  EXPECT_EQ(limited.retry_after(), std::chrono::seconds(30));
  EXPECT_EQ(slack.refusal("post_message", R"({"channel":"C1","text":"x"})"), FailureKind::overloaded);
  EXPECT_EQ(api.seen().size(), 1u);
  slack.refusal("list_pins", R"({"channel":"C1"})");
  EXPECT_EQ(api.seen().back().path, "/pins.list") << "another method is counted apart";
}

TEST(Slack, tries_a_reading_call_again_after_the_wait) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call == 0) return answer(429, R"({"ok":false,"error":"ratelimited"})", {{"Retry-After", "1"}});
    if (call == 1) return answer(200, R"({"ok":false,"error":"internal_error"})");
    return answer(200, R"({"ok":true,"members":["U1","U2"],"response_metadata":{"next_cursor":""}})");
  });
  Connector slack("slack", api);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(slack.call("list_members", R"({"channel":"C1"})"), parsed(R"(["U1","U2"])"));
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(950));
  EXPECT_EQ(api.seen().size(), 3u);
}

TEST(Slack, keeps_every_code_and_what_it_means) {
  std::string code;
  TestApi api([&](const HttpRequest&, std::size_t) {
    return HttpResponse::json(200, JsonObject{{"ok", false}, {"error", code}, {"response_metadata", JsonObject{{"messages", JsonArray{"[ERROR] must be a string"}}}}});
  });
  for (const auto& [said, kind] : {std::pair("not_in_channel", FailureKind::denied), std::pair("is_archived", FailureKind::conflict),
                                   std::pair("thread_not_found", FailureKind::not_found), std::pair("invalid_arguments", FailureKind::invalid),
                                   std::pair("message_limit_exceeded", FailureKind::overloaded), std::pair("token_revoked", FailureKind::denied)}) {
    Connector slack("slack", api);
    code = said;
    const ProviderFailure failure = slack.failure("post_message", R"({"channel":"C1","text":"x"})");
    EXPECT_EQ(failure.kind(), kind) << said;
    EXPECT_EQ(failure.answer().code, said);
    if (kind == FailureKind::invalid) {
      EXPECT_EQ(failure.answer().message, "invalid_arguments; [ERROR] must be a string");
    }
  }
}

TEST(Slack, posts_json_with_its_charset_and_starts_an_upload_with_a_form) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/files.getUploadURLExternal") return answer(200, R"({"ok":true,"upload_url":"https://files.slack.com/upload/v1/ABC","file_id":"F1"})");
    if (request.path == "/files.completeUploadExternal") return answer(200, R"({"ok":true,"files":[{"id":"F1","title":"t"}]})");
    return answer(200, R"({"ok":true,"channel":"C1","ts":"1503435956.000247","message":{"text":"x"}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("post_message", R"({"channel":"C1","text":"x","thread_ts":"1.2","blocks":[{"type":"divider"}]})"),
            parsed(R"({"channel":"C1","ts":"1503435956.000247"})"));
  EXPECT_EQ(api.seen().at(0).headers.get("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(parsed(api.seen().at(0).body), parsed(R"({"channel":"C1","text":"x","thread_ts":"1.2","blocks":[{"type":"divider"}]})"));
  EXPECT_EQ(slack.call("start_upload", R"({"filename":"a b.txt","length":3})"),
            parsed(R"({"upload_url":"https://files.slack.com/upload/v1/ABC","file_id":"F1"})"));
  EXPECT_EQ(api.seen().at(1).headers.get("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(api.seen().at(1).body, "filename=a%20b.txt&length=3");
  EXPECT_EQ(slack.call("complete_upload", R"({"files":[{"id":"F1","title":"t"}],"channel_id":"C1"})").as_array().size(), 1u);
}

TEST(Slack, sends_the_bytes_of_a_file_to_its_address_without_the_token) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(200, "OK - 7"); });
  struct Token final : auth::CredentialSource {
    void apply(Fiber&, ClientRequest& request) override { request.header("Authorization", Secret("Bearer xoxb-1")); }
    auth::AfterRefusal after_refusal(Fiber&, const ClientRequest&, const ClientResponse&) override { return auth::AfterRefusal::give_up; }
    Redactions redactions() const override { return {}; }
    void each_secret(const std::function<void(std::string_view)>&) const override {}
  } token;
  Connector slack("slack", api);
  slack.scope.credentials = &token;
  std::string left = "content";
  slack.scope.uploads["file"] = {"a.txt", "text/plain", left.size(), [&left](Fiber&, std::span<char> buffer) {
                                   const std::size_t count = std::min(left.size(), buffer.size());
                                   std::copy_n(left.data(), count, buffer.data());
                                   left.erase(0, count);
                                   return count;
                                 }, {}};
  slack.call("send_file", "{\"upload_url\":\"" + api.url() + "/upload/v1/ABC?x=1\",\"file\":\"file\"}");
  const HttpRequest sent = api.seen().at(0);
  EXPECT_EQ(sent.target, "/upload/v1/ABC?x=1");
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.body, "content");
  EXPECT_FALSE(sent.headers.contains("Authorization"));
}

TEST(Slack, opens_a_conversation_and_invites_whoever_is_there_already) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/conversations.invite") return answer(200, R"({"ok":false,"error":"already_in_channel"})");
    return answer(200, R"({"ok":true,"no_op":true,"already_open":true,"channel":{"id":"D1"}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("open_conversation", R"({"users":"U1,U2"})").at("id"), Json("D1"));
  EXPECT_NO_THROW(slack.call("invite_to_channel", R"({"channel":"C1","users":"U1"})"));
}

}  // namespace
}  // namespace junctor::connector
