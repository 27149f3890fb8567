#include "net/sse.h"

#include <charconv>
#include <utility>

#include "junctor/failure.h"

namespace junctor {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos || value.find('\0') != value.npos)
    throw Failure(FailureKind::invalid,
                  "the " + std::string(name) + " of an event has a line break");
  out.append(name).append(": ").append(value).append("\n");
}

// Every kind of line break ends a line of data, or the rest would become a field of its own.
void append_data(std::string& out, std::string_view data) {
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

}  // namespace

std::string to_text(const SseEvent& event) {
  std::string out;
  out.reserve(event.data.size() + 64);
  if (!event.id.empty()) append_field(out, "id", event.id);
  if (!event.event.empty()) append_field(out, "event", event.event);
  if (event.retry) append_field(out, "retry", std::to_string(event.retry->count()));
  append_data(out, event.data);
  return out += "\n";
}

void SseWriter::send(Fiber& fiber, const SseEvent& event) { body_.write(fiber, to_text(event)); }
void SseWriter::keep_alive(Fiber& fiber) { body_.write(fiber, ":\n\n"); }

HttpResponse sse_response(std::function<void(Fiber&, SseWriter&)> events) {
  HttpResponse response;
  response.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-cache"},
                      {"X-Accel-Buffering", "no"}};
  response.stream = [events = std::move(events)](Fiber& fiber, BodyWriter& body) {
    SseWriter writer(body);
    writer.keep_alive(fiber);
    events(fiber, writer);
  };
  return response;
}

std::vector<SseEvent> SseParser::put(std::string_view bytes) {
  std::vector<SseEvent> out;
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > most_bytes_)
      throw Failure(FailureKind::too_large,
                    "an event is longer than " + std::to_string(most_bytes_) + " bytes");
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string_view line = line_;
    if (!std::exchange(begun_, true) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    take_line(line, out);
    line_.clear();
  }
  return out;
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& out) {
  if (line.empty()) {
    if (std::exchange(has_data_, false)) {
      event_.data.pop_back();
      event_.id = last_id_;
      out.push_back(std::move(event_));
    }
    event_ = SseEvent();
    return;
  }
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    event_.data.append(value).push_back('\n');
    has_data_ = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == value.npos) {
    last_id_ = value;
  } else if (name == "retry") {
    std::int64_t wait = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), wait);
    if (error == std::errc() && end == value.data() + value.size() && wait >= 0)
      event_.retry = std::chrono::milliseconds(wait);
  }
}

}  // namespace junctor
