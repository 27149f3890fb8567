#include "connector/secret_values.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include "base/crypto.h"
#include "connector/sent_secrets.h"

namespace junctor::connector {
namespace {

TEST(SecretValues, leave_data_alone_that_only_looks_like_a_secret) {
  SecretValues secrets;
  secrets.add("1234");                                 // a PIN
  secrets.add("20261128");                             // a credential that is a number
  secrets.add("1764324123", SecretKind::sent);         // the time beside a signature
  secrets.add("Acme \"GmbH\"", SecretKind::sent);
  const Json data = JsonObject{{"amount", 91234}, {"pin", "x1234"}, {"at", 1764324123}, {"name", "Acme \"GmbH\""}, {"serial", 120261128}};
  EXPECT_EQ(secrets.without_credentials(data), data);
  EXPECT_EQ(secrets.without(data), Json(JsonObject{{"amount", "[redacted]"}, {"pin", "x[redacted]"}, {"at", "[redacted]"},
                                                   {"name", "[redacted]"}, {"serial", "[redacted]"}}));
}

TEST(SecretValues, take_credentials_out_of_data_in_every_spelling) {
  SecretValues secrets;
  secrets.add("p&ss word/1");
  secrets.add("20261128");
  EXPECT_EQ(secrets.without_credentials(JsonObject{{"a p&ss word/1", JsonArray{"p&amp;ss word/1", "?k=p%26ss%20word%2F1", 20261128, 7}}}),
            Json(JsonObject{{"a [redacted]", JsonArray{"[redacted]", "?k=[redacted]", "[redacted]", 7}}}));
}

TEST(SecretValues, that_were_sent_do_not_push_out_credentials) {
  SecretValues secrets;
  secrets.add("the-password");
  for (std::size_t i = 0; i < 10 * SecretValues::most; ++i) secrets.add("signature-" + std::to_string(i), SecretKind::sent);
  EXPECT_EQ(secrets.without(std::string("the-password")), "[redacted]");
  EXPECT_EQ(secrets.without("signature-" + std::to_string(10 * SecretValues::most - 1)), "[redacted]");
}

TEST(SecretValues, that_change_with_every_request_do_not_push_out_those_of_the_connection) {
  SecretValues secrets;
  secrets.add("the-password");
  for (std::size_t i = 0; i < 10 * SecretValues::most; ++i) secrets.add("Digest of-" + std::to_string(i), SecretKind::authorization);
  EXPECT_EQ(secrets.without_credentials(JsonArray{"the-password"}), Json(JsonArray{"[redacted]"}));
}

TEST(SecretValues, that_begin_with_others_leave_nothing_behind) {
  SecretValues secrets;
  secrets.add("user-name-1");
  secrets.add("user-name-1/password");
  EXPECT_EQ(secrets.without(std::string("user-name-1/password, user-name-1")), "[redacted], [redacted]");
  EXPECT_EQ(secrets.without_credentials(JsonArray{"user-name-1/password"}), Json(JsonArray{"[redacted]"}));
}

TEST(SecretValues, are_found_in_bodies_that_spell_them_in_their_own_way) {
  SecretValues secrets;
  secrets.add("top/secret");
  EXPECT_EQ(secrets.body_without(R"({"a": "top\u002fsecret", "n": 1})"), R"({"a":"[redacted]","n":1})");
  EXPECT_EQ(secrets.body_without(R"({"a":  1})"), R"({"a":  1})") << "as it came";
  EXPECT_EQ(secrets.body_without(R"(no JSON: "top\/secret")"), R"(no JSON: "[redacted]")");
}

// What is kept of an answer is decided by this: a file may be given as base64.
TEST(SecretValues, are_in_a_file_within_json) {
  SecretValues secrets;
  secrets.add("the-password");
  EXPECT_TRUE(secrets.are_in(JsonObject{{"base64", crypto::to_base64("it is the-password!")}, {"content_type", "text/plain"}}));
  EXPECT_FALSE(secrets.are_in(JsonObject{{"base64", crypto::to_base64("it is another")}, {"content_type", "text/plain"}}));
  EXPECT_FALSE(secrets.are_in(JsonObject{{"base64", "no base64 at all!"}}));
}

// What of a request is a credential, and what may be anything.
TEST(SecretValues, of_a_request_are_credentials_where_it_is_authorised) {
  ClientRequest request;
  request.header("Authorization", Secret("Basic YW5uYS5zbWl0aDpzZWNyZXQtMQ=="));  // anna.smith:secret-1
  request.header("X-Timestamp", Secret("1764324123"));
  SecretValues secrets;
  each_sent_secret(request, Redaction(), [&](std::string_view secret, SecretKind kind) { secrets.add(secret, kind); });
  const Json echoed = JsonArray{"YW5uYS5zbWl0aDpzZWNyZXQtMQ==", "anna.smith", "secret-1", "1764324123"};
  EXPECT_EQ(secrets.without_credentials(echoed), Json(JsonArray{"[redacted]", "anna.smith", "[redacted]", "1764324123"}));
  EXPECT_EQ(secrets.without(echoed), Json(JsonArray{"[redacted]", "[redacted]", "[redacted]", "[redacted]"}));
}

}  // namespace
}  // namespace junctor::connector
