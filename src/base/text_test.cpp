#include "base/text.h"

#include <gtest/gtest.h>

namespace junctor {
namespace {

TEST(Utf8, tells_text_from_bytes) {
  for (const char* text : {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* bytes : {"caf\xE9", "\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                            "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82", "a\xFF"})
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
}

TEST(Utf8, replaces_what_is_no_text_and_leaves_the_rest) {
  EXPECT_EQ(as_utf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(as_utf8("caf\xE9 au lait"), "caf\xEF\xBF\xBD au lait");
  EXPECT_EQ(as_utf8("\xFF\xFEhello"), "\xEF\xBF\xBD\xEF\xBF\xBDhello");
  // Unicode 15, table 3-11: a truncated character is one, every byte of an impossible one for itself.
  EXPECT_EQ(as_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41");
  EXPECT_EQ(as_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8("cut \xE2\x82"), "cut \xEF\xBF\xBD");
  EXPECT_EQ(as_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST(Utf8, takes_zero_bytes_out_of_what_is_stored) {
  EXPECT_EQ(as_stored_text(std::string("a\0\xFF", 3)), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace junctor
