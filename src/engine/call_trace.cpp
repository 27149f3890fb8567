#include "engine/call_trace.h"

#include "base/text.h"
#include "engine/run_calls.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "store/store.h"

namespace junctor {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

}  // namespace

void CallTrace::note(LogLevel level, std::string_view message, Timestamp at) {
  if (log.size() > most_lines) return;
  const bool last = log.size() == most_lines;
  log.push_back({last ? LogLevel::warning : level,
                 std::string(last ? "further lines were left out" : message),
                 at.time_since_epoch().count()});
}

void CallTrace::note_cut(const std::string& action, ListingBound bound, Timestamp at) {
  if (!cut_short) cut_short = bound;
  ++counters["cut_short"];
  const std::string name(to_string(bound));
  note(LogLevel::warning,
       "the listing of " + action + " was cut short by max_" + name + ": there may be more rows; raise pagination.max_" +
           name + " or ask for fewer rows",
       at);
}

std::int64_t CallTrace::listings_cut() const {
  const auto found = counters.find("cut_short");
  return found == counters.end() ? 0 : found->second;
}

std::string_view to_string(ListingBound bound) {
  switch (bound) {
    case ListingBound::pages:
      return "pages";
    case ListingBound::items:
      return "items";
    case ListingBound::time:
      return "time";
  }
  return "pages";
}

std::vector<connector::RecordedCall> CallTrace::shown_calls() const {
  auto out = calls;
  // Shortened only behind the search for secrets: a part of one would not be found.
  const auto header = [this](std::string& value) {
    value = shortened(secrets.without(std::move(value)), connector::recorded_header_bytes);
  };
  for (connector::RecordedCall& call : out) {
    call.url = shortened(secrets.without(std::move(call.url)), connector::recorded_url_bytes);
    for (auto& [name, value] : call.request_headers) header(value);
    call.request_body = secrets.without(std::move(call.request_body));
    call.response_body = secrets.without(std::move(call.response_body));
    call.failure = secrets.without(std::move(call.failure));
    for (auto& [name, value] : call.response_headers) header(value);
  }
  return out;
}

std::string CallTrace::shown_output(const Json& output, const connector::Redaction& declared) const {
  Json shown = secrets.without(output);
  declared.redact(shown);
  return json::to_text(shown);
}

RunEnd end_with(const Failure& failure, const CallTrace& trace) {
  RunEnd end;
  end.status = failure.kind() == FailureKind::cancelled ? RunStatus::cancelled : RunStatus::failed;
  end.failure = failure.kind();
  end.error = trace.secrets.without(failure.message());
  return end;
}

void record_run(Fiber& fiber, Store& store, const Clock& clock, RunStart start, RunEnd end, const CallTrace& trace) {
  if (!trace.connection.empty()) start.connection = trace.connection;
  end.counters = trace.counters;
  end.at = clock.now();
  store.write(fiber, [&](Transaction& transaction) {
    runs::record(transaction, start, end);
    store_trace(transaction, start.tenant, start.id, trace);
  });
}

void store_trace(Transaction& transaction, const TenantId& tenant, RunId run,
                 const CallTrace& trace) {
  std::vector<RunLogLine> lines;
  for (const CallTrace::Line& line : trace.log)
    lines.push_back({line.at, std::string(name_of(line.level)), trace.secrets.without(line.message)});
  if (!lines.empty()) runs::append_logs(transaction, tenant, run, lines);
  if (!trace.calls.empty()) runs::append_calls(transaction, tenant, run, trace.shown_calls());
}

}  // namespace junctor
