#include "connector/call_record.h"

#include "connector/sent_secrets.h"

namespace junctor::connector {
namespace {

std::vector<std::pair<std::string, std::string>> shown_headers(const Headers& headers, const ClientRequest& request,
                                                               const Redaction& redaction) {
  auto out = redaction.headers(headers);
  for (auto& [name, value] : out) value = without_sent_secrets(std::move(value), request, redaction);
  return out;
}

// What a hop took along of the request.
void note_sent(RecordedCall& call, const ClientHop& hop, const ClientRequest& request, const Redaction& redaction) {
  call.method = hop.method;
  call.url = redaction.url(hop.url);
  auto headers = redaction.headers(request.headers);
  for (std::size_t i = 0; i < headers.size(); ++i)
    if (goes_along(request.headers[i], hop.carried)) call.request_headers.push_back(std::move(headers[i]));
  call.request_bytes = hop.timings.sent_bytes;
  const std::string* body = hop.carried.body ? body_text(request) : nullptr;
  if (body != nullptr) call.request_body = redaction.body(*body, content_type_of(request), recorded_body_bytes);
}

void note_timings(RecordedCall& call, const CallTimings& timings) {
  call.connect = timings.connect;
  call.first_byte = timings.first_byte;
  call.total = timings.total;
  call.connection_reused = timings.connection_reused;
  call.response_bytes = timings.received_bytes;
}

std::string recorded_body(const SentRequest& sent) {
  return kept_body(sent.response->body, sent.response->headers.get("Content-Type").value_or(""), recorded_body_bytes, sent.request,
                   sent.redaction, sent.secrets);
}

}  // namespace

void record_hops(CallRecorder& recorder, const RecordedCall& about, const SentRequest& sent, AnswerBody body) {
  const auto& [request, hops, redaction, secrets, response, failure] = sent;
  std::chrono::microseconds before{};
  for (const ClientHop& hop : hops) {
    const bool answer = &hop == &hops.back() && response != nullptr;
    RecordedCall out = about;
    out.started_at += std::chrono::duration_cast<std::chrono::milliseconds>(before);
    before += hop.timings.total;
    note_sent(out, hop, request, redaction);
    note_timings(out, hop.timings);
    out.status = hop.status;
    out.response_headers = shown_headers(answer ? response->headers : hop.headers, request, redaction);
    if (answer && body == AnswerBody::kept) out.response_body = recorded_body(sent);
    if (&hop == &hops.back()) out.failure = failure;
    recorder.record(std::move(out));
  }
}

ClientResponse shown(const SentRequest& sent) {
  ClientResponse out = *sent.response;
  out.body = body_without_sent_secrets(std::move(out.body), sent.request, sent.redaction, sent.secrets);
  out.headers = Headers();
  for (const Header& header : sent.response->headers)
    out.headers.add(header.name, without_sent_secrets(header.value, sent.request, sent.redaction, sent.secrets));
  return out;
}

std::string content_type_of(const ClientRequest& request) {
  for (const ClientHeader& header : request.headers) {
    const auto* text = std::get_if<std::string>(&header.value);
    if (text != nullptr && equal_ignoring_case(header.name, "Content-Type")) return *text;
  }
  return {};
}

const std::string* body_text(const ClientRequest& request) { return std::get_if<std::string>(&request.body); }

}  // namespace junctor::connector
