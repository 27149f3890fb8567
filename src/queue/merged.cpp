#include "queue/merged.h"

#include <algorithm>
#include <map>

#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};
constexpr WriteOptions lease_options{Isolation::read_committed, Durability::relaxed};

void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

// Runs judge(); what it throws is the answer of this request alone. Nothing may have been written yet.
template <typename Request, typename Judge>
bool judged(Request& request, Judge&& judge) {
  request.error = nullptr;
  try {
    judge();
    return true;
  } catch (const Failure& failure) {
    const auto kind = failure.kind();
    if (kind != FailureKind::invalid && kind != FailureKind::not_found && kind != FailureKind::too_large)
      throw;
    request.error = std::current_exception();
    return false;
  }
}

template <typename Item>
bool may_be_merged(std::span<const Item> items) {
  if (items.size() == 1) return true;
  return std::all_of(items.begin(), items.end(),
                     [](const Item& item) { return item.idempotency_key.empty(); });
}

template <typename Item>
std::size_t bytes_of(std::span<const Item> items) {
  std::size_t bytes = 0;
  for (const Item& item : items) bytes += item.payload.size() + item.headers.size() + 256;
  return bytes;
}

// Several items with keys run alone: one whose key was used with another payload takes all back.
struct TakenBack {
  std::vector<Published> answers;
};

template <typename Item, typename Publish>
std::vector<Published> all_or_nothing(Fiber& fiber, Store& store, std::span<const Item> items,
                                      Publish&& publish) {
  const auto work = [&](Transaction& tx) {
    std::vector<Published> answers;
    for (const Item& item : items) {
      answers.push_back(publish(tx, item));
      if (std::holds_alternative<KeyReused>(answers.back())) throw TakenBack{std::move(answers)};
    }
    return answers;
  };
  try {
    return store.write(fiber, work, own_locks);
  } catch (const TakenBack& taken) {
    return taken.answers;
  }
}

}  // namespace

Queues::Together::Together(Queues& queues)
    : enqueue{[&queues](Transaction& tx, std::span<EnqueueRequest* const> requests) {
                queues.enqueue_together(tx, requests);
              },
              own_locks},
      lease{[&queues](Transaction& tx, std::span<LeaseCall* const> calls) {
              queues.lease_together(tx, calls);
            },
            lease_options},
      ack{[&queues](Transaction& tx, std::span<AckRequest* const> requests) {
            queues.ack_together(tx, requests);
          },
          own_locks} {}

// --- publishing ---

std::vector<Published> Queues::enqueue(Fiber& fiber, const TenantId& tenant, const std::string& name,
                                       std::span<const NewMessage> messages) {
  if (may_be_merged(messages)) {
    EnqueueRequest request{tenant, name, messages};
    store_.write(fiber, together_->enqueue, request, bytes_of(messages));
    rethrow(request.error);
    return std::move(request.answers);
  }
  return all_or_nothing(
      fiber, store_, messages,
      [&](Transaction& tx, const NewMessage& message) { return enqueue(tx, tenant, name, message); });
}

void Queues::enqueue_together(Transaction& tx, std::span<EnqueueRequest* const> requests) {
  for (EnqueueRequest* request : requests) {
    request->answers.clear();
    const bool fine = judged(*request, [&] {
      for (const NewMessage& message : request->messages) check(message);
      cached(tx, request->tenant, request->queue);
    });
    if (!fine) continue;
    for (const NewMessage& message : request->messages)
      request->answers.push_back(enqueue(tx, request->tenant, request->queue, message));
  }
}

EventLog::EventLog(Queues& queues) : queues_(queues), together_(std::make_unique<Together>(*this)) {}
EventLog::~EventLog() = default;

EventLog::Together::Together(EventLog& log)
    : append{[&log](Transaction& tx, std::span<AppendRequest* const> requests) {
               log.append_together(tx, requests);
             },
             own_locks} {}

std::vector<Published> EventLog::append(Fiber& fiber, std::span<const NewEvent> events) {
  if (may_be_merged(events)) {
    AppendRequest request{events};
    queues_.store().write(fiber, together_->append, request, bytes_of(events));
    rethrow(request.error);
    return std::move(request.answers);
  }
  return all_or_nothing(fiber, queues_.store(), events,
                        [&](Transaction& tx, const NewEvent& event) { return append(tx, event); });
}

void EventLog::append_together(Transaction& tx, std::span<AppendRequest* const> requests) {
  for (AppendRequest* request : requests) {
    request->answers.clear();
    const bool fine = judged(*request, [&] {
      for (const NewEvent& event : request->events) check(event);
    });
    if (!fine) continue;
    for (const NewEvent& event : request->events) request->answers.push_back(append(tx, event));
  }
}

// --- working ---

std::vector<Message> Queues::lease(Fiber& fiber, const LeaseRequest& request) {
  LeaseCall call{request};
  store_.write(fiber, together_->lease, call, 0);
  rethrow(call.error);
  return std::move(call.messages);
}

void Queues::lease_together(Transaction& tx, std::span<LeaseCall* const> calls) {
  // By queue, in one order for everybody: on PostgreSQL each is locked until the commit.
  std::map<std::int64_t, std::pair<KnownQueue, std::vector<LeaseCall*>>> queues;
  for (LeaseCall* call : calls) {
    call->messages.clear();
    judged(*call, [&] {
      check(call->request);
      const KnownQueue queue = cached(tx, call->request.tenant, call->request.queue);
      if (queue->paused) return;
      auto& [known, waiting] = queues[queue->id];
      known = queue;
      waiting.push_back(call);
    });
  }
  if (!queues.empty() && sweep(tx) > 0) tables_->settle(tx);
  const Timestamp now = clock().now();
  for (auto& [id, entry] : queues) {
    auto& [queue, waiting] = entry;
    std::vector<TakeOptions> wishes;
    for (const LeaseCall* call : waiting) wishes.push_back(take_options(*queue, call->request, now));
    auto taken = tables_->take(tx, *queue, wishes);
    for (std::size_t i = 0; i < taken.size(); ++i) waiting[i]->messages = std::move(taken[i]);
  }
}

std::vector<std::optional<LeaseLoss>> Queues::try_ack(Fiber& fiber,
                                                      std::span<const LeaseToken> leases) {
  AckRequest request{leases};
  store_.write(fiber, together_->ack, request, leases.size() * sizeof(LeaseToken));
  return std::move(request.losses);
}

void Queues::ack_together(Transaction& tx, std::span<AckRequest* const> requests) {
  std::vector<LeaseToken> leases;
  for (const AckRequest* request : requests)
    leases.insert(leases.end(), request->leases.begin(), request->leases.end());
  const auto losses = try_ack(tx, leases);
  auto next = losses.begin();
  for (AckRequest* request : requests) {
    const auto end = next + static_cast<std::ptrdiff_t>(request->leases.size());
    request->losses.assign(next, end);
    next = end;
  }
}

}  // namespace junctor::queue
