// A multipart/form-data body out of pieces, without the body in memory.
//
//   MultipartParser parser(boundary);
//   parser.put(piece);
//   while (true) switch (parser.next()) { case Event::need_more: …put or end()… }
//
// Refused: a part without a name, a header line that is none, a control character in a name, a head of more than
// most_head_bytes, more than most_parts parts, a body that ends before its last boundary. What stands before the
// first boundary and behind the last one is left out.
//
// Threads: one fiber. Lifetime: stands alone.
// Source: RFC 7578, RFC 2046 for the boundaries, RFC 8187 for `filename*`; names as browsers write them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace junctor {

struct FormPart {
  std::string name;
  std::optional<std::string> filename;  // without folders; of a part that is a file
  std::string content_type;             // empty: not said
};

class MultipartParser final {
 public:
  static constexpr std::size_t most_head_bytes = 8 * 1024;
  static constexpr std::size_t most_parts = 1'000;

  enum class Event {
    need_more,  // put() more, or end()
    part,       // the head of one: part()
    data,       // of its content: data()
    part_end,
    end,        // of all parts
    failed,     // error() says why
  };

  explicit MultipartParser(std::string_view boundary);

  // Takes the next piece; only when next() needs more.
  void put(std::string_view bytes);
  // Nothing more will come.
  void end() { ended_ = true; }
  Event next();

  const FormPart& part() const { return part_; }
  std::string_view data() const& { return std::string_view(waiting_).substr(data_begin_, data_bytes_); }
  const std::string& error() const { return error_; }

 private:
  enum class State { preamble, boundary, head, content, done, failed };

  Event fail(std::string what);
  Event after_boundary();
  Event read_head();
  Event read_content();
  bool take_head(std::string_view head);
  bool take_field(std::string_view line);
  bool take_disposition(std::string_view value);

  const std::string delimiter_;  // "\r\n--boundary"
  std::string waiting_;          // read and not given: [begin_, size)
  std::size_t begin_ = 0;
  std::size_t data_begin_ = 0;
  std::size_t data_bytes_ = 0;
  State state_ = State::preamble;
  bool ended_ = false;
  bool named_ = false;
  std::size_t parts_ = 0;
  FormPart part_;
  std::string error_;
};

// The boundary that a Content-Type of multipart/form-data names; nullopt for another type, or without a boundary
// that RFC 2046 allows.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// The file name of a Content-Disposition, without folders; nullopt without one that may stand in a header.
std::optional<std::string> disposition_filename(std::string_view value);

}  // namespace junctor
