#include "engine/reactor.h"

#include <algorithm>
#include <boost/json.hpp>

#include "async/loop.h"
#include "base/log.h"
#include "engine/endpoints.h"
#include "engine/reaction_work.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/consumer.h"
#include "queue/event_log.h"
#include "queue/subscriptions.h"
#include "store/store.h"

namespace junctor {
namespace {

constexpr std::chrono::seconds tenant_watch{2};

// The queue's patterns know only "any text"; what is too wide is sorted out by wanted().
std::string wide_pattern(std::string pattern) {
  std::replace(pattern.begin(), pattern.end(), '>', '*');
  return pattern;
}

}  // namespace

Reactor::Reactor(const ReactorParts& parts) : parts_(parts) {}
Reactor::~Reactor() = default;

std::vector<TenantId> Reactor::tenants(Fiber& fiber) {
  return parts_.store.read(fiber, tenants_in_use);
}

void Reactor::define(Fiber& fiber) {
  const auto registry = parts_.registry.get();
  const auto all = tenants(fiber);
  parts_.store.write(fiber, [&](Transaction& transaction) {
    define_schedules(transaction, *registry, all);
    for (const TenantId& tenant : all) define_tenant(transaction, *registry, tenant);
  });
  parts_.events.queues().wait_until_in_force(fiber);
  const std::lock_guard lock(mutex_);
  defined_ = {all.begin(), all.end()};
}

void Reactor::define_tenant(Fiber& fiber, const TenantId& tenant) {
  if (is_defined(tenant)) return;
  const auto registry = parts_.registry.get();
  parts_.store.write(fiber, [&](Transaction& transaction) {
    define_tenant(transaction, *registry, tenant);
  });
}

bool Reactor::is_defined(const TenantId& tenant) {
  const std::lock_guard lock(mutex_);
  return defined_.contains(tenant);
}

void Reactor::follow_tenants(Fiber& fiber, bool consume) {
  while (true) {
    fiber.sleep_for(tenant_watch);
    try {
      const auto all = tenants(fiber);
      if (std::all_of(all.begin(), all.end(), [&](const TenantId& one) { return is_defined(one); }))
        continue;
      define(fiber);
      if (consume) start_consumers(fiber);
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      log::write(log::Level::warning, "engine", "new tenants wait: {} {}", failure.message(),
                 failure.detail());
    }
  }
}

void Reactor::define_schedules(Transaction& transaction, const Registry& registry,
                               const std::vector<TenantId>& tenants) {
  std::vector<std::string> slugs;
  std::vector<Schedule> wanted;
  for (const auto& [slug, integration] : registry.all()) {
    slugs.push_back(slug);
    for (const Reaction& reaction : integration->reactions)
      if (reaction.schedule)
        for (const TenantId& tenant : tenants)
          wanted.push_back({tenant, slug,
                            std::string(to_string(reaction.kind)) + "." + reaction.subject,
                            *reaction.schedule});
  }
  schedules::define(transaction, slugs, wanted, parts_.clock.now());
}

void Reactor::define_tenant(Transaction& transaction, const Registry& registry,
                            const TenantId& tenant) {
  queue::Queues& queues = parts_.events.queues();
  std::set<std::string> keep;
  for (const auto& [slug, integration] : registry.all())
    for (const Reaction& reaction : integration->reactions) {
      queue::QueueSettings settings;
      settings.most_attempts =
          reaction.most_attempts > 0 ? reaction.most_attempts : usual_attempts;
      settings.lease = std::chrono::seconds(30);
      queues.ensure(transaction, tenant, reaction.queue, settings);
      for (std::size_t i = 0; i < reaction.topics.size(); ++i) {
        const std::string name = reaction.queue + ":" + std::to_string(i);
        keep.insert(name);
        queue::subscribe(transaction, queues,
                         {tenant, name, wide_pattern(reaction.topics[i]), reaction.queue, ""});
      }
    }
  // Those of loaded integrations that no longer exist; others belong to somebody else.
  for (const auto& subscription : queue::subscriptions(transaction, tenant)) {
    const std::string slug = subscription.name.substr(0, subscription.name.find('.'));
    if (registry.find(slug) != nullptr && subscription.queue.starts_with(slug + ".") &&
        !keep.contains(subscription.name))
      queue::unsubscribe(transaction, queues, tenant, subscription.name);
  }
}

void Reactor::start_consumers(Fiber& fiber) {
  const auto registry = parts_.registry.get();
  for (const TenantId& tenant : tenants(fiber))
    for (const auto& [slug, integration] : registry->all())
      for (const Reaction& reaction : integration->reactions) start_consumer(tenant, reaction);
}

void Reactor::start_consumer(const TenantId& tenant, const Reaction& reaction) {
  if (!consumed_.insert(tenant.text() + "\n" + reaction.queue).second) return;
  Loop* loop = parts_.loops[consumers_.size() % parts_.loops.size()];
  queue::ConsumeOptions options;
  options.tenant = tenant;
  options.queue = reaction.queue;
  options.name = "engine";
  options.concurrency = static_cast<std::size_t>(reaction.concurrency);
  // The definition is looked up per message, so that a reload takes effect for what waits.
  auto handler = [this, integration = reaction.integration, queue = reaction.queue](
                     Fiber& fiber, queue::Delivery& delivery) {
    handle(fiber, delivery, integration, queue);
  };
  consumers_.emplace_back(
      loop, std::make_unique<queue::Consumer>(*loop, parts_.events.queues(), options, handler));
}

void Reactor::stop(Fiber& fiber) {
  Scope scope(fiber.loop(), "reactor stop");
  for (auto& [loop, consumer] : consumers_) {
    queue::Consumer& one = *consumer;
    if (loop == &fiber.loop()) {
      scope.spawn([&one](Fiber& inner) { one.stop(inner); });
      continue;
    }
    // A consumer stops on its own loop; this fiber waits for it here, and for the scope to be empty
    // before it goes.
    scope.spawn([&one, other = loop](Fiber& inner) {
      Scope there(*other, "consumer stop");
      inner.wait_uninterruptible([&](Waker waker) {
        other->post([&one, &there, waker] {
          there.spawn([&one, waker](Fiber& on_its_loop) {
            one.stop(on_its_loop);
            waker.wake();
          });
        });
      });
      inner.wait_uninterruptible(
          [&](Waker waker) { there.stop_then([waker] { waker.wake(); }); });
    });
  }
  scope.join(fiber);
  consumers_.clear();
  consumed_.clear();
}

schedules::Fire Reactor::fire() {
  return [this](Transaction& transaction, const TenantId& tenant, const ScheduleRow& row,
                Timestamp moment) {
    queue::NewMessage message;
    message.topic = "schedule";
    message.payload = json::to_text(Json(JsonObject{{"scheduled_for", to_string(moment)}}));
    message.idempotency_key = "schedule:" + std::to_string(moment.time_since_epoch().count());
    const std::string queue = row.integration + "." + row.subject;
    message.idempotency_key += ":" + queue;
    parts_.events.queues().enqueue(transaction, tenant, queue, message);
  };
}

RunId Reactor::start(Fiber& fiber, const TenantId& tenant, const std::string& integration,
                     Reaction::Kind kind, const std::string& subject, const std::string& connection,
                     const Json& input) {
  const auto loaded = parts_.registry.get()->require(integration);
  for (const Reaction& reaction : loaded->reactions) {
    if (reaction.kind != kind || reaction.subject != subject) continue;
    queue::NewMessage message;
    message.topic = "person";
    message.payload = json::to_text(input);
    if (!connection.empty())
      message.headers = json::to_text(Json(JsonObject{{"connection", connection}}));
    return parts_.store.write(fiber, [&](Transaction& transaction) {
      const auto published =
          parts_.events.queues().enqueue(transaction, tenant, reaction.queue, message);
      queue::Message stands_for;
      stands_for.id = queue::MessageId(std::get<queue::Accepted>(published).id);
      stands_for.tenant = tenant;
      stands_for.queue = reaction.queue;
      stands_for.created_at =
          Timestamp(std::chrono::milliseconds(stands_for.id.uuid().unix_milliseconds()));
      return run_id_of(stands_for);
    });
  }
  throw Failure(FailureKind::not_found,
                integration + " has no " + std::string(to_string(kind)) + " \"" + subject + "\"");
}

}  // namespace junctor
