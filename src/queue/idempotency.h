// Idempotency keys of requests whose answer takes a while: the key is claimed in one transaction and
// completed in a later one.
//
//   claim → Fresh: do the work, then complete() or abandon()
//         → Finished: the stored answer again
//         → Mismatch: the key came with another request (422)
//         → Busy: the first request is still at work (409)
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

struct IdempotencyKey {
  TenantId tenant = default_tenant();
  std::string_view scope;  // what the key belongs to: a route
  std::string_view key;
};

struct Fresh {};
struct Finished {
  std::string answer;
};
struct Mismatch {};
struct Busy {};
using Claim = std::variant<Fresh, Finished, Mismatch, Busy>;

// fingerprint: a digest of the request. abandoned_after: a claim this old without completion is taken
// over (its process died). keep: how long the answer is kept.
Claim claim(Transaction& tx, const IdempotencyKey& key, std::string_view fingerprint, Timestamp now,
            std::chrono::milliseconds keep = std::chrono::hours(24),
            std::chrono::milliseconds abandoned_after = std::chrono::minutes(5));
void complete(Transaction& tx, const IdempotencyKey& key, std::string_view answer);
// The work failed in a way that a repetition may cure: the key is free again.
void abandon(Transaction& tx, const IdempotencyKey& key);
int forget_answers(Transaction& tx, Timestamp now, int most);

}  // namespace junctor::queue
