#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/crypto.h"
#include "base/log.h"
#include "connector/topics.h"
#include "engine/actions.h"
#include "engine/flow_runner.h"
#include "engine/reaction_work.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"
#include "store/store.h"
#include "vault/connections.h"

namespace junctor {
namespace {

constexpr std::size_t most_calls = 10'000;  // of one pass with `each`

std::string string_member(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto* member = object.get_object().if_contains(name);
  return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

// told: its message as it may be kept.
queue::Nack nack_for(const Failure& failure, const std::string& told) {
  queue::Nack nack;
  nack.error = std::string(to_string(failure.kind())) + ": " + told;
  nack.delay = failure.retry_after();
  if (!is_retryable(failure.kind()) && failure.kind() != FailureKind::conflict &&
      failure.kind() != FailureKind::bug)
    nack.kind = queue::Nack::Kind::reject;
  return nack;
}

}  // namespace

RunId run_id_of(const queue::Message& message) {
  const std::string cause = message.event ? message.event->to_string() : message.id.to_string();
  const std::string digest =
      crypto::hash(crypto::Digest::sha256, message.tenant.text() + "\n" + message.queue + "\n" + cause);
  std::array<std::uint8_t, 16> bytes;
  const auto milliseconds = message.created_at.time_since_epoch().count();
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  for (std::size_t i = 6; i < 16; ++i) bytes[i] = static_cast<std::uint8_t>(digest[i]);
  bytes[6] = static_cast<std::uint8_t>(0x70u | (bytes[6] & 0x0fu));
  bytes[8] = static_cast<std::uint8_t>(0x80u | (bytes[8] & 0x3fu));
  return RunId(Uuid(bytes));
}

void Reactor::handle(Fiber& fiber, queue::Delivery& delivery, const std::string& integration,
                     const std::string& queue) {
  const auto loaded = parts_.registry.get()->find(integration);
  const Reaction* reaction = nullptr;
  if (loaded)
    for (const Reaction& each : loaded->reactions)
      if (each.queue == queue) reaction = &each;
  if (reaction == nullptr)
    // Another node may have the definition: the message goes back without using an attempt.
    throw Failure(FailureKind::unsupported, "no definition of " + queue + " is loaded here");

  const queue::Message& message = delivery.message();
  Work work{loaded, *reaction, delivery, json::parse(message.payload).value_or_throw(),
            json::parse(message.headers).value_or_throw(), {}, {}, {}, message.event.has_value()};
  // A message without an event sorts by its own id's time, as start() told the caller.
  queue::Message stands_for = message;
  if (!message.event)
    stands_for.created_at =
        Timestamp(std::chrono::milliseconds(message.id.uuid().unix_milliseconds()));
  work.run = run_id_of(stands_for);
  work.connection = string_member(work.headers, "connection");
  work.bindings.set("event", JsonObject{{"id", message.event ? message.event->to_string() : ""},
                                        {"topic", message.topic},
                                        {"type", string_member(work.headers, "event-type")},
                                        {"time", to_string(message.created_at)},
                                        {"source", string_member(work.headers, "x-source")},
                                        {"attributes", work.headers}});
  if (!wanted(work)) {
    parts_.store.write(fiber, [&](Transaction& transaction) { delivery.ack(transaction); });
    return;
  }
  if (spread_over_connections(fiber, work)) return;
  run(fiber, work);
}

bool Reactor::wanted(const Work& work) const {
  if (!work.by_event) return true;
  const auto& topics = work.reaction.topics;
  if (std::none_of(topics.begin(), topics.end(), [&](const std::string& pattern) {
        return connector::matches_topic(pattern, work.message().topic);
      }))
    return false;
  return work.reaction.filter.empty() ||
         work.reaction.filter.is_true(work.payload, &work.bindings);
}

// A schedule of an integration with several connections is one run for each of them.
bool Reactor::spread_over_connections(Fiber& fiber, const Work& work) {
  if (work.by_event || !work.connection.empty() || work.message().topic != "schedule") return false;
  vault::ConnectionFilter filter;
  filter.integration = work.reaction.integration;
  filter.limit = 1'000;
  const auto connections = parts_.connections.list(fiber, work.message().tenant, filter);
  if (connections.size() < 2) return false;
  parts_.store.write(fiber, [&](Transaction& transaction) {
    for (const vault::Connection& connection : connections) {
      if (connection.enabled == vault::Enabled::no) continue;
      queue::NewMessage message;
      message.topic = "schedule";
      message.payload = work.message().payload;
      message.headers = json::to_text(Json(JsonObject{{"connection", connection.id.to_string()}}));
      message.partition_key = connection.id.to_string();
      message.idempotency_key = work.message().id.to_string() + ":" + connection.id.to_string();
      parts_.events.queues().enqueue(transaction, work.message().tenant, work.reaction.queue,
                                     message);
    }
    work.delivery.ack(transaction);
  });
  return true;
}

RunStart Reactor::start_of(const Work& work) const {
  RunStart start;
  start.tenant = work.message().tenant;
  start.id = work.run;
  start.kind = std::string(to_string(work.reaction.kind));
  start.integration = work.reaction.integration;
  start.subject = work.reaction.subject;
  start.trigger = work.by_event ? "event" : work.message().topic;
  start.connection = work.connection;
  start.event = work.message().event ? work.message().event->to_string() : "";
  start.attempt = work.message().attempts;
  start.at = parts_.clock.now();
  start.input = work.message().payload;
  return start;
}

// An output of its action as the run keeps it.
std::string Reactor::kept(const Reaction& reaction, const Json& output, const CallTrace& trace) const {
  const auto target = parts_.registry.get()->find(reaction.target_integration);
  if (!target) return trace.shown_output(output);
  const auto action = target->actions.find(reaction.action);
  return action == target->actions.end() ? trace.shown_output(output) : recorded_output(trace, action->second, output);
}

void Reactor::run(Fiber& fiber, Work& work) {
  const bool begun = parts_.store.write(fiber, [&](Transaction& transaction) {
    const bool mine = runs::begin(transaction, start_of(work));
    if (!mine) work.delivery.ack(transaction);
    return mine;
  });
  if (!begun) return;

  struct Running {
    std::atomic<std::size_t>& count;
    explicit Running(std::atomic<std::size_t>& value) : count(value) { ++count; }
    ~Running() { --count; }
  } running(running_);

  CallTrace trace;
  RunEnd end_of_run;
  try {
    end_of_run.output = kept(work.reaction, perform(fiber, work, trace), trace);
    const bool whole = !trace.counters.contains("failed") && trace.listings_cut() == 0;
    end_of_run.status = whole ? RunStatus::completed : RunStatus::partial;
    return end(fiber, work, std::move(end_of_run), trace, nullptr);
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    const std::string told = trace.secrets.without(failure.message());
    const queue::Nack nack = nack_for(failure, told);
    const bool last = nack.kind == queue::Nack::Kind::reject ||
                      work.message().attempts >= work.most_attempts();
    end_of_run.status = last ? RunStatus::failed : RunStatus::retrying;
    end_of_run.failure = failure.kind();
    end_of_run.error = told;
    if (failure.kind() == FailureKind::bug)
      log::write(log::Level::error, "engine", "run {} of {}: {} {}", work.run.to_string(),
                 work.reaction.queue, told, trace.secrets.without(failure.detail()));
    end(fiber, work, std::move(end_of_run), trace, &nack);
  }
}

void Reactor::end(Fiber& fiber, Work& work, RunEnd end_of_run, const CallTrace& trace,
                  const queue::Nack* nack) {
  end_of_run.counters = trace.counters;
  end_of_run.connection = trace.connection;
  end_of_run.at = parts_.clock.now();
  parts_.store.write(fiber, [&](Transaction& transaction) {
    runs::finish(transaction, work.message().tenant, work.run, work.message().attempts, end_of_run);
    store_trace(transaction, work.message().tenant, work.run, trace);
    if (nack != nullptr) work.delivery.nack(transaction, *nack);
    else work.delivery.ack(transaction);
  });
}

Json Reactor::perform(Fiber& fiber, Work& work, CallTrace& trace) {
  const Reaction& reaction = work.reaction;
  CallScope scope;
  scope.tenant = work.message().tenant;
  scope.run = work.run;
  scope.idempotency_key = work.run.to_string();
  scope.urgency = Urgency::background;
  scope.connection = work.connection.empty() ? reaction.target_connection : work.connection;

  if (reaction.kind == Reaction::Kind::flow) {
    const Flow* flow = work.integration->definition.find_flow(reaction.subject);
    JUNCTOR_CHECK(flow != nullptr);
    parts_.flows.run(fiber, scope, work.integration, *flow, work.payload, trace);
    return JsonObject();
  }
  Json input = work.by_event || work.message().topic == "person" ? work.payload : Json(JsonObject());
  if (!reaction.input.empty()) input = reaction.input.evaluate(work.payload, &work.bindings);
  if (!reaction.map.empty()) {
    auto mapped = reaction.map.evaluate(work.payload, &work.bindings);
    if (!mapped) {
      trace.counters["skipped"] += 1;
      return nullptr;
    }
    input = std::move(*mapped);
  }
  if (reaction.each && input.is_array())
    return call_each(fiber, work, scope, input.get_array(), trace);
  return parts_.actions.call(fiber, scope, reaction.target_integration, reaction.action, input,
                             trace);
}

// Each call is a step: after a failure in the middle, those that succeeded are not made again.
Json Reactor::call_each(Fiber& fiber, Work& work, const CallScope& scope, const JsonArray& inputs,
                        CallTrace& trace) {
  if (inputs.size() > most_calls)
    throw Failure(FailureKind::too_large, "one event may cause at most 10000 calls");
  JsonArray outputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = "call " + std::to_string(i + 1);
    auto stored = parts_.store.read(fiber, [&](Snapshot& snapshot) {
      return runs::step(snapshot, scope.tenant, scope.run, name);
    });
    if (!stored) {
      CallScope one = scope;
      one.idempotency_key += "/" + std::to_string(i + 1);
      const Json output = parts_.actions.call(fiber, one, work.reaction.target_integration, work.reaction.action, inputs[i], trace);
      stored = kept(work.reaction, output, trace);
      parts_.store.write(fiber, [&](Transaction& transaction) {
        runs::store_step(transaction, scope.tenant, scope.run, name, *stored, parts_.clock.now());
      });
    }
    outputs.push_back(json::parse(*stored).value_or_throw());
  }
  return outputs;
}

}  // namespace junctor
