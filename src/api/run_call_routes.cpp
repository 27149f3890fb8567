#include <boost/json.hpp>

#include "api/read_routes.h"
#include "engine/run_calls.h"
#include "engine/runs.h"
#include "json/parse.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "store/store.h"

namespace junctor::api {
namespace {

JsonObject call_json(const RunCall& call) {
  JsonObject out{{"number", call.number},
                 {"started_at", to_string(Timestamp(std::chrono::milliseconds(call.started_at)))},
                 {"method", call.method},
                 {"url", call.url},
                 {"status", call.status == 0 ? Json() : Json(call.status)},
                 {"total_us", call.total_us}};
  if (!call.failure.empty()) out["failure"] = call.failure;
  if (call.detail.empty()) return out;
  const Json detail = json::parse(call.detail).value_or_throw();
  for (const auto& member : detail.get_object()) out[member.key()] = member.value();
  return out;
}

HttpResponse list_calls(Fiber& fiber, const ReadParts& parts, const HttpRequest& request) {
  const Caller caller = parts.access.require(fiber, request, {"runs:read"});
  const auto id = RunId::parse(*request.path_value("run"));
  bool known = false;
  RunCalls found;
  if (id)
    parts.store.read(fiber, [&](Snapshot& snapshot) {
      known = runs::get(snapshot, caller.tenant, *id).has_value();
      found = runs::calls(snapshot, caller.tenant, *id, runs::CallDetails::with);
    });
  if (!known) throw Failure(FailureKind::not_found, "there is no such run");
  return HttpResponse::json(
      200, JsonObject{{"calls", calls_json(found)}, {"left_out", found.left_out}});
}

}  // namespace

JsonArray calls_json(const RunCalls& calls) {
  JsonArray out;
  for (const RunCall& call : calls.calls) out.push_back(call_json(call));
  return out;
}

std::vector<Route> run_call_routes(const ReadParts& parts) {
  return {{"GET", "/v1/runs/{run}/calls", [parts](Fiber& fiber, HttpRequest& request) {
             return list_calls(fiber, parts, request);
           }}};
}

}  // namespace junctor::api
