#include "net/multipart_parser.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace junctor {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }

bool has_controls(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// A quoted text from its first quote on; what is left stands behind its last one. A backslash escapes a quote or a
// backslash, and is itself elsewhere: browsers of old sent whole paths of Windows.
std::optional<std::string> quoted_text(std::string_view& rest) {
  std::string out;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    const bool escaped = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
    if (escaped) {
      out += rest[++i];
    } else if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return out;
    } else {
      out += rest[i];
    }
  }
  return std::nullopt;
}

std::string token_text(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_character);
  const auto count = static_cast<std::size_t>(end - rest.begin());
  const std::string out(rest.substr(0, count));
  rest.remove_prefix(count);
  return out;
}

// "form-data; name=\"a\"; filename=b" to its parameters, their names in lower case; nullopt when it cannot be read.
std::optional<std::vector<Parameter>> parameters_of(std::string_view value) {
  std::vector<Parameter> out;
  std::string_view rest = trimmed(value.substr(std::min(value.find(';'), value.size())));
  while (!rest.empty()) {
    if (rest.front() != ';') return std::nullopt;
    rest = trimmed(rest.substr(1));
    if (rest.empty()) break;
    std::string name = token_text(rest);
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (name.empty() || !rest.starts_with('=')) return std::nullopt;
    rest.remove_prefix(1);
    auto text = rest.starts_with('"') ? quoted_text(rest) : token_text(rest);
    if (!text) return std::nullopt;
    const bool twice = std::any_of(out.begin(), out.end(), [&](const Parameter& one) { return one.name == name; });
    if (twice) return std::nullopt;
    out.push_back({std::move(name), *std::move(text)});
    rest = trimmed(rest);
  }
  return out;
}

const std::string* find(const std::vector<Parameter>& parameters, std::string_view name) {
  for (const Parameter& one : parameters)
    if (one.name == name) return &one.value;
  return nullptr;
}

// As browsers write it: a quote and the ends of lines as percent escapes, nothing else.
std::string unescaped(std::string text) {
  constexpr std::pair<std::string_view, char> escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
  for (const auto& [escape, plain] : escapes)
    for (auto at = text.find(escape); at != text.npos; at = text.find(escape, at + 1)) text.replace(at, escape.size(), 1, plain);
  return text;
}

// "UTF-8''na%C3%AFve.txt"; nullopt for another set of characters.
std::optional<std::string> extended_text(std::string_view text) {
  const auto first = text.find('\'');
  const auto second = first == text.npos ? first : text.find('\'', first + 1);
  if (second == text.npos || !equal_ignoring_case(text.substr(0, first), "utf-8")) return std::nullopt;
  return percent_decode(text.substr(second + 1));
}

std::string last_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

// nullopt: none is given. An empty one: it is given, and is none.
std::optional<std::string> filename_of(const std::vector<Parameter>& parameters) {
  std::optional<std::string> out;
  if (const std::string* extended = find(parameters, "filename*")) out = extended_text(*extended);
  if (const std::string* plain = find(parameters, "filename"); plain != nullptr && !out) out = unescaped(*plain);
  if (out) out = as_utf8(last_name(*out));
  return out;
}

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), waiting_("\r\n") {}

void MultipartParser::put(std::string_view bytes) {
  waiting_.erase(0, begin_);
  begin_ = 0;
  waiting_ += bytes;
}

MultipartParser::Event MultipartParser::fail(std::string what) {
  state_ = State::failed;
  error_ = std::move(what);
  return Event::failed;
}

MultipartParser::Event MultipartParser::next() {
  switch (state_) {
    case State::preamble:
    case State::content:
      return read_content();
    case State::boundary:
      return after_boundary();
    case State::head:
      return read_head();
    case State::done:
      return Event::end;
    case State::failed:
      return Event::failed;
  }
  return Event::failed;
}

// Up to the next boundary, of which a part may be here.
MultipartParser::Event MultipartParser::read_content() {
  const bool preamble = state_ == State::preamble;
  const auto found = waiting_.find(delimiter_, begin_);
  data_begin_ = begin_;
  if (found != std::string::npos && (preamble || found == begin_)) {
    begin_ = found + delimiter_.size();
    state_ = State::boundary;
    return preamble ? next() : Event::part_end;
  }
  const std::size_t kept = delimiter_.size() - 1;
  const std::size_t sure = waiting_.size() - begin_ > kept ? waiting_.size() - kept : begin_;
  const std::size_t until = found == std::string::npos ? sure : found;
  data_bytes_ = until - begin_;
  begin_ = until;
  if (data_bytes_ > 0 && !preamble) return Event::data;
  if (!ended_) return Event::need_more;
  return fail(preamble ? "the body has no boundary as Content-Type names it"
                       : "the body ends before its last boundary");
}

MultipartParser::Event MultipartParser::after_boundary() {
  const std::string_view rest = std::string_view(waiting_).substr(begin_);
  if (rest.starts_with("--")) {
    state_ = State::done;
    return Event::end;
  }
  // White space may stand between a boundary and its line end.
  const auto text = std::find_if_not(rest.begin(), rest.end(), [](char c) { return c == ' ' || c == '\t'; });
  const auto padding = static_cast<std::size_t>(text - rest.begin());
  const std::string_view behind = rest.substr(padding);
  const bool open = behind.empty() || behind == "\r" || (padding == 0 && behind == "-");
  if (open && !ended_ && padding < most_head_bytes) return Event::need_more;
  if (!behind.starts_with("\r\n")) return fail("a boundary is followed by something else than the end of its line");
  begin_ += padding;  // its line end begins the head, which may be empty
  if (++parts_ > most_parts) return fail("the body has more than " + std::to_string(most_parts) + " parts");
  state_ = State::head;
  return read_head();
}

MultipartParser::Event MultipartParser::read_head() {
  const std::string_view rest = std::string_view(waiting_).substr(begin_);
  const auto found = rest.find(head_end);
  const std::size_t length = found == rest.npos ? rest.size() : found;
  if (length > most_head_bytes) return fail("the head of a part is longer than " + std::to_string(most_head_bytes) + " bytes");
  if (found == rest.npos) return ended_ ? fail("the body ends within the head of a part") : Event::need_more;
  if (!take_head(rest.substr(0, found))) return Event::failed;
  begin_ += found + head_end.size();
  state_ = State::content;
  return Event::part;
}

bool MultipartParser::take_head(std::string_view head) {
  part_ = {};
  named_ = false;
  while (!head.empty()) {
    head.remove_prefix(2);  // "\r\n"
    const auto end = std::min(head.find("\r\n"), head.size());
    if (!take_field(head.substr(0, end))) return false;
    head.remove_prefix(end);
  }
  if (!named_) fail("a part has no Content-Disposition with a name");
  return named_;
}

bool MultipartParser::take_field(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, std::min(colon, line.size()));
  const bool fits = colon != line.npos && !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
  if (!fits || std::any_of(line.begin(), line.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    fail("a part has a header line that is none");
    return false;
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equal_ignoring_case(name, "Content-Disposition")) return take_disposition(value);
  if (equal_ignoring_case(name, "Content-Type")) part_.content_type = as_utf8(std::string(value));
  if (equal_ignoring_case(name, "Content-Transfer-Encoding") && !equal_ignoring_case(value, "binary") &&
      !equal_ignoring_case(value, "8bit") && !equal_ignoring_case(value, "7bit")) {
    fail("a part has a transfer encoding, which form data has no more");
    return false;
  }
  return true;
}

bool MultipartParser::take_disposition(std::string_view value) {
  const auto parameters = parameters_of(value);
  const std::string* name = parameters ? find(*parameters, "name") : nullptr;
  const bool form = equal_ignoring_case(trimmed(value.substr(0, value.find(';'))), "form-data");
  if (named_ || !form || name == nullptr || name->empty()) {
    fail("a part has a Content-Disposition that is not one form-data with a name");
    return false;
  }
  named_ = true;
  part_.name = as_utf8(unescaped(*name));
  part_.filename = filename_of(*parameters);
  if (!has_controls(part_.name) && !has_controls(part_.filename.value_or(""))) return true;
  fail("the name of a part has a control character");
  return false;
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  constexpr std::size_t most_bytes = 70;
  if (!equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), "multipart/form-data")) return std::nullopt;
  const auto parameters = parameters_of(content_type);
  const std::string* boundary = parameters ? find(*parameters, "boundary") : nullptr;
  if (boundary == nullptr || boundary->empty() || boundary->size() > most_bytes || boundary->back() == ' ') return std::nullopt;
  const bool allowed = std::all_of(boundary->begin(), boundary->end(), [](char c) {
    return is_token_character(c) || std::string_view("()/:=?, ").find(c) != std::string_view::npos;
  });
  return allowed ? std::optional(*boundary) : std::nullopt;
}

std::optional<std::string> disposition_filename(std::string_view value) {
  const auto parameters = parameters_of(value);
  auto out = parameters ? filename_of(*parameters) : std::nullopt;
  if (!out || out->empty() || has_controls(*out)) return std::nullopt;
  return out;
}

}  // namespace junctor
