#include "engine/run_calls.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "json/serialize.h"
#include "store/transaction.h"

namespace junctor::runs {
namespace {

// The row that counts what was left out stands behind all others.
constexpr std::int64_t beyond = most_calls + 1;

JsonArray headers_json(const std::vector<std::pair<std::string, std::string>>& headers) {
  JsonArray out;
  for (const auto& [name, value] : headers) out.push_back(JsonArray{Json(name), Json(value)});
  return out;
}

enum class Bodies { kept, left_out };

std::string detail_of(const connector::RecordedCall& call, Bodies bodies) {
  JsonObject request{{"headers", headers_json(call.request_headers)}, {"bytes", call.request_bytes}};
  JsonObject response{{"headers", headers_json(call.response_headers)},
                      {"bytes", call.response_bytes}};
  if (bodies == Bodies::kept) {
    request["body"] = call.request_body;
    response["body"] = call.response_body;
  }
  return json::to_text(Json(JsonObject{{"integration", call.integration},
                                       {"action", call.action},
                                       {"connection", call.connection},
                                       {"attempt", call.attempt},
                                       {"page", call.page},
                                       {"request", std::move(request)},
                                       {"response", std::move(response)},
                                       {"connect_us", call.connect.count()},
                                       {"first_byte_us", call.first_byte.count()},
                                       {"connection_reused", call.connection_reused}}));
}

void insert(Transaction& transaction, const TenantId& tenant, RunId run, std::int64_t number,
            const connector::RecordedCall& call) {
  const bool kept = number <= calls_with_bodies || !call.failure.empty();
  transaction.execute(
      "INSERT INTO run_calls (tenant, run, number, started_at, method, url, status, total_us, "
      "failure, detail, left_out) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
      tenant, run, number, call.started_at, call.method, call.url, call.status,
      static_cast<std::int64_t>(call.total.count()), as_stored_text(call.failure),
      detail_of(call, kept ? Bodies::kept : Bodies::left_out));
}

}  // namespace

void append_calls(Transaction& transaction, const TenantId& tenant, RunId run,
                  const std::vector<connector::RecordedCall>& calls) {
  std::int64_t next = transaction
                          .value<std::int64_t>(
                              "SELECT COALESCE(MAX(number), 0) FROM run_calls WHERE tenant = ? AND run = ?",
                              tenant, run)
                          .value_or(0);
  std::int64_t left_out = 0;
  for (const connector::RecordedCall& call : calls) {
    if (next >= most_calls)
      ++left_out;
    else
      insert(transaction, tenant, run, ++next, call);
  }
  if (left_out == 0) return;
  transaction.execute(
      "INSERT INTO run_calls (tenant, run, number, started_at, method, url, status, total_us, "
      "failure, detail, left_out) VALUES (?, ?, ?, ?, '', '', 0, 0, '', '', ?) "
      "ON CONFLICT (tenant, run, number) DO UPDATE SET left_out = run_calls.left_out + "
      "excluded.left_out",
      tenant, run, beyond, calls.back().started_at, left_out);
}

RunCalls calls(Snapshot& snapshot, const TenantId& tenant, RunId run, CallDetails details) {
  RunCalls out;
  snapshot.for_each(
      "SELECT number, started_at, method, url, status, total_us, failure, left_out, CASE WHEN ? = 1 "
      "THEN detail ELSE '' END FROM run_calls WHERE tenant = ? AND run = ? ORDER BY number",
      [&](const Row& row) {
        if (row.int64(0) == beyond) {
          out.left_out = row.int64(7);
          return;
        }
        out.calls.push_back({row.int64(0), row.int64(1), std::string(row.text(2)),
                             std::string(row.text(3)), static_cast<int>(row.int64(4)), row.int64(5),
                             std::string(row.text(6)), std::string(row.text(8))});
      },
      details == CallDetails::with ? 1 : 0, tenant, run);
  return out;
}

}  // namespace junctor::runs
