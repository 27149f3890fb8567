// What many callers ask of the queues at the same time, done in one transaction. Only for this room.
//
// Publishing, leasing and acknowledging one by one cost a commit each, and on PostgreSQL several round
// trips. Those that wait together become few statements over many rows; every caller has its own answer.
//
// Threads: the store's, for the work; a request belongs to its caller.
#pragma once

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "queue/event_log.h"
#include "queue/queues.h"

namespace junctor::queue {

struct EnqueueRequest {
  const TenantId& tenant;
  const std::string& queue;
  std::span<const NewMessage> messages;
  std::vector<Published> answers{};
  std::exception_ptr error{};
};

struct AppendRequest {
  std::span<const NewEvent> events;
  std::vector<Published> answers{};
  std::exception_ptr error{};
};

struct LeaseCall {
  const LeaseRequest& request;
  std::vector<Message> messages{};
  std::exception_ptr error{};
};

struct AckRequest {
  std::span<const LeaseToken> leases;
  std::vector<std::optional<LeaseLoss>> losses{};
};

struct Queues::Together {
  explicit Together(Queues& queues);
  MergedWork<EnqueueRequest> enqueue;
  MergedWork<LeaseCall> lease;
  MergedWork<AckRequest> ack;
};

struct EventLog::Together {
  explicit Together(EventLog& log);
  MergedWork<AppendRequest> append;
};

}  // namespace junctor::queue
