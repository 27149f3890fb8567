#include "queue/queues.h"

#include <fmt/format.h>

#include <algorithm>

#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/committed_cache.h"
#include "queue/counts.h"
#include "queue/merged.h"
#include "queue/publish_keys.h"
#include "queue/queue_info.h"
#include "queue/recently_finished.h"
#include "queue/subscriptions.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

constexpr int most_priority = 1'000;
constexpr int most_per_lease = 1'000;
constexpr int most_noted_attempts = 100;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':';
  });
}

double random_fraction() {
  return static_cast<double>(random_bits() >> 11) * 0x1p-53;
}

}  // namespace

// A set of subscriptions is shared by the cache and the transactions that fan out with it.
struct Queues::Cache {
  CommittedCache<KnownQueue> queues;
  CommittedCache<Subscriptions> subscriptions;
};

Queues::Queues(Store& store, Options options)
    : store_(store),
      options_(options),
      tables_(store.dialect() == Dialect::sqlite ? make_sqlite_tables(*options.clock)
                                                 : make_postgres_tables(*options.clock)),
      cache_(std::make_unique<Cache>()),
      finished_(std::make_unique<RecentlyFinished>()),
      stats_(store, *options.clock),
      together_(std::make_unique<Together>(*this)) {
  store_.listen("junctor_queue", [this](const std::string& payload) {
    if (!payload.empty()) return signal(std::strtoll(payload.c_str(), nullptr, 10)).notify_all();
    tables_->connection_was_lost();
    std::lock_guard lock(signals_mutex_);
    for (auto& [id, signal] : signals_) signal->notify_all();
  });
}

Queues::~Queues() { store_.listen("junctor_queue", nullptr); }

Signal& Queues::signal(std::int64_t queue_id) {
  std::lock_guard lock(signals_mutex_);
  auto& signal = signals_[queue_id];
  if (!signal) signal = std::make_unique<Signal>();
  return *signal;
}

namespace {
// Queues that one transaction gave work to.
struct ToWake {
  std::vector<std::int64_t> queues;
};
}  // namespace

void Queues::wake_after_commit(Transaction& tx, std::int64_t queue_id) {
  auto& to_wake = tx.local<ToWake>().queues;
  if (std::find(to_wake.begin(), to_wake.end(), queue_id) != to_wake.end()) return;
  to_wake.push_back(queue_id);
  if (tx.dialect() == Dialect::postgres)
    tx.before_commit([queue_id](Transaction& inner) {
      inner.execute_later("SELECT pg_notify('junctor_queue', ?)", std::to_string(queue_id));
    });
  tx.after_commit([this, queue_id] { signal(queue_id).notify_all(); });
}

// --- queues ---

QueueInfo Queues::ensure(Transaction& tx, const TenantId& tenant, const std::string& name,
                         const QueueSettings& settings) {
  if (!is_name(name))
    throw Failure(FailureKind::invalid,
                  "a queue's name has 1 to 200 letters, digits, '.', '_', '-' or ':'");
  if (settings.lease < std::chrono::milliseconds(100) || settings.lease > std::chrono::hours(24 * 7) ||
      settings.most_attempts < 0 || settings.backoff.factor < 1 || settings.backoff.factor > 100 ||
      settings.backoff.first < std::chrono::milliseconds(0) ||
      settings.backoff.most > std::chrono::hours(24 * 30))
    throw Failure(FailureKind::invalid, "a queue's settings are out of bounds");
  cache_->queues.touch(tx);
  tx.execute(
      "INSERT INTO queues (tenant, name, paused, most_attempts, lease_ms, backoff_first_ms,"
      " backoff_factor, backoff_most_ms, created_at) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant, name) DO UPDATE SET most_attempts = excluded.most_attempts,"
      " lease_ms = excluded.lease_ms, backoff_first_ms = excluded.backoff_first_ms,"
      " backoff_factor = excluded.backoff_factor, backoff_most_ms = excluded.backoff_most_ms",
      tenant, name, settings.most_attempts, settings.lease, settings.backoff.first,
      settings.backoff.factor, settings.backoff.most, clock().now());
  return require(tx, tenant, name);
}

std::optional<QueueInfo> Queues::find(Snapshot& view, const TenantId& tenant,
                                      const std::string& name) {
  return find_queue(view, tenant, name);
}

std::vector<QueueInfo> Queues::list(Snapshot& view, const TenantId& tenant) {
  return list_queues(view, tenant);
}

QueueInfo Queues::require(Snapshot& view, const TenantId& tenant, const std::string& name) {
  if (auto found = find_queue(view, tenant, name)) return *found;
  throw Failure(FailureKind::not_found, fmt::format("no queue '{}'", name));
}

KnownQueue Queues::cached(Transaction& tx, const TenantId& tenant, const std::string& name) {
  const auto load = [&]() -> std::optional<KnownQueue> {
    auto info = find_queue(tx, tenant, name);
    if (!info) return std::nullopt;
    return std::make_shared<const QueueInfo>(std::move(*info));
  };
  if (auto found = cache_->queues.find(tx, *tables_, {tenant.text(), name}, load)) return *found;
  throw Failure(FailureKind::not_found, fmt::format("no queue '{}'", name));
}

Subscriptions Queues::subscriptions_of(Transaction& tx, const TenantId& tenant) {
  const auto load = [&] {
    return std::optional(std::make_shared<const std::vector<Subscription>>(subscriptions(tx, tenant)));
  };
  return *cache_->subscriptions.find(tx, *tables_, {tenant.text(), ""}, load);
}

void Queues::subscriptions_change(Transaction& tx) { cache_->subscriptions.touch(tx); }

void Queues::wait_until_in_force(Fiber& fiber) {
  if (store_.dialect() == Dialect::postgres) fiber.sleep_for(most_cached_age);
}

void Queues::change_paused(Transaction& tx, const TenantId& tenant, const std::string& name,
                           bool paused) {
  const QueueInfo queue = require(tx, tenant, name);
  cache_->queues.touch(tx);
  tx.execute("UPDATE queues SET paused = ? WHERE id = ? AND tenant = ?", paused, queue.id, tenant);
  wake_after_commit(tx, queue.id);
}

void Queues::pause(Transaction& tx, const TenantId& tenant, const std::string& name) {
  change_paused(tx, tenant, name, true);
}

void Queues::resume(Transaction& tx, const TenantId& tenant, const std::string& name) {
  change_paused(tx, tenant, name, false);
}

// --- publishing ---

void Queues::check(const NewMessage& message) const {
  if (message.payload.size() > options_.most_payload_bytes)
    throw Failure(FailureKind::too_large,
                  fmt::format("a payload has at most {} bytes", options_.most_payload_bytes));
  if (message.partition_key.size() > most_key_bytes || message.topic.size() > most_topic_bytes ||
      message.idempotency_key.size() > most_key_bytes || std::abs(message.priority) > most_priority ||
      message.delay.count() < 0)
    throw Failure(FailureKind::invalid,
                  "a key has at most 2048 bytes, a topic 256; priorities go from -1000 to 1000");
}

Published Queues::enqueue(Transaction& tx, const TenantId& tenant, const std::string& name,
                          const NewMessage& message) {
  check(message);
  const KnownQueue queue = cached(tx, tenant, name);
  const MessageId id = MessageId::generate();
  const Timestamp now = clock().now();
  if (!message.idempotency_key.empty())
    if (auto answer = claim_key(tx, tenant, message_key_scope(name), message.idempotency_key, message.topic,
                                message.payload, id.uuid(), now))
      return *answer;
  place(tx, *queue,
        {id, queue->id, tenant, std::nullopt, message.partition_key, message.topic, message.payload,
         message.headers, rank_of(message.priority, 0), now,
         message.delay.count() > 0 ? now + message.delay : Timestamp()});
  return Accepted{id.uuid()};
}

void Queues::enqueue_event(Transaction& tx, const std::string& name, const Event& event,
                           const std::string& partition_key, int priority) {
  const KnownQueue queue = cached(tx, event.tenant, name);
  place(tx, *queue,
        {MessageId::generate(), queue->id, queue->tenant, event.id, partition_key, "", "", "",
         rank_of(priority, 0), event.created_at, Timestamp()});
}

void Queues::place(Transaction& tx, const QueueInfo& queue, Placement placement) {
  tables_->add_message(tx, std::move(placement));
  add_count(tx, *tables_, queue.tenant, queue.id, {1, 0, 0});
  wake_after_commit(tx, queue.id);
}

// --- working ---

void Queues::check(const LeaseRequest& request) {
  if (request.most < 1 || request.most > most_per_lease)
    throw Failure(FailureKind::invalid, "a lease takes 1 to 1000 messages");
}

TakeOptions Queues::take_options(const QueueInfo& queue, const LeaseRequest& request, Timestamp now) {
  const auto lease = std::clamp(request.lease.value_or(queue.settings.lease),
                                std::chrono::milliseconds(100),
                                std::chrono::milliseconds(std::chrono::hours(24 * 7)));
  return {request.most, now, now + lease, request.consumer};
}

std::vector<Message> Queues::lease(Transaction& tx, const LeaseRequest& request) {
  check(request);
  const KnownQueue queue = cached(tx, request.tenant, request.queue);
  if (queue->paused) return {};
  if (sweep(tx) > 0) tables_->settle(tx);
  const TakeOptions options = take_options(*queue, request, clock().now());
  return std::move(tables_->take(tx, *queue, {&options, 1}).front());
}

void Queues::ack(Transaction& tx, const LeaseToken& lease) {
  if (const auto loss = try_ack(tx, {&lease, 1}).front()) throw_lost(*loss);
}

std::vector<std::optional<LeaseLoss>> Queues::try_ack(Transaction& tx,
                                                      std::span<const LeaseToken> leases) {
  const auto rows = tables_->remove_leases(tx, leases);
  std::vector<std::optional<LeaseLoss>> losses(leases.size());
  std::vector<LeaseRow> finished;
  finished.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) {
      losses[i] = what_happened(tx, leases[i]);
      continue;
    }
    const LeaseRow& row = *rows[i];
    if (row.fence > 1) tx.execute("DELETE FROM attempts WHERE seq = ?", row.seq);
    if (row.keyed) wake_after_commit(tx, row.queue_id);
    add_count(tx, *tables_, row.tenant, row.queue_id, {0, 1, 0});
    finished.push_back(row);
  }
  tables_->finish(tx, finished);
  remember_finished(tx, finished);
  return losses;
}

void Queues::nack(Transaction& tx, const LeaseToken& lease, const Nack& nack) {
  if (const auto loss = try_nack(tx, lease, nack)) throw_lost(*loss);
}

std::optional<LeaseLoss> Queues::try_nack(Transaction& tx, const LeaseToken& lease,
                                          const Nack& nack) {
  const auto row = tables_->remove_leases(tx, {&lease, 1}).front();
  if (!row) return what_happened(tx, lease);
  return_failed(tx, *row, nack);
  return std::nullopt;
}

void Queues::return_failed(Transaction& tx, const LeaseRow& row, const Nack& nack) {
  const Timestamp now = clock().now();
  if (nack.kind == Nack::Kind::reject) {
    note_attempt(tx, row, "rejected", nack.error);
    return bury(tx, row, nack.error.empty() ? "rejected" : nack.error);
  }
  LeaseRow back = row;
  std::chrono::milliseconds wait = nack.delay.value_or(std::chrono::milliseconds(0));
  if (nack.kind == Nack::Kind::release) {
    note_attempt(tx, row, "released", nack.error);
    back.attempts = row.attempts - 1;
  } else {
    note_attempt(tx, row, "failed", nack.error);
    const auto queue = by_id(tx, row.queue_id);
    const QueueSettings settings = queue ? queue->settings : QueueSettings();
    if (settings.most_attempts > 0 && row.attempts >= settings.most_attempts)
      return bury(tx, row, nack.error.empty() ? "failed" : nack.error);
    if (!nack.delay) wait = settings.backoff.wait_after(row.attempts, random_fraction());
    add_count(tx, *tables_, row.tenant, row.queue_id, {0, 0, 1});
  }
  back.rank = rank_of(priority_of(row.rank), back.attempts);
  tables_->put_back(tx, back, wait.count() > 0 ? now + wait : Timestamp());
  wake_after_commit(tx, row.queue_id);
}

void Queues::note_attempt(Transaction& tx, const LeaseRow& row, std::string_view outcome,
                          std::string_view error) {
  tx.execute(
      "INSERT INTO attempts (seq, number, tenant, queue_id, started_at, ended_at, consumer, outcome,"
      " error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.seq, row.fence, row.tenant, row.queue_id, row.leased_at, clock().now(), row.consumer, outcome,
      error.substr(0, 4'096));
  if (row.fence > most_noted_attempts)
    tx.execute("DELETE FROM attempts WHERE seq = ? AND number <= ?", row.seq,
               row.fence - most_noted_attempts);
}

Timestamp Queues::heartbeat(Transaction& tx, const LeaseToken& lease,
                            std::chrono::milliseconds extend_by) {
  Timestamp until;
  if (const auto loss = try_heartbeat(tx, lease, extend_by, &until)) throw_lost(*loss);
  return until;
}

std::optional<LeaseLoss> Queues::try_heartbeat(Transaction& tx, const LeaseToken& lease,
                                               std::chrono::milliseconds extend_by,
                                               Timestamp* until) {
  *until = clock().now() + std::clamp(extend_by, std::chrono::milliseconds(100),
                                      std::chrono::milliseconds(std::chrono::hours(24 * 7)));
  const auto changed =
      tx.execute("UPDATE leases SET until = ? WHERE seq = ? AND fence = ? AND nonce = ? AND tenant = ?",
                 *until, lease.seq, lease.fence, lease.nonce, lease.tenant);
  if (changed == 1) return std::nullopt;
  return what_happened(tx, lease);
}

int Queues::sweep(Transaction& tx, int most) {
  const Timestamp now = clock().now();
  if (!tables_->sweep_is_due(now)) return 0;
  int moved = 0;
  for (const LeaseRow& row : tables_->take_expired(tx, now, most)) {
    expire(tx, row);
    ++moved;
  }
  for (const std::int64_t queue : tables_->promote(tx, now, most)) {
    wake_after_commit(tx, queue);
    ++moved;
  }
  return moved;
}

void Queues::expire(Transaction& tx, const LeaseRow& row) {
  note_attempt(tx, row, "expired", "the lease ran out");
  const auto queue = by_id(tx, row.queue_id);
  if (queue && queue->settings.most_attempts > 0 && row.attempts >= queue->settings.most_attempts)
    return bury(tx, row, "the lease ran out on the last attempt");
  LeaseRow back = row;
  back.rank = rank_of(priority_of(row.rank), row.attempts);
  tables_->put_back(tx, back, Timestamp());
  add_count(tx, *tables_, row.tenant, row.queue_id, {0, 0, 1});
  wake_after_commit(tx, row.queue_id);
}

std::optional<QueueInfo> Queues::by_id(Snapshot& view, std::int64_t id) {
  return find_queue_by_id(view, id);
}

}  // namespace junctor::queue
