#include "net/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <optional>

#include "junctor/failure.h"

namespace junctor {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

// "/a?b" of "http://host/a?b"; empty when the target is of no form that is served here.
std::string_view origin_form(std::string_view method, std::string_view target) {
  if (target.empty()) return {};
  if (target.front() == '/') return target;
  if (target == "*" && method == "OPTIONS") return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos) return "/";
    return target[slash] == '/' ? target.substr(slash) : std::string_view();
  }
  return {};
}

// How much of it belongs to a head of which the beginning may have been read, up to the end of a line.
std::size_t head_part(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) return 2;
  const auto end = bytes.find("\r\n\r\n");
  return end == bytes.npos ? bytes.size() : end + 4;
}

// Of digits; more than 64 bits hold is as good as the most they hold.
std::uint64_t number_or_most(std::string_view digits) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return read.ec == std::errc() ? out : UINT64_MAX;
}

}  // namespace

struct RequestParser::Impl {
  class Parser final : public http::basic_parser<true> {
   public:
    explicit Parser(Impl& owner) : owner_(owner) {}

   private:
    void on_request_impl(http::verb, boost::beast::string_view method,
                         boost::beast::string_view target, int version, error_code& ec) override {
      if (!owner_.take_request_line({method.data(), method.size()}, {target.data(), target.size()},
                                    version))
        ec = http::error::bad_target;
    }
    void on_field_impl(http::field field, boost::beast::string_view name,
                       boost::beast::string_view value, error_code& ec) override {
      if (!owner_.take_field(field, {name.data(), name.size()}, {value.data(), value.size()}))
        ec = http::error::bad_field;
    }
    void on_header_impl(error_code& ec) override {
      if (!owner_.check_head()) ec = http::error::bad_field;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
      if (length && owner_.reading == BodyReading::whole)
        owner_.request.body.reserve(std::min<std::size_t>(*length, 1 << 20));
    }
    std::size_t on_body_impl(boost::beast::string_view body, error_code& ec) override {
      if (!owner_.take_body({body.data(), body.size()})) ec = http::error::body_limit;
      return body.size();
    }
    void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view,
                              error_code& ec) override {
      if (!owner_.has_room(size)) ec = http::error::body_limit;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body,
                                   error_code& ec) override {
      if (!owner_.take_body({body.data(), body.size()})) ec = http::error::body_limit;
      return body.size();
    }
    void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
    void on_finish_impl(error_code&) override {}

    Impl& owner_;
  };

  Impl(const RequestLimits& bounds, RequestParser::Reading decide) : limits(bounds), reading_of(std::move(decide)) { start(); }

  void start() {
    request = HttpRequest();
    head_bytes = 0;
    hosts = lengths = codings = 0;
    head_done = expects_continue = failed = false;
    parser.emplace(*this);
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser->body_limit(boost::none);  // known once the head is: check_head() and take_body() hold it
    reading = BodyReading::whole;
    piece.clear();
    announced_bytes = body_bytes = 0;
  }

  bool refuse(int status, std::string text) {
    if (!failed) {
      error_status = status;
      error = std::move(text);
    }
    failed = true;
    return false;
  }

  bool take_request_line(std::string_view method, std::string_view target, int version);
  bool take_field(http::field field, std::string_view name, std::string_view value);
  bool check_head();
  bool take_body(std::string_view bytes);
  bool has_room(std::uint64_t size);
  void refuse_as_beast_says(const error_code& ec);

  const RequestLimits limits;
  const RequestParser::Reading reading_of;
  std::optional<Parser> parser;
  BodyReading reading = BodyReading::whole;
  std::string piece;
  std::uint64_t announced_bytes = 0;  // by Content-Length
  std::uint64_t body_bytes = 0;
  HttpRequest request;
  std::size_t head_bytes = 0;
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  bool head_done = false;
  bool expects_continue = false;
  bool failed = false;
  int error_status = 0;
  std::string error;
};

bool RequestParser::Impl::take_request_line(std::string_view method, std::string_view target,
                                            int version) {
  if (version != 10 && version != 11)
    return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  request.version_minor = version - 10;
  const std::string_view form = origin_form(method, target);
  if (form.empty() || has_control_characters(target))
    return refuse(400, "the request target is not a path");
  request.method = method;
  request.target = form;
  const auto mark = form.find('?');
  request.path = form.substr(0, mark);
  if (mark != std::string_view::npos) request.query = parse_query(form.substr(mark + 1));
  return true;
}

bool RequestParser::Impl::take_field(http::field field, std::string_view name,
                                     std::string_view value) {
  if (head_done) return true;  // a trailer
  if (request.headers.size() >= limits.fields) return refuse(431, "too many header fields");
  if (value.find('\0') != std::string_view::npos) return refuse(400, "a header field has a NUL");
  switch (field) {
    case http::field::host:
      ++hosts;
      break;
    case http::field::content_length:
      ++lengths;
      if (value.find_first_not_of("0123456789") != std::string_view::npos || value.empty())
        return refuse(400, "Content-Length is not a number");
      announced_bytes = number_or_most(value);
      break;
    case http::field::transfer_encoding:
      ++codings;
      if (!equal_ignoring_case(value, "chunked"))
        return refuse(501, "the only transfer coding known here is chunked");
      break;
    case http::field::expect:
      if (!equal_ignoring_case(value, "100-continue"))
        return refuse(417, "the only expectation known here is 100-continue");
      expects_continue = request.version_minor == 1;
      break;
    default:
      break;
  }
  request.headers.add(std::string(name), std::string(value));
  return true;
}

bool RequestParser::Impl::check_head() {
  head_done = true;
  if (lengths > 0 && codings > 0)
    return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  if (lengths > 1 || codings > 1) return refuse(400, "the body's length is given twice");
  if (codings > 0 && request.version_minor == 0)
    return refuse(400, "HTTP/1.0 has no transfer codings");
  if (hosts > 1 || (hosts == 0 && request.version_minor == 1))
    return refuse(400, "exactly one Host field is needed");
  if (reading_of && (announced_bytes > 0 || codings > 0)) reading = reading_of(request);
  return has_room(announced_bytes);
}

bool RequestParser::Impl::has_room(std::uint64_t size) {
  if (reading == BodyReading::in_pieces || size <= limits.body_bytes - body_bytes) return true;
  return refuse(413, "the body is longer than " + std::to_string(limits.body_bytes) + " bytes");
}

bool RequestParser::Impl::take_body(std::string_view bytes) {
  if (!has_room(bytes.size())) return false;
  body_bytes += bytes.size();
  (reading == BodyReading::whole ? request.body : piece).append(bytes);
  return true;
}

void RequestParser::Impl::refuse_as_beast_says(const error_code& ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    refuse(431,
           "the request's head is longer than " + std::to_string(limits.header_bytes) + " bytes");
  } else if (ec == http::error::bad_version) {
    refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  } else {
    refuse(400, "this is not HTTP: " + ec.message());
  }
}

RequestParser::RequestParser(const RequestLimits& limits, Reading reading)
    : impl_(std::make_unique<Impl>(limits, std::move(reading))) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::put(std::string_view bytes) {
  JUNCTOR_CHECK(state() == State::head || state() == State::body);
  // Beast asserts that it never looks at a last chunk again with less than this, so a client that
  // sends one in small pieces would end the process.
  constexpr std::size_t last_chunk_bytes = 5;
  if (impl_->head_done && impl_->codings > 0 && bytes.size() < last_chunk_bytes) return 0;
  error_code ec;
  const bool was_head = !impl_->head_done;
  if (was_head && impl_->head_bytes + head_part(bytes) > impl_->limits.header_bytes) {
    impl_->refuse_as_beast_says(http::error::header_limit);
    return 0;
  }
  const std::size_t used = impl_->parser->put({bytes.data(), bytes.size()}, ec);
  if (!impl_->head_done) impl_->head_bytes += used;
  if (ec && ec != http::error::need_more) impl_->refuse_as_beast_says(ec);
  return used;
}

RequestParser::State RequestParser::state() const {
  if (impl_->failed) return State::failed;
  if (!impl_->head_done) return State::head;
  return impl_->parser->is_done() ? State::complete : State::body;
}

bool RequestParser::keep_alive() const { return impl_->parser->keep_alive(); }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
BodyReading RequestParser::reading() const { return impl_->reading; }
std::string& RequestParser::piece() { return impl_->piece; }
std::uint64_t RequestParser::body_bytes() const { return impl_->body_bytes; }
HttpRequest& RequestParser::request() { return impl_->request; }
int RequestParser::error_status() const { return impl_->error_status; }
const std::string& RequestParser::error() const { return impl_->error; }
void RequestParser::reset() { impl_->start(); }

}  // namespace junctor
