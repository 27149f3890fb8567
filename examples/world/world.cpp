#include "world/world.h"

#include <boost/json.hpp>

#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "world/requests.h"

namespace junctor::world {
namespace {

// The head and half a line, and then the end: no client takes it for an answer.
HttpResponse cut_off() {
  HttpResponse response;
  response.headers.set("Content-Type", "application/json");
  response.stream = [](Fiber& fiber, BodyWriter& out) {
    out.write(fiber, "{");
    throw Failure(FailureKind::cancelled, "the connection is dropped on purpose");
  };
  return response;
}

HttpResponse too_many(std::chrono::seconds retry_after) {
  HttpResponse response = problem_response(429, "too many calls, on purpose");
  if (retry_after.count() > 0)
    response.headers.set("Retry-After", std::to_string(retry_after.count()));
  return response;
}

std::string outcome_of(int status) {
  return status == 429 ? "429" : std::to_string(status / 100) + "xx";
}

JsonObject to_json(const std::map<std::string, std::uint64_t>& counts) {
  JsonObject object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

}  // namespace

World::World(WorldOptions options, const Clock& clock)
    : seed_(options.seed),
      ledger_(options.ledger_path),
      dice_(seed_),
      chat_(std::move(options.chat_token), ledger_),
      hr_(std::move(options.hr), ledger_, clock) {
  ledger_.replay([this](const JsonObject& line) {
    chat_.replay(line);
    hr_.replay(line);
  });
}

HttpResponse World::handle(Fiber& fiber, HttpRequest& request) {
  const std::string& path = request.path;
  const bool reads = request.method == "GET";
  if (path == "/chat/api/messages" && request.method == "POST")
    return through_faults(fiber, request, chat_face_,
                          [](World& world, HttpRequest& r) { return world.chat_.post(r); });
  if (path == "/hr/mutate") return hr_.handle(request);
  if (path.starts_with("/hr/"))
    return through_faults(fiber, request, hr_face_,
                          [](World& world, HttpRequest& r) { return world.hr_.handle(r); });
  if (path == "/chat/messages" && reads) return chat_.list(request);
  if (path == "/switches" && reads) return HttpResponse::json(200, switches());
  if (path == "/switches" && request.method == "POST") return set_switches(request);
  if (path == "/stats" && reads) return HttpResponse::json(200, stats());
  if (path == "/reset" && request.method == "POST") return reset();
  if (path == "/healthz" && reads) return HttpResponse::text(200, "ok\n");
  return problem_response(404, "this world has no " + request.method + " " + path);
}

HttpResponse World::through_faults(Fiber& fiber, HttpRequest& request, Face& face,
                                   HttpResponse (*serve)(World&, HttpRequest&)) {
  const Fate fate = dice_.draw(face.switches);
  const std::chrono::seconds retry_after = face.switches.retry_after;
  if (face.switches.latency.count() > 0) fiber.sleep_for(face.switches.latency);
  switch (fate) {
    case Fate::too_many:
      ++face.calls["429"];
      return too_many(retry_after);
    case Fate::failed:
      ++face.calls["5xx"];
      return problem_response(500, "failed on purpose");
    case Fate::dropped_before:
      ++face.calls["dropped_before"];
      return cut_off();
    case Fate::dropped_after:
      serve(*this, request);
      ++face.calls["dropped_after"];
      return cut_off();
    case Fate::served:
      break;
  }
  HttpResponse response = serve(*this, request);
  ++face.calls[outcome_of(response.status)];
  return response;
}

World::Face* World::face_named(std::string_view name) {
  return name == "chat" ? &chat_face_ : name == "hr" ? &hr_face_ : nullptr;
}

HttpResponse World::set_switches(const HttpRequest& request) {
  auto body = object_in(request);
  if (auto* refused = std::get_if<HttpResponse>(&body)) return std::move(*refused);
  std::vector<Problem> problems;
  std::vector<std::pair<Face*, Switches>> changes;
  std::optional<std::uint64_t> seed;
  for (const auto& [name, value] : std::get<JsonObject>(body)) {
    Face* face = face_named(name);
    if (name == "seed" && value.is_int64()) {
      seed = static_cast<std::uint64_t>(value.get_int64());
    } else if (face == nullptr || !value.is_object()) {
      problems.push_back({name,
                          0,
                          "an unknown API or a value of another type",
                          "chat: {…}, hr: {…} or seed: a whole number",
                          {}});
    } else if (auto changed = with_changes(face->switches, value.get_object()); changed.ok()) {
      changes.emplace_back(face, changed.value());
    } else {
      problems.insert(problems.end(), changed.problems().begin(), changed.problems().end());
    }
  }
  if (!problems.empty()) return problem_response(problems);
  for (const auto& [face, changed] : changes) face->switches = changed;
  if (seed) dice_ = Dice(*seed);
  return HttpResponse::json(200, switches());
}

HttpResponse World::reset() {
  ledger_.clear();
  chat_.clear();
  hr_.clear();
  chat_face_ = {};
  hr_face_ = {};
  dice_ = Dice(seed_);
  return HttpResponse::json(200, stats());
}

JsonObject World::switches() const {
  return {{"chat", world::to_json(chat_face_.switches)}, {"hr", world::to_json(hr_face_.switches)}};
}

JsonObject World::stats() const {
  JsonObject chat = chat_.counts();
  chat["calls"] = to_json(chat_face_.calls);
  JsonObject hr = hr_.counts();
  hr["calls"] = to_json(hr_face_.calls);
  return {{"chat", std::move(chat)}, {"hr", std::move(hr)}};
}

}  // namespace junctor::world
