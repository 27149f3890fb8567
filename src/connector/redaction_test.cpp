// What a definition declares as secret, wherever a call carries it.
#include "connector/redaction.h"

#include <gtest/gtest.h>

namespace junctor::connector {
namespace {

constexpr const char* form = "application/x-www-form-urlencoded";

Redaction declared(std::vector<std::string> places) {
  RedactSpec spec;
  spec.body = std::move(places);
  return Redaction({spec});
}

TEST(Redaction, finds_declared_places_in_forms) {
  const Redaction redaction = declared({"/card/number", "/pin", "/people/*/ssn", "/list/0"});
  const auto shown = [&](const std::string& body) { return redaction.body(body, form, 1000); };
  EXPECT_EQ(shown("pin=1234&who=me"), "pin=%5Bredacted%5D&who=me");
  EXPECT_EQ(shown("card%5Bnumber%5D=4111&card%5Bname%5D=A"), "card%5Bnumber%5D=%5Bredacted%5D&card%5Bname%5D=A");
  EXPECT_EQ(shown("people[3][ssn]=7"), "people%5B3%5D%5Bssn%5D=%5Bredacted%5D");
  EXPECT_EQ(shown("list%5B%5D=a"), "list%5B%5D=%5Bredacted%5D") << "an item without its place may be the declared one";
  EXPECT_EQ(shown("card[number][last4]=1"), "card%5Bnumber%5D%5Blast4%5D=%5Bredacted%5D") << "what stands below as well";
  EXPECT_EQ(shown("account[client_secret]=x"), "account%5Bclient_secret%5D=%5Bredacted%5D") << "named like a secret";
  EXPECT_EQ(shown("a[=1&pine=2&number=3"), "a[=1&pine=2&number=3") << "as it was sent";
}

TEST(Redaction, looks_into_urls_that_headers_hold) {
  Headers headers;
  headers.add("Location", "/x?token=canary-1&a=1");
  headers.add("Content-Location", "/y?access_token=canary-2");
  headers.add("Link", R"(<https://a.example/?page=2&api_key=canary-3>; rel="next", <https://a.example/?page=1>; rel="prev")");
  headers.add("X-Other", "<unclosed ?token=kept");
  std::string all;
  for (const auto& [name, value] : Redaction().headers(headers)) all += value + "\n";
  EXPECT_EQ(all.find("canary"), std::string::npos) << all;
  EXPECT_NE(all.find(R"(>; rel="next", <https://a.example/?page=1>; rel="prev")"), std::string::npos) << all;
  EXPECT_NE(all.find("<unclosed ?token=kept"), std::string::npos) << all;
}

}  // namespace
}  // namespace junctor::connector
