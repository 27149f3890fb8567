#include "api/call_body.h"

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "base/text.h"
#include "junctor/failure.h"
#include "net/multipart_parser.h"

namespace junctor::api {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

[[noreturn]] void too_large(const std::string& what, std::uint64_t most, const char* setting) {
  throw Failure(FailureKind::too_large, what + " longer than " + std::to_string(most) + " bytes, the setting " + setting);
}

std::uint64_t announced_bytes(const HttpRequest& request) {
  const auto length = request.headers.get("Content-Length");
  std::uint64_t out = 0;
  if (length) std::from_chars(length->data(), length->data() + length->size(), out);
  return out;
}

// The body piece by piece, within a bound.
class BodyPieces final {
 public:
  BodyPieces(HttpRequest& request, std::uint64_t most_bytes, const char* setting)
      : request_(request), most_bytes_(most_bytes), setting_(setting) {
    if (announced_bytes(request) > most_bytes) too_large("the body is", most_bytes, setting);
  }

  ~BodyPieces() { crypto::wipe(buffer_); }
  BodyPieces(const BodyPieces&) = delete;
  BodyPieces& operator=(const BodyPieces&) = delete;

  // Empty at the end.
  std::string_view next(Fiber& fiber) {
    if (!request_.read_body) return {};
    // One byte more than there is: the end is then seen at once.
    const std::uint64_t announced = announced_bytes(request_);
    if (buffer_.empty()) buffer_.resize(announced == 0 ? piece_bytes : std::min<std::uint64_t>(piece_bytes, announced + 1));
    const std::size_t count = request_.read_body(fiber, buffer_);
    if (count > most_bytes_ - read_) too_large("the body is", most_bytes_, setting_);
    read_ += count;
    return {buffer_.data(), count};
  }

 private:
  HttpRequest& request_;
  const std::uint64_t most_bytes_;
  const char* const setting_;
  std::string buffer_;
  std::uint64_t read_ = 0;
};

std::string type_or_bytes(std::string_view content_type) {
  return content_type.empty() ? "application/octet-stream" : as_utf8(std::string(content_type));
}

// Reads the parts of one form.
class FormReader final {
 public:
  FormReader(Fiber& fiber, HttpRequest& request, Spool& spool, std::string_view boundary, std::string_view text_part)
      : fiber_(fiber), spool_(spool), text_part_(text_part), pieces_(request, spool.most_bytes(), "upload_limit"), parser_(boundary) {}

  FormBody read() {
    using Event = MultipartParser::Event;
    while (true) {
      switch (parser_.next()) {
        case Event::need_more: {
          const std::string_view piece = pieces_.next(fiber_);
          if (piece.empty()) parser_.end();
          else parser_.put(piece);
          break;
        }
        case Event::part: begin_part(); break;
        case Event::data: take(parser_.data()); break;
        case Event::part_end: end_part(); break;
        case Event::end: finish(); return std::move(out_);
        case Event::failed: throw Failure(FailureKind::invalid, "the form cannot be read: " + parser_.error());
      }
    }
  }

 private:
  void begin_part() {
    const std::string& name = parser_.part().name;
    is_file_ = parser_.part().filename && name != text_part_;
    const bool single = is_file_ || name == text_part_;
    if (out_.files.contains(name) || (single && out_.texts.contains(name)))
      throw Failure(FailureKind::invalid, "the form has two parts \"" + name + "\"");
    if (is_file_) file_ = spool_.open(fiber_);
    got_ = 0;
  }

  void take(std::string_view bytes) {
    got_ += bytes.size();
    if (file_) return file_->append(fiber_, bytes);
    text_bytes_ += bytes.size();
    if (text_bytes_ > spool_.most_text_bytes()) too_large("the parts of the form that are no files are", spool_.most_text_bytes(), "body_limit");
    text_ += bytes;
  }

  void end_part() {
    const FormPart& part = parser_.part();
    if (!file_) {
      out_.texts[part.name].push_back(std::exchange(text_, {}));
      return;
    }
    UploadFile upload = SpoolFile::as_upload(fiber_, std::move(file_));
    // What a browser sends for a field in which no file was chosen.
    if (part.filename->empty() && got_ == 0) return;
    upload.filename = *part.filename;
    upload.content_type = type_or_bytes(part.content_type);
    out_.files[part.name] = std::move(upload);
  }

  // What stands behind the form is left out, and the connection can go on.
  void finish() {
    while (!pieces_.next(fiber_).empty()) {
    }
  }

  Fiber& fiber_;
  Spool& spool_;
  const std::string_view text_part_;
  BodyPieces pieces_;
  MultipartParser parser_;
  FormBody out_;
  bool is_file_ = false;  // the part that is read
  std::unique_ptr<SpoolFile> file_;
  std::string text_;
  std::size_t text_bytes_ = 0;
  std::uint64_t got_ = 0;  // of this part
};

UploadFiles read_file(Fiber& fiber, HttpRequest& request, Spool& spool, const LoadedAction& action) {
  BodyPieces pieces(request, spool.most_bytes(), "upload_limit");
  auto file = spool.open(fiber);
  bool any = false;
  while (true) {
    const std::string_view piece = pieces.next(fiber);
    if (piece.empty()) break;
    any = true;
    file->append(fiber, piece);
  }
  if (!any && !request.headers.contains("Content-Type")) return {};  // a call without a body
  UploadFile upload = SpoolFile::as_upload(fiber, std::move(file));
  upload.filename = disposition_filename(request.headers.get("Content-Disposition").value_or("")).value_or("");
  upload.content_type = type_or_bytes(request.headers.get("Content-Type").value_or(""));
  UploadFiles out;
  out[action.files.front().name] = std::move(upload);
  return out;
}

// A file that came without a name, as a part that could be a text.
void take_text_files(const LoadedAction& action, FormTexts& texts, UploadFiles& files) {
  for (const FileParam& file : action.files) {
    const auto found = texts.find(file.name);
    if (found == texts.end()) continue;
    files[file.name] = upload_of_text(std::move(found->second.back()), "", "text/plain; charset=utf-8");
    texts.erase(found);
  }
}

// What cannot be read as the input may have been meant as a file.
std::vector<Problem> with_way_of_files(std::vector<Problem> problems) {
  for (Problem& one : problems)
    if (one.path == "body") one.expected += ", or multipart/form-data with the files as parts";
  return problems;
}

// Whether the request's body is of this media type.
bool has_type(const HttpRequest& request, std::string_view wanted) {
  std::string_view type = request.headers.get("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return equal_ignoring_case(type, wanted);
}

}  // namespace

bool is_form(const HttpRequest& request) { return has_type(request, "multipart/form-data"); }

FormBody read_form(Fiber& fiber, HttpRequest& request, Spool& spool, std::string_view text_part) {
  const auto boundary = multipart_boundary(request.headers.get("Content-Type").value_or(""));
  if (!boundary)
    throw Failure(FailureKind::invalid, "Content-Type names no boundary of the form: multipart/form-data; boundary=…");
  return FormReader(fiber, request, spool, *boundary, text_part).read();
}

void read_text(Fiber& fiber, HttpRequest& request, std::size_t most_bytes) {
  if (!request.read_body) return;
  BodyPieces pieces(request, most_bytes, "body_limit");
  // At once, so that no copy of it is left behind while it grows.
  request.body.reserve(static_cast<std::size_t>(announced_bytes(request)));
  while (true) {
    const std::string_view piece = pieces.next(fiber);
    if (piece.empty()) return;
    request.body += piece;
  }
}

Result<CallBody> read_call(Fiber& fiber, const LoadedAction& action, HttpRequest& request, Spool& spool, Places places) {
  CallBody out;
  Result<Json> input = Json();
  if (is_form(request)) {
    FormBody form = read_form(fiber, request, spool, "input");
    out.files = std::move(form.files);
    take_text_files(action, form.texts, out.files);
    if (const auto text = form.texts.find("input"); text != form.texts.end()) {
      request.body = std::move(text->second.back());
      form.texts.erase(text);
    }
    input = places == Places::heeded ? action_input(action, request) : body_input(request);
    if (input.ok()) input = with_form_texts(action, std::move(input).value(), form.texts, places);
  } else if (takes_body_as_file(*action.definition) && !has_type(request, "application/json")) {
    out.files = read_file(fiber, request, spool, action);
    input = input_beside_file(action, request, places);
  } else {
    read_text(fiber, request, spool.most_text_bytes());
    input = places == Places::heeded ? action_input(action, request) : body_input(request);
    if (!input.ok() && !action.files.empty()) return with_way_of_files(input.problems());
  }
  if (!input.ok()) return input.problems();
  out.input = std::move(input).value();
  return out;
}

}  // namespace junctor::api
