#include "connector/sent_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace junctor::connector {
namespace {

// With one secret header.
std::string body_after(const char* sent, std::string body) {
  ClientRequest request;
  request.header("X-Key", Secret(sent));
  return body_without_sent_secrets(std::move(body), request, Redaction());
}

TEST(SentSecrets, leave_nothing_behind_of_a_key_with_a_blank_in_it) {
  const char* const key = "CANARYa\"b\\c/d\xc3\xa9+Z %41tail";
  for (const char* spelled : {R"(CANARYa\"b\\c/d\u00e9+Z %41tail)", R"(CANARYa\"b\\c\/d\u00E9\u002bZ\u0020%41tail)",
                              "CANARYa\\\"b\\\\c/d\xc3\xa9+Z %41tail"})
    EXPECT_EQ(body_after(key, std::string("{\"echo\":\"it is ") + spelled + "!\"}"), R"({"echo":"it is [redacted]!"})") << spelled;
  EXPECT_EQ(body_after(key, "text: CANARYa\"b\\c/d\xc3\xa9+Z %41tail."), "text: [redacted].");
  EXPECT_EQ(body_after("Zeta \"word\" %41tail", R"(["Zeta \u0022word\u0022 %41tail"])"), R"(["[redacted]"])");
}

TEST(SentSecrets, are_found_on_a_page_of_html_and_with_plus_for_blanks) {
  const char* const key = "CANARY \"x\" & <y's>/9";
  for (const char* spelled : {"CANARY &quot;x&quot; &amp; &lt;y&#39;s&gt;/9", "CANARY &quot;x&quot; &amp; &lt;y&#x27;s&gt;/9",
                              "CANARY &quot;x&quot; &amp; &lt;y's&gt;/9", "CANARY+\"x\"+&+<y's>/9", "CANARY+%22x%22+%26+%3Cy%27s%3E%2F9"})
    EXPECT_EQ(body_after(key, std::string("<p>it is ") + spelled + ".</p>"), "<p>it is [redacted].</p>") << spelled;
}

TEST(SentSecrets, are_found_behind_their_scheme_and_in_basic) {
  EXPECT_EQ(body_after("Bearer to%ken/1", R"(["to%ken\/1"])"), R"(["[redacted]"])");
  EXPECT_EQ(body_after("Zeta abcd1234", "it was abcd1234"), "it was [redacted]");
  EXPECT_EQ(body_after("Basic YW5uYTpzZWNyZXQh", "anna, secret!"), "[redacted], [redacted]");
}

}  // namespace
}  // namespace junctor::connector
