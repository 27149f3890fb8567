// Queues: messages with leases, retries, order per partition key, and dead letters.
//
// Every operation takes the Transaction of the caller, so that publishing, the effects of a handler and
// the acknowledgement can stand in one commit.
//
//   store.write(fiber, [&](Transaction& tx) { queues.enqueue(tx, tenant, "mail", {.payload = text}); });
//   for (Message& m : queues.wait_and_lease(fiber, {.tenant = tenant, .queue = "mail"}, 20s)) …
//   store.write(fiber, [&](Transaction& tx) { keep(tx, m); queues.ack(tx, m.lease); });
//
// Threads: any thread; the operations on a Transaction on the store's thread.
// Lifetime: outlives every transaction that uses it; the store outlives it.
// Invariants:
//   1. A message is leased to one consumer at a time; only the holder of the last lease can end it.
//   2. Of one partition key, only the oldest unfinished message is leased.
//   3. Every accepted message is waiting, leased, finished or a dead letter: never nowhere.
//   4. Waiting consumers are woken after the commit that gave them work.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/signal.h"
#include "queue/keys_in_flight.h"
#include "queue/stats_keeper.h"
#include "queue/types.h"
#include "store/store.h"

namespace junctor::queue {

class RecentlyFinished;
struct Subscription;
class Tables;
struct TakeOptions;
struct Placement;
struct LeaseRow;

struct QueueInfo {
  std::int64_t id = 0;
  TenantId tenant;
  std::string name;
  bool paused = false;
  QueueSettings settings;
};

// Shared by the cache and by transactions that outlast a change of it.
using KnownQueue = std::shared_ptr<const QueueInfo>;

struct EnqueueRequest;
struct LeaseCall;
struct AckRequest;

struct LeaseRequest {
  TenantId tenant = default_tenant();
  std::string queue;
  int most = 1;                                      // 1 … 1000
  std::optional<std::chrono::milliseconds> lease{};  // instead of the queue's
  std::string consumer{};                            // shown with attempts
};

using Subscriptions = std::shared_ptr<const std::vector<Subscription>>;

// Thrown as Failure{not_found} (unknown lease) or {conflict}; the message says what happened to it.
[[noreturn]] void throw_lost(LeaseLoss loss);

struct QueuesOptions {
  const Clock* clock = &system_clock();
  std::size_t most_payload_bytes = std::size_t{1} << 20;
  // How long a waiting consumer sleeps at most when nobody wakes it.
  std::chrono::milliseconds backstop{1'000};
};

class Queues final {
 public:
  using Options = QueuesOptions;
  explicit Queues(Store& store, Options options = {});
  ~Queues();
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;

  // --- queues ---
  // Creates the queue, or gives it new settings. Names: letters, digits, '.', '_', '-', ':'.
  QueueInfo ensure(Transaction& tx, const TenantId& tenant, const std::string& name,
                   const QueueSettings& settings = {});
  std::optional<QueueInfo> find(Snapshot& view, const TenantId& tenant, const std::string& name);
  std::vector<QueueInfo> list(Snapshot& view, const TenantId& tenant);
  // While paused, messages are accepted and not leased. Throw Failure{not_found}.
  void pause(Transaction& tx, const TenantId& tenant, const std::string& name);
  void resume(Transaction& tx, const TenantId& tenant, const std::string& name);

  // After a transaction that changed queues or subscriptions: returns when every engine works with the
  // change. On SQLite at once, on PostgreSQL after a fifth of a second.
  void wait_until_in_force(Fiber& fiber);

  // --- publishing ---
  // Throws Failure{not_found} for an unknown queue, {too_large} (413), {invalid} for a key, topic or
  // priority out of bounds. Payload and headers are stored as they are: see check_content().
  Published enqueue(Transaction& tx, const TenantId& tenant, const std::string& queue,
                    const NewMessage& message);
  // For fan-out: the message stands for an event of this transaction.
  void enqueue_event(Transaction& tx, const std::string& queue, const Event& event,
                     const std::string& partition_key, int priority);
  // For fan-out: the tenant's subscriptions, and what a transaction calls before it changes any.
  Subscriptions subscriptions_of(Transaction& tx, const TenantId& tenant);
  void subscriptions_change(Transaction& tx);
  // After the commit, for those who follow the event log.
  void wake_followers(Transaction& tx) { wake_after_commit(tx, 0); }

  // --- working ---
  // The next messages in order of priority, then age; none when the queue is empty or paused.
  std::vector<Message> lease(Transaction& tx, const LeaseRequest& request);
  // Waits up to at_most for the first message.
  std::vector<Message> wait_and_lease(Fiber& fiber, const LeaseRequest& request,
                                      std::chrono::milliseconds at_most);

  // A lease is looked for among its token's tenant's. The throwing forms roll the caller's transaction
  // back with them.

  // Ends messages for good.
  void ack(Transaction& tx, const LeaseToken& lease);
  // For each lease: nothing, or why it did not count.
  std::vector<std::optional<LeaseLoss>> try_ack(Transaction& tx, std::span<const LeaseToken> leases);

  void nack(Transaction& tx, const LeaseToken& lease, const Nack& nack);
  std::optional<LeaseLoss> try_nack(Transaction& tx, const LeaseToken& lease, const Nack& nack);

  // Extends the lease from now; returns its new end.
  Timestamp heartbeat(Transaction& tx, const LeaseToken& lease, std::chrono::milliseconds extend_by);
  std::optional<LeaseLoss> try_heartbeat(Transaction& tx, const LeaseToken& lease,
                                         std::chrono::milliseconds extend_by, Timestamp* until);

  // --- the same as writes of their own ---
  // Callers that wait at the same time share one transaction: one sync and few statements for all.
  // Several messages are published whole, or not at all when one comes back as KeyReused.
  std::vector<Published> enqueue(Fiber& fiber, const TenantId& tenant, const std::string& queue,
                                 std::span<const NewMessage> messages);
  std::vector<Message> lease(Fiber& fiber, const LeaseRequest& request);
  std::vector<std::optional<LeaseLoss>> try_ack(Fiber& fiber, std::span<const LeaseToken> leases);

  // What became of the message of a lost lease: when, by whom, why; as far as it is still known.
  std::string describe(Snapshot& view, const LeaseToken& lease, LeaseLoss loss);

  // --- dead letters ---
  // Oldest first, after `after` (0: from the start).
  std::vector<DeadLetter> dead_letters(Snapshot& view, const TenantId& tenant,
                                       const std::string& queue, std::int64_t after, int most,
                                       std::int64_t* next = nullptr);
  // Back into the queue with fresh attempts. False when there is no such dead letter.
  bool redrive(Transaction& tx, const TenantId& tenant, const std::string& queue, const MessageId& id);
  // Up to `most` of the queue; returns how many. Repeat until 0 for all.
  int redrive_all(Transaction& tx, const TenantId& tenant, const std::string& queue, int most);
  // Removes dead letters for good; these count as finished.
  int purge_dead_letters(Transaction& tx, const TenantId& tenant, const std::string& queue, int most);
  // Removes up to `most` waiting messages (not the leased ones); returns how many.
  int purge(Transaction& tx, const TenantId& tenant, const std::string& queue, int most);

  // Returns expired leases and due messages to their queues; up to `most` of each. Also done by lease().
  int sweep(Transaction& tx, int most = 1'000);

  // Looks, beside the work, for what the short ways to the next message may have passed over. Once a minute.
  void check_hints(Fiber& fiber);

  // Notified after every commit that may have given consumers of the queue work.
  Signal& signal(std::int64_t queue_id);
  Store& store() { return store_; }
  const Clock& clock() const { return *options_.clock; }
  std::chrono::milliseconds backstop() const { return options_.backstop; }
  std::size_t most_payload_bytes() const { return options_.most_payload_bytes; }
  Tables& tables() { return *tables_; }
  KeysInFlight& keys_in_flight() { return keys_in_flight_; }
  StatsKeeper& stats() { return stats_; }

  // Judges payload and headers as both kinds of publishing do; throws as enqueue().
  void check_content(std::string_view payload, std::string_view headers) const;

  // Throws Failure{not_found}.
  QueueInfo require(Snapshot& view, const TenantId& tenant, const std::string& name);

 private:
  struct Cache;
  struct Together;

  void check(const NewMessage& message) const;
  static void check(const LeaseRequest& request);
  static TakeOptions take_options(const QueueInfo& queue, const LeaseRequest& request, Timestamp now);
  void enqueue_together(Transaction& tx, std::span<EnqueueRequest* const> requests);
  void lease_together(Transaction& tx, std::span<LeaseCall* const> calls);
  void ack_together(Transaction& tx, std::span<AckRequest* const> requests);
  void change_paused(Transaction& tx, const TenantId& tenant, const std::string& name, bool paused);
  KnownQueue cached(Transaction& tx, const TenantId& tenant, const std::string& name);
  void place(Transaction& tx, const QueueInfo& queue, Placement placement);
  void wake_after_commit(Transaction& tx, std::int64_t queue_id);
  void expire(Transaction& tx, const LeaseRow& row);
  void return_failed(Transaction& tx, const LeaseRow& row, const Nack& nack);
  void bury(Transaction& tx, const LeaseRow& row, const std::string& reason);
  void note_attempt(Transaction& tx, const LeaseRow& row, std::string_view outcome,
                    std::string_view error);
  std::optional<QueueInfo> by_id(Snapshot& view, std::int64_t id);
  LeaseLoss what_happened(Snapshot& view, const LeaseToken& lease);
  void remember_finished(Transaction& tx, const std::vector<LeaseRow>& rows);
  int purge_delayed(Transaction& tx, const QueueInfo& queue, int most);
  int redrive_rows(Transaction& tx, const TenantId& tenant, const Rows& rows);
  std::chrono::milliseconds time_to_next(Fiber& fiber, std::int64_t queue_id);

  Store& store_;
  Options options_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<RecentlyFinished> finished_;
  KeysInFlight keys_in_flight_;
  StatsKeeper stats_;
  std::unique_ptr<Together> together_;
  std::mutex signals_mutex_;
  std::unordered_map<std::int64_t, std::unique_ptr<Signal>> signals_;
};

}  // namespace junctor::queue
