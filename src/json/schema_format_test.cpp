#include "json/schema_format.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace junctor::schema {
namespace {

void expect(std::string_view format, std::initializer_list<std::string_view> good,
            std::initializer_list<std::string_view> bad) {
  const FormatCheck check = format_check(format);
  ASSERT_NE(check, nullptr) << format;
  for (const auto text : good) EXPECT_TRUE(check(text)) << format << " refuses " << text;
  for (const auto text : bad) EXPECT_FALSE(check(text)) << format << " accepts " << text;
}

TEST(Format, times_know_offsets_and_leap_seconds) {
  expect("time",
         {"08:30:06Z", "08:30:06z", "12:00:00.52Z", "08:30:06+00:20", "08:30:06-08:00", "23:59:60Z",
          "01:29:60+01:30", "15:59:60-08:00", "23:29:60+23:30", "00:29:60-23:30"},
         {"", "08:30:06", "24:00:00Z", "00:60:00Z", "00:00:61Z", "22:59:60Z", "23:58:60Z",
          "08:30:06+24:00", "08:30:06+00:60", "08:30:06 PST", "08:30:06#00:20", "8:30:06Z",
          "08:30:06.Z", "ab:cd:ef", "01:01:01,1111", "1২:00:00Z", "08:30:06-8:000", "12:00:00.52Z "});
  expect("date-time", {"1963-06-19T08:30:06.283185Z", "1998-12-31T15:59:60.123-08:00", "1963-06-19t08:30:06z"},
         {"1990-02-31T15:59:59Z", "1963-06-19 08:30:06Z", "06/19/1963 08:30:06 PST", "1998-12-31T23:58:60Z"});
  expect("duration", {"P4DT12H30M5S", "PT0S", "P1M", "PT1M", "P2W", "P1Y2M"},
         {"P", "PT", "P1D2H", "P2D1Y", "P1Y2W", "PT1D", "4DT12H", "P1", "P১Y", "P1YT", "P1Y2D", "PT1H5S"});
}

TEST(Format, addresses_have_one_spelling_of_each_part) {
  expect("ipv4", {"192.168.0.1", "87.10.0.1", "0.0.0.0", "255.255.255.255"},
         {"", "127.0.0.0.1", "256.256.256.256", "127.0", "0x7f000001", "2130706433", "087.10.0.1",
          "1২7.0.0.1", "192.168.1.0/24", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1..2.3"});
  expect("ipv6", {"::1", "::", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1", "1:d6::42", "d6::", "1:2::192.168.0.1"},
         {"", ":", "12345::", "1::d6::42", ":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:8:9",
          "::laptop", "fe80::a%eth1", "::1/64", "1:2:3:4:5:6:7::8", "1:2:3:4:1.2.3", "1:2:3:4:5:6:7:1.2.3.4"});
}

TEST(Format, international_names_follow_idna_2008) {
  expect("idn-hostname",
         {"실례.테스트", "xn--ihqwcrb4cv8a8dqg056pqjye", "ßς་〇", "۽۾", "l·l", "α͵β", "א׳ב", "א״ב", "・ぁ", "・ァ",
          "・丈", "ب٠ب", "۰0", "क्\u200dष", "क्\u200cष", "بي\u200cبي", "hostname", "host-name", "h0stn4me", "1host",
          "hostnam3", "a.b", "a。b", "a．b", "a｡b"},
         {"〮실례.테스트", "-> $1.00 --", "xn--X", "XN--aa---o47jg78q", "-hello", "hello-", "-hello-", "ःhello",
          "\u0300hello", "\u0488hello", "ـߺ", "〱〲〳〴〵〮〯〻", "a·l", "·l", "l·a", "l·", "α͵S", "α͵", "A׳ב", "׳ב",
          "A״ב", "״ב", "def・abc", "・", "ب٠۰", "क\u200dष", "\u200dष", "", ".", "。", "．", "｡", ".example",
          "。example", "example.", "example。",
          "실〮례.테스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트례에스트"});
  expect("hostname",
         {"www.example.com", "xn--4gbwdl.xn--wgbh1c", "hostname", "host-name", "1host", "a",
          "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk.com"},
         {"", ".", "-bad", "bad-", "not_a", "a..b", ".example", "example.", "xn--X", "ex_ample", "-a-host",
          "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl.com", "example。com", "ab--cd"});
  expect("idn-email", {"실례@실례.테스트", "joe.bloggs@example.com"}, {"2962", "@", "a@"});
  expect("email",
         {"joe.bloggs@example.com", "te~st@example.com", "~test~@x.de", "\"joe bloggs\"@example.com", "\"joe..b\"@x.com",
          "\"a@b\"@x.com", "te.s.t@x.com", "joe@[127.0.0.1]", "joe@[IPv6:::1]", "joe@[ipv6:::1]", "joe@[IPV6:::1]", "\"a\\\"b\"@x.com"},
         {"2962", ".test@x.com", "test.@x.com", "te..st@x.com", "joe@invalid=domain.com", "joe@[300.0.0.1]",
          "joe bloggs@x.com", "joe@[IPv6::]", "joe@[IPv6]", "joe@[ipv4:1.2.3.4]", "a@b@c", "\"a\"b\"@x.com", "\"a\\\\\"b\"@x.com"});
}

TEST(Format, a_name_in_unicode_is_as_long_as_the_dns_carries_it) {
  const auto names = [](std::string_view label, int count) {
    std::string name(label);
    for (int i = 1; i < count; ++i) name.append(".").append(label);
    return name;
  };
  const std::string plain = names("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk", 3);
  const std::string full = plain + "." + std::string(61, 'a');
  const std::string over = plain + "." + std::string(62, 'a');
  expect("idn-hostname", {full}, {over});
  expect("hostname", {full}, {over});
  // "ü" is "xn--tda": 7 octets, 8 with its dot, though it is 2 octets of UTF-8.
  expect("idn-hostname", {names("ü", 31)}, {names("ü", 32)});
}

TEST(Format, uris_are_judged_character_by_character) {
  expect("uri", {"http://foo.bar/?baz=qux#quux", "ftp://ftp.is.co.za/rfc", "urn:oasis:names:tc", "mailto:a@b.c",
                 "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com", "ldap://[2001:db8::7]/c=GB?o?o", "tel:+1-816"},
         {"//foo.bar/", "/abc", "\\\\WINDOWS", "abc", "http:// shouldfail.com", ":// should fail", "bar,baz:foo",
          "https://[@example.org/test", "https://example.org/foobar\\.txt", "https://example.org/foobar<>.txt",
          "http://a/{b}", "https://example.org/foo^bar", "http://[abc]/", "http://a:port/", "http://ƒøø.ßår/", ""});
  expect("uri-reference", {"", "/abc", "//foo.bar/", "abc", "#frag", "?q", "abc:def"}, {"\\\\WINDOWS", "#frag\\ment", "1:2"});
  expect("iri", {"http://ƒøø.ßår/?∂éœ=πîx#πîüx", "http://[2001:0db8:85a3::7334]"},
         {"http://2001:0db8:85a3:0000:0000:8a2e:0370:7334", "/abc", "\\\\WINDOWS", "âππ", "http:// ƒail.com"});
  expect("iri-reference", {"//ƒøø.ßår/", "/âππ", "âππ", "#ƒrägmênt", ""}, {"\\\\WINDOWS\\filëßåré", "#ƒräg\\mênt"});
  expect("uri-template",
         {"http://example.com/dictionary/{term:1}/{term}", "http://example.com/dictionary", "dictionary/{term}",
          "{?x,y*}", "{+path}/here", "{.dom*}", "it's/{x}", ""},
         {"http://example.com/dictionary/{term:1}/{term", "{", "}", "{}", "{a b}", "{a:0}", "{a:10000}", "{a,}"});
}

TEST(Format, pointers_ids_and_patterns) {
  expect("uuid", {"2EB8AA08-AA98-11EA-B4AA-73B441D16380", "00000000-0000-0000-0000-000000000000"},
         {"2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8-aa08-aa98-11ea-b4aa73b44-1d16380"});
  expect("json-pointer", {"", "/", "/foo/0", "/a~1b", "/m~0n"}, {"a", "#", "/foo/bar~", "/~2", "0/a"});
  expect("relative-json-pointer", {"1", "0/foo/bar", "2/0/baz", "0#", "120/foo", "0+1", "0+1/foo", "1-2/bar", "0-1#", "0-0", "2+10"},
         {"/foo", "-1/foo", "+1/foo", "0##", "01/a", "", "0+", "0-", "0-01", "0++1", "0+1+1", "0+/a", "0+a", "0#+1"});
  expect("regex", {"([abc])+\\s+$", "^(?<=a+)b$", "\\p{L}"}, {"^(abc]", "^\\S(|(.|\\n)*\\S)\\Z", "\\a", "a**"});
}

}  // namespace
}  // namespace junctor::schema
