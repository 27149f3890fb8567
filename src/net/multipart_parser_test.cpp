#include "net/multipart_parser.h"

#include <gtest/gtest.h>

#include <vector>

namespace junctor {
namespace {

using Event = MultipartParser::Event;

struct Read {
  std::vector<std::pair<FormPart, std::string>> parts;
  std::string error;
};

// Of a body with the boundary "b", which comes in pieces.
Read read(std::string_view body, std::size_t piece = 1'000'000) {
  MultipartParser parser("b");
  Read out;
  std::size_t at = 0;
  while (true) {
    switch (parser.next()) {
      case Event::need_more:
        if (at == body.size()) parser.end();
        else parser.put(body.substr(at, piece));
        at += std::min(piece, body.size() - at);
        break;
      case Event::part:
        out.parts.emplace_back(parser.part(), "");
        break;
      case Event::data:
        out.parts.back().second += parser.data();
        break;
      case Event::part_end:
        break;
      case Event::end:
        return out;
      case Event::failed:
        out.error = parser.error();
        return out;
    }
  }
}

Read read_part(const std::string& head, std::size_t piece = 1'000'000) {
  return read("--b\r\n" + head + "\r\n\r\nx\r\n--b--\r\n", piece);
}

TEST(MultipartParser, gives_parts_with_their_names_types_and_contents_however_they_arrive) {
  const std::string body =
      "a preamble\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\r\n--\r\n--c\r\n--b  \r\n"
      "content-disposition: FORM-DATA; Name=\"file\"; filename=\"a.txt\"\r\nX-Other: 1\r\nContent-Type: text/plain\r\n\r\n"
      "\r\n--\r\n-\r\r\n--b\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--b--\r\nan epilogue";
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    const Read got = read(body, piece);
    ASSERT_EQ(got.error, "") << piece;
    ASSERT_EQ(got.parts.size(), 3u) << piece;
    EXPECT_EQ(got.parts[0].first.name, "text");
    EXPECT_FALSE(got.parts[0].first.filename);
    EXPECT_EQ(got.parts[0].second, "\r\n--\r\n--c");
    EXPECT_EQ(got.parts[1].first.name, "file");
    EXPECT_EQ(got.parts[1].first.filename, "a.txt");
    EXPECT_EQ(got.parts[1].first.content_type, "text/plain");
    EXPECT_EQ(got.parts[1].second, "\r\n--\r\n-\r");
    EXPECT_EQ(got.parts[2].first.name, "empty");
    EXPECT_EQ(got.parts[2].second, "");
  }
}

TEST(MultipartParser, reads_file_names_as_browsers_and_tools_write_them) {
  const auto name = [](const std::string& parameter) {
    const Read got = read_part("Content-Disposition: form-data; name=\"f\"; " + parameter);
    return got.error.empty() ? got.parts.front().first.filename.value_or("(none)") : got.error;
  };
  EXPECT_EQ(name("filename=\"a %22b%22.txt\""), "a \"b\".txt");
  EXPECT_EQ(name(R"(filename="a \"b\".txt")"), "a \"b\".txt");
  EXPECT_EQ(name(R"(filename="C:\fakepath\a.txt")"), "a.txt");
  EXPECT_EQ(name("filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(name("filename=plain.txt"), "plain.txt");
  EXPECT_EQ(name("filename=\"100%.txt\""), "100%.txt");
  EXPECT_EQ(name("filename=\"na\xC3\xAFve\""), "na\xC3\xAFve");
  EXPECT_EQ(name("filename=\"caf\xE9\""), "caf\xEF\xBF\xBD");
  EXPECT_EQ(name("filename=\"x\"; filename*=UTF-8''na%C3%AFve"), "na\xC3\xAFve");
  EXPECT_EQ(name("filename=\"x\"; filename*=latin1''na%EFve"), "x");
  EXPECT_EQ(name("filename=\"\""), "");
}

TEST(MultipartParser, refuses_heads_that_are_none) {
  for (const std::string head : {
           "", "Content-Type: text/plain", "Content-Disposition: form-data", "Content-Disposition: attachment; name=a",
           "Content-Disposition: form-data; name=\"\"", "Content-Disposition: form-data; name=\"a",
           "Content-Disposition: form-data; name=\"a\" filename=\"b\"", "Content-Disposition: form-data; name=a; name=b",
           "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
           "Content-Disposition: form-data; name=\"a\"\r\n folded", "Content-Disposition : form-data; name=a",
           "no colon\r\nContent-Disposition: form-data; name=a", ": nothing\r\nContent-Disposition: form-data; name=a",
           "Content-Disposition: form-data; name=\"a%0D%0AX: y\"", "Content-Disposition: form-data; name=\"a\x01\"",
           "Content-Disposition: form-data; name=a; filename=\"b%0A\"", "Content-Disposition: form-data; name=a\nX: y",
           "Content-Disposition: form-data; name=a; filename*=utf-8''a%00b",
           "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"}) {
    EXPECT_NE(read_part(head).error, "") << head;
    EXPECT_NE(read_part(head, 1).error, "") << head;
  }
  EXPECT_NE(read_part(std::string("Content-Disposition: form-data; name=\"a\0b\"", 42)).error, "");
}

TEST(MultipartParser, refuses_bodies_that_do_not_end_as_they_should) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  for (const std::string& body : {std::string(), std::string("x"), std::string("--b"), std::string("--b\r\n"), std::string("--bx\r\n"),
                                  std::string("--b-"), head, head + "x", head + "x\r\n--b", head + "x\r\n--b-", head + "x\r\n--b\r",
                                  head + "x\r\n--b \t", head + "x\n--b--\r\n", head + "x\r\n--bb--\r\n"})
    for (const std::size_t piece : {1u, 1000u}) EXPECT_NE(read(body, piece).error, "") << body;
}

TEST(MultipartParser, keeps_its_bounds) {
  const std::string long_head = "Content-Disposition: form-data; name=a\r\nX: " + std::string(MultipartParser::most_head_bytes, 'x');
  EXPECT_NE(read_part(long_head).error, "");
  EXPECT_NE(read_part(long_head, 100).error, "");
  std::string many;
  for (std::size_t i = 0; i <= MultipartParser::most_parts; ++i) many += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  EXPECT_NE(read(many + "--b--").error, "");
}

TEST(MultipartParser, knows_the_boundary_of_a_content_type) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b=c\""), "a b=c");
  for (const char* wrong : {"multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=",
                            "multipart/form-data; boundary=\"a\rb\"", "multipart/form-data; boundary=\"a \"", "text/plain"})
    EXPECT_FALSE(multipart_boundary(wrong)) << wrong;
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

TEST(MultipartParser, knows_the_file_name_of_a_disposition) {
  EXPECT_EQ(disposition_filename("attachment; filename=\"a/b.pdf\""), "b.pdf");
  for (const char* none : {"", "attachment", "attachment; filename=\"\"", "attachment; filename=\"a", "inline; filename=\"a%0Ab\""})
    EXPECT_FALSE(disposition_filename(none)) << none;
}

}  // namespace
}  // namespace junctor
