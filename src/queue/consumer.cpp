#include "queue/consumer.h"

#include <algorithm>

#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"

namespace junctor::queue {
namespace {

constexpr std::chrono::milliseconds most_wait{20'000};
constexpr std::chrono::milliseconds wait_after_error{500};
constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};

Nack nack_for(const std::exception& error) {
  const auto* failure = dynamic_cast<const Failure*>(&error);
  if (failure == nullptr) return {Nack::Kind::failed, error.what(), std::nullopt};
  switch (failure->kind()) {
    case FailureKind::unsupported:
      return {Nack::Kind::release, failure->message(),
              failure->retry_after().value_or(std::chrono::seconds(1))};
    case FailureKind::cancelled: return {Nack::Kind::release, failure->message(), std::nullopt};
    case FailureKind::invalid:
    case FailureKind::denied:
    case FailureKind::not_found:
    case FailureKind::too_large: return {Nack::Kind::reject, failure->message(), std::nullopt};
    default: return {Nack::Kind::failed, failure->message(), failure->retry_after()};
  }
}

}  // namespace

void Delivery::ack(Transaction& tx) {
  queues_.ack(tx, message_.lease);
  tx.after_commit([settled = settled_] { *settled = true; });
}

void Delivery::nack(Transaction& tx, const Nack& nack) {
  queues_.nack(tx, message_.lease, nack);
  tx.after_commit([settled = settled_] { *settled = true; });
}

Consumer::Consumer(Loop& loop, Queues& queues, ConsumeOptions options, Handler handler)
    : queues_(queues),
      options_(std::move(options)),
      handler_(std::move(handler)),
      handlers_(loop, "handler of " + options_.queue),
      service_(loop, "consumer of " + options_.queue) {
  service_.spawn([this](Fiber& fiber) { fetch(fiber); });
  service_.spawn([this](Fiber& fiber) { keep_leases(fiber); });
}

Consumer::~Consumer() = default;

void Consumer::fetch(Fiber& fiber) {
  const std::size_t most_held = options_.concurrency + options_.prefetch;
  while (!stopping_) {
    const auto seen = changed_.count();
    if (held_.size() >= most_held) {
      changed_.wait(fiber, seen);
    } else {
      try {
        take(fiber);
      } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::cancelled || failure.kind() == FailureKind::corrupt) throw;
        log::write(log::Level::warning, "queue", "consumer of '{}' waits: {}", options_.queue,
                   failure.message());
        fiber.sleep_for(failure.retry_after().value_or(wait_after_error));
      }
    }
    start_waiting();
  }
}

void Consumer::take(Fiber& fiber) {
  const std::size_t room = options_.concurrency + options_.prefetch - held_.size();
  const LeaseRequest request{options_.tenant, options_.queue,
                             static_cast<int>(std::min<std::size_t>(room, 1'000)), std::nullopt,
                             options_.name};
  for (Message& message : queues_.wait_and_lease(fiber, request, most_wait)) {
    const auto length = message.leased_until - queues_.clock().now();
    held_[message.lease.seq] = {message.lease, length, std::chrono::steady_clock::now() + length / 3};
    waiting_.push_back(std::move(message));
  }
}

void Consumer::start_waiting() {
  while (!stopping_ && !waiting_.empty() && handlers_.size() < options_.concurrency) {
    auto message = std::make_shared<Message>(std::move(waiting_.front()));
    waiting_.pop_front();
    handlers_.spawn([this, message](Fiber& fiber) { handle(fiber, std::move(*message)); });
  }
}

void Consumer::handle(Fiber& fiber, Message message) {
  const Position seq = message.lease.seq;
  Delivery delivery(queues_, std::move(message));
  fiber.trace().traceparent = header(delivery.message().headers, "traceparent");
  try {
    run_handler(fiber, delivery);
    held_.erase(seq);
  } catch (const Failure& failure) {
    // Cut short by stop(), which releases what is held. Otherwise the lease runs out by itself.
    if (!fiber.cancelled()) held_.erase(seq);
    log::write(log::Level::warning, "queue", "a delivery of '{}' could not be ended: {}",
               options_.queue, failure.message());
  }
  changed_.notify_all();
  // This fiber still counts as running until it has ended.
  if (!waiting_.empty() && !stopping_) {
    auto next = std::make_shared<Message>(std::move(waiting_.front()));
    waiting_.pop_front();
    handlers_.spawn([this, next](Fiber& inner) { handle(inner, std::move(*next)); });
  }
}

void Consumer::run_handler(Fiber& fiber, Delivery& delivery) {
  std::optional<Nack> nack;
  try {
    handler_(fiber, delivery);
    ++stats_.handled;
    if (!delivery.settled()) acknowledge(fiber, delivery);
    return;
  } catch (const std::exception& error) {
    if (delivery.settled()) return;
    nack = nack_for(error);
  } catch (...) {
    if (delivery.settled()) return;
    nack = {Nack::Kind::failed, "unknown exception", std::nullopt};
  }
  ++(nack->kind == Nack::Kind::release ? stats_.released : stats_.failed);
  const LeaseToken lease = delivery.message().lease;
  const auto loss = queues_.store().write(
      fiber, [&](Transaction& tx) { return queues_.try_nack(tx, lease, *nack); }, own_locks);
  if (loss) ++stats_.lost;
}

// Without the disk nothing was acknowledged: the message comes back when its lease ends.
void Consumer::acknowledge(Fiber& fiber, Delivery& delivery) {
  const LeaseToken lease = delivery.message().lease;
  if (fiber.cancelled()) {
    finished_late_.push_back(lease);
    held_.erase(lease.seq);
    return;
  }
  const auto loss = queues_.try_ack(fiber, {&lease, 1}).front();
  if (!loss) return;
  ++stats_.lost;
  log::write(log::Level::warning, "queue", "consumer of '{}' lost a lease: {}", options_.queue,
             to_string(*loss));
}

void Consumer::keep_leases(Fiber& fiber) {
  for (;;) {
    auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    for (const auto& [seq, held] : held_) next = std::min(next, held.extend_at);
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
        next - std::chrono::steady_clock::now());
    fiber.sleep_for(std::max(wait, std::chrono::milliseconds(10)));
    try {
      extend(fiber);
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      log::write(log::Level::warning, "queue", "leases of '{}' were not extended: {}", options_.queue,
                 failure.message());
    }
  }
}

void Consumer::extend(Fiber& fiber) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Held> due;
  for (const auto& [seq, held] : held_)
    if (held.extend_at <= now) due.push_back(held);
  if (due.empty()) return;
  queues_.store().write(
      fiber,
      [&](Transaction& tx) {
        Timestamp until;
        for (const Held& held : due) queues_.try_heartbeat(tx, held.lease, held.length, &until);
      },
      own_locks);
  for (const Held& held : due) {
    const auto found = held_.find(held.lease.seq);
    if (found != held_.end() && found->second.lease == held.lease)
      found->second.extend_at = now + held.length / 3;
  }
}

bool Consumer::wait_for_handlers(Fiber& fiber, std::chrono::milliseconds at_most) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  while (handlers_.size() > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    fiber.sleep_for(std::min(left, std::chrono::milliseconds(5)));
  }
  return true;
}

void Consumer::stop(Fiber& fiber) {
  stopping_ = true;
  wait_for_handlers(fiber, options_.grace);
  handlers_.stop(fiber);
  // A lease that was on its way is among them once fetch() has ended.
  service_.stop(fiber);
  std::vector<LeaseToken> rest;
  for (const auto& [seq, held] : held_) rest.push_back(held.lease);
  held_.clear();
  waiting_.clear();
  if (rest.empty() && finished_late_.empty()) return;
  queues_.store().write(fiber, [&](Transaction& tx) {
    queues_.try_ack(tx, finished_late_);
    for (const LeaseToken& lease : rest)
      queues_.try_nack(tx, lease, {Nack::Kind::release, "the consumer stopped", std::nullopt});
  });
}

}  // namespace junctor::queue
