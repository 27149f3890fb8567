#include "connector/urls.h"

#include <gtest/gtest.h>

namespace junctor::connector {
namespace {

constexpr const char* base = "https://api.example.com/v1/list?page=1";

TEST(Urls, escape_what_providers_write_into_links) {
  EXPECT_EQ(resolve_url(base, "/list?page[number]=2"), "https://api.example.com/list?page%5Bnumber%5D=2");
  EXPECT_EQ(resolve_url(base, "https://api.example.com/a b?q=x y"), "https://api.example.com/a%20b?q=x%20y");
  EXPECT_EQ(resolve_url(base, "?q=\xC3\xA9&p={x}|y"), "https://api.example.com/v1/list?q=%C3%A9&p=%7Bx%7D%7Cy");
  EXPECT_EQ(resolve_url(base, "?q=%C3%BC&r=100%&s=%2"), "https://api.example.com/v1/list?q=%C3%BC&r=100%25&s=%252");
  EXPECT_EQ(resolve_url(base, "?page=2#top"), "https://api.example.com/v1/list?page=2");
  EXPECT_EQ(resolve_url("https://api.example.com/v1/list?filter[a]=1", "?page=2"), "https://api.example.com/v1/list?page=2");
  EXPECT_EQ(resolve_url("http://[::1]:8080/v1/", "next?a[]=1"), "http://[::1]:8080/v1/next?a%5B%5D=1");
}

TEST(Urls, escape_nothing_that_says_which_host_it_is) {
  EXPECT_EQ(resolve_url(base, "/\\evil.example/list"), "https://api.example.com/%5Cevil.example/list");
  for (const char* reference : {"ht tp://x", "https://a b/", "https://127.0.0.1\\@evil.example/", "https://u:p@api.example.com/",
                                "javascript:alert(1)", "file:///etc/passwd", "https://", "https://a[b]/x", "https://\xC3\xA9.example/"}) {
    EXPECT_EQ(resolve_url(base, reference), std::nullopt) << reference;
  }
}

TEST(Urls, know_the_origin_of_an_address_with_brackets) {
  EXPECT_EQ(origin_of("https://API.example.com/list?filter[a]=1"), "https://api.example.com:443");
  EXPECT_EQ(host_of("http://[::1]/list?filter[a]=1"), "[::1]");
}

}  // namespace
}  // namespace junctor::connector
