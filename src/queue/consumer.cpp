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
constexpr std::chrono::milliseconds most_sleep{60'000};
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
  service_.spawn([this](Fiber& fiber) { watch_the_time(fiber); });
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
    const auto now = std::chrono::steady_clock::now();
    held_[message.lease.seq] = {message.lease, length, now + length / 3, now + length};
    waiting_.push_back(std::move(message));
  }
  taken_.notify_all();
}

void Consumer::start_waiting() {
  while (!stopping_ && !waiting_.empty() && handlers_.size() < options_.concurrency) {
    Message message = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(message));
  }
}

void Consumer::start(Message message) {
  const LeaseToken lease = message.lease;
  const auto kept = std::make_shared<Message>(std::move(message));
  const auto handler = handlers_.spawn([this, kept](Fiber& fiber) { handle(fiber, std::move(*kept)); });
  if (Held* held = find_held(lease)) held->handler = handler;
}

void Consumer::handle(Fiber& fiber, Message message) {
  const LeaseToken lease = message.lease;
  Delivery delivery(queues_, std::move(message));
  if (Held* held = find_held(lease)) held->settled = delivery.settled_mark();
  fiber.trace().traceparent = header(delivery.message().headers, "traceparent");
  try {
    // The lease may have been lost between being given to this fiber and its start.
    if (find_held(lease) != nullptr) run_handler(fiber, delivery);
    let_go(lease);
  } catch (const Failure& failure) {
    // Cut short by stop(), which releases what is held. Otherwise the lease runs out by itself.
    if (!fiber.cancelled()) let_go(lease);
    log::write(log::Level::warning, "queue", "a delivery of '{}' could not be ended: {}",
               options_.queue, failure.message());
  }
  changed_.notify_all();
  // This fiber still counts as running until it has ended.
  if (!waiting_.empty() && !stopping_) {
    Message next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
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
    // By stop(), or because the lease is lost: then there is nothing to acknowledge.
    if (find_held(lease) != nullptr) finished_late_.push_back(lease);
    let_go(lease);
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
    const auto seen = taken_.count();
    auto next = std::chrono::steady_clock::now() + most_sleep;
    for (const auto& [seq, held] : held_) next = std::min(next, held.extend_at);
    sleep_until(fiber, next, seen);
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
  for (auto& [seq, held] : held_) {
    if (held.extend_at > now) continue;
    due.push_back(held);
    // For the case that the database does not answer.
    held.extend_at = now + std::min<std::chrono::milliseconds>(held.length / 6, wait_after_error);
  }
  if (due.empty()) return;
  std::vector<std::optional<LeaseLoss>> losses;
  queues_.store().write(
      fiber,
      [&](Transaction& tx) {
        losses.clear();
        Timestamp until;
        for (const Held& held : due)
          losses.push_back(queues_.try_heartbeat(tx, held.lease, held.length, &until));
      },
      own_locks);
  for (std::size_t i = 0; i < due.size(); ++i) note_heartbeat(due[i], losses[i], now);
}

// A lease may be gone because its handler has just ended the delivery itself. So one that nobody has
// taken over is called lost only when its time is over as well.
void Consumer::note_heartbeat(const Held& asked, const std::optional<LeaseLoss>& loss,
                              std::chrono::steady_clock::time_point at) {
  Held* held = find_held(asked.lease);
  if (held == nullptr) return;
  if (!loss) {
    held->until = at + held->length;
    held->extend_at = at + held->length / 3;
  } else if (held->settled && *held->settled) {
    let_go(asked.lease);
  } else if (*loss == LeaseLoss::taken_over || at >= held->until) {
    lose(asked.lease, to_string(*loss));
  } else {
    held->extend_at = held->until;
  }
}

// A database that is away tells nobody that a lease ran out, and an attempt to extend one may hang; the
// clock goes on.
void Consumer::watch_the_time(Fiber& fiber) {
  for (;;) {
    const auto seen = taken_.count();
    const auto now = std::chrono::steady_clock::now();
    auto next = now + most_sleep;
    std::vector<Held> over;
    for (const auto& [seq, held] : held_) {
      if (held.until <= now) over.push_back(held);
      else next = std::min(next, held.until);
    }
    for (const Held& held : over) {
      if (held.settled && *held.settled) let_go(held.lease);
      else lose(held.lease, "it could not be extended in time");
    }
    sleep_until(fiber, next, seen);
  }
}

// Or until a message is taken: its lease may be shorter than what was slept for.
void Consumer::sleep_until(Fiber& fiber, std::chrono::steady_clock::time_point next, std::uint64_t seen) {
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
  taken_.wait_for(fiber, seen, std::max(wait, std::chrono::milliseconds(10)));
}

void Consumer::lose(const LeaseToken& lease, std::string_view why) {
  ++stats_.lost;
  log::write(log::Level::warning, "queue", "consumer of '{}' lost a lease: {}", options_.queue, why);
  std::erase_if(waiting_, [&](const Message& message) { return message.lease == lease; });
  if (const Held* held = find_held(lease)) held->handler.cancel();
  let_go(lease);
  changed_.notify_all();
}

Consumer::Held* Consumer::find_held(const LeaseToken& lease) {
  const auto found = held_.find(lease.seq);
  return found != held_.end() && found->second.lease == lease ? &found->second : nullptr;
}

// The same message may have come back to this consumer under another lease, which stays.
void Consumer::let_go(const LeaseToken& lease) {
  if (find_held(lease) != nullptr) held_.erase(lease.seq);
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
