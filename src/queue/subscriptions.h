// Who gets which events: a topic pattern and a queue.
//
// Threads: any thread; operations on a Transaction on the store's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

class Queues;

struct Subscription {
  TenantId tenant;
  std::string name;           // unique within the tenant
  std::string pattern;        // "hubspot.contact_*"; '*' stands for any text
  std::string queue;
  std::string ignore_source;  // events marked with this x-source are not delivered: echoes; or empty

  friend bool operator==(const Subscription&, const Subscription&) = default;
};

// Whether the topic fits the pattern. Linear in both.
bool topic_matches(std::string_view pattern, std::string_view topic);

// Adds it, or replaces the one of this name. Effective for every event appended after this transaction;
// by other engines on PostgreSQL, after Queues::wait_until_in_force().
// Throws Failure{not_found} for an unknown queue, {invalid} for a bad name or pattern.
void subscribe(Transaction& tx, Queues& queues, const Subscription& subscription);
// False when there was none. Messages already fanned out stay.
bool unsubscribe(Transaction& tx, Queues& queues, const TenantId& tenant, const std::string& name);
std::vector<Subscription> subscriptions(Snapshot& view, const TenantId& tenant);

}  // namespace junctor::queue
