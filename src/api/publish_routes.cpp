// The publishing routes of queue_routes.h.
#include <algorithm>

#include "api/queue_bodies.h"
#include "api/queue_routes.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "queue/publish_keys.h"

namespace junctor::api {
namespace {

using namespace queue;

constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};

// The idempotency keys of one publication, and what they belong to.
struct Keys {
  TenantId tenant;
  std::string scope;
  std::vector<std::string> names;

  std::vector<std::string> in_flight() const {
    std::vector<std::string> full;
    for (const std::string& name : names) full.push_back(tenant.text() + '\n' + scope + '\n' + name);
    return full;
  }
};

// Thrown to take a publication back: a key was used with another payload; another engine has a key.
struct TakenBack {
  std::vector<Published> answers;
};
struct KeyIsBusy {};

HttpResponse busy() {
  HttpResponse response = problem_response(
      409, "a publication with this idempotency key is under way; repeat it for the answer");
  response.headers.add("Retry-After", "1");
  return response;
}

// What was published, and whether it was new.
HttpResponse published(const std::vector<Published>& answers, bool batch) {
  JsonArray results;
  bool any_new = false;
  for (const Published& answer : answers) {
    if (std::holds_alternative<KeyReused>(answer))
      return problem_response(422, "the idempotency key was used with another payload");
    const bool replayed = std::holds_alternative<Replayed>(answer);
    any_new = any_new || !replayed;
    const Uuid id = replayed ? std::get<Replayed>(answer).id : std::get<Accepted>(answer).id;
    results.push_back(JsonObject{{"id", id.to_string()}, {"replayed", replayed}});
  }
  const int status = any_new ? 201 : 200;
  if (batch) return HttpResponse::json(status, JsonObject{{"results", std::move(results)}});
  return HttpResponse::json(status, results.front());
}

// Whether every key that somebody else holds has an answer on disk to repeat.
bool are_answered(Fiber& fiber, Store& store, const Keys& keys) {
  return store.read(fiber, [&](Snapshot& view) {
    return std::all_of(keys.names.begin(), keys.names.end(), [&](const std::string& name) {
      return is_key_used(view, keys.tenant, keys.scope, name);
    });
  });
}

// Another engine may be at work with the same keys.
void lock_keys(Transaction& tx, const Keys& keys) {
  for (const std::string& name : keys.names)
    if (!try_lock_key(tx, keys.tenant, keys.scope, name) &&
        !is_key_used(tx, keys.tenant, keys.scope, name))
      throw KeyIsBusy{};
}

// In a transaction of its own, because another engine may be at work with the same keys: sharing one,
// everybody would wait for it.
template <typename Values, typename One>
HttpResponse publish_locked(Fiber& fiber, Store& store, const Keys& keys, const Values& values,
                            bool batch, One&& one) {
  const auto work = [&](Transaction& tx) {
    lock_keys(tx, keys);
    std::vector<Published> answers;
    for (const auto& value : values) {
      answers.push_back(one(tx, value));
      if (std::holds_alternative<KeyReused>(answers.back())) throw TakenBack{std::move(answers)};
    }
    return answers;
  };
  try {
    return published(store.write(fiber, work, own_locks), batch);
  } catch (const TakenBack& taken) {
    return published(taken.answers, batch);
  } catch (const KeyIsBusy&) {
    return busy();
  }
}

// together(): as one of many that share a commit; one(): a single value in a transaction.
template <typename Values, typename Together, typename One>
HttpResponse publish_all(Fiber& fiber, Queues& queues, const Keys& keys, const Values& values,
                         bool batch, Together&& together, One&& one) {
  if (keys.names.empty()) return published(together(), batch);
  const auto hold = queues.keys_in_flight().hold(keys.in_flight());
  if (!hold.contested().empty() && !are_answered(fiber, queues.store(), keys)) return busy();
  if (queues.store().dialect() == Dialect::sqlite) return published(together(), batch);
  return publish_locked(fiber, queues.store(), keys, values, batch, one);
}

std::string key_header(const HttpRequest& request, std::string key, bool batch) {
  const auto header = request.headers.get("Idempotency-Key");
  if (!header || batch) return key;
  // A structured-field string stands in quotes; a bare one is taken as it is.
  std::string_view text = *header;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

template <typename Values>
Keys keys_of(const TenantId& tenant, std::string scope, const Values& values) {
  Keys keys{tenant, std::move(scope), {}};
  for (const auto& value : values)
    if (!value.idempotency_key.empty()) keys.names.push_back(value.idempotency_key);
  return keys;
}

HttpResponse publish_events(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "events:write");
  const Items items = items_of(request, "events");
  std::vector<NewEvent> events;
  for (const JsonObject& object : items.objects) {
    events.push_back(event_of(object, tenant));
    events.back().idempotency_key = key_header(request, events.back().idempotency_key, items.batch);
    parts.queues.check_content(events.back().payload, events.back().headers);
  }
  return publish_all(
      fiber, parts.queues, keys_of(tenant, event_key_scope(), events), events, items.batch,
      [&] { return parts.log.append(fiber, events); },
      [&](Transaction& tx, const NewEvent& event) { return parts.log.append(tx, event); });
}

HttpResponse publish_messages(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const std::string queue(request.path_value("queue").value_or(""));
  const Items items = items_of(request, "messages");
  std::vector<NewMessage> messages;
  for (const JsonObject& object : items.objects) {
    messages.push_back(message_of(object));
    messages.back().idempotency_key =
        key_header(request, messages.back().idempotency_key, items.batch);
    parts.queues.check_content(messages.back().payload, messages.back().headers);
  }
  return publish_all(
      fiber, parts.queues, keys_of(tenant, message_key_scope(queue), messages), messages, items.batch,
      [&] { return parts.queues.enqueue(fiber, tenant, queue, messages); },
      [&](Transaction& tx, const NewMessage& message) {
        return parts.queues.enqueue(tx, tenant, queue, message);
      });
}

}  // namespace

std::vector<Route> publish_routes(const QueueParts& parts);

std::vector<Route> publish_routes(const QueueParts& parts) {
  return {{"POST", "/v1/events",
           [parts](Fiber& fiber, HttpRequest& request) { return publish_events(fiber, request, parts); }},
          {"POST", "/v1/queues/{queue}/messages", [parts](Fiber& fiber, HttpRequest& request) {
             return publish_messages(fiber, request, parts);
           }}};
}

}  // namespace junctor::api
