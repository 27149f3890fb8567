#include "queue/stats.h"

#include <algorithm>
#include <map>

namespace junctor::queue {
namespace {

using ById = std::map<std::int64_t, QueueStats>;

void add(Snapshot& view, std::string_view sql, ById& queues, std::int64_t QueueStats::*member) {
  view.for_each(sql, [&](const Row& row) {
    const auto found = queues.find(row.int64(0));
    if (found != queues.end()) found->second.*member += row.int64(1);
  });
}

// The first of each rank is the oldest of it; the ranks are found by leaps over the index.
constexpr std::string_view oldest_ready =
    "WITH RECURSIVE ranks(rank) AS (SELECT min(rank) FROM ready WHERE queue_id = ?1 UNION ALL"
    " SELECT (SELECT min(r.rank) FROM ready r WHERE r.queue_id = ?1 AND r.rank > ranks.rank)"
    " FROM ranks WHERE ranks.rank IS NOT NULL)"
    " SELECT min(m.created_at) FROM ranks JOIN messages m ON m.seq ="
    " (SELECT r.seq FROM ready r WHERE r.queue_id = ?1 AND r.rank = ranks.rank ORDER BY r.pos LIMIT 1)"
    " WHERE ranks.rank IS NOT NULL";

void add_oldest(Snapshot& view, ById& queues, Timestamp now) {
  const auto note = [&](QueueStats& stats, std::int64_t created) {
    stats.oldest_age = std::max(stats.oldest_age, std::chrono::milliseconds(now.time_since_epoch().count() - created));
  };
  for (auto& [id, stats] : queues)
    if (const auto created = view.value<std::int64_t>(oldest_ready, id)) note(stats, *created);
  view.for_each(
      "SELECT l.queue_id, min(m.created_at) FROM leases l JOIN messages m ON m.seq = l.seq"
      " GROUP BY l.queue_id",
      [&](const Row& row) {
        const auto found = queues.find(row.int64(0));
        if (found != queues.end()) note(found->second, row.int64(1));
      });
}

}  // namespace

std::vector<QueueStats> queue_stats(Snapshot& view, const std::optional<TenantId>& tenant,
                                    Timestamp now) {
  ById queues;
  view.for_each("SELECT id, tenant, name, paused FROM queues ORDER BY id", [&](const Row& row) {
    QueueStats stats;
    stats.tenant = row.get<TenantId>(1);
    stats.queue = row.get<std::string>(2);
    stats.paused = row.boolean(3);
    if (!tenant || *tenant == stats.tenant) queues.emplace(row.int64(0), std::move(stats));
  });
  add(view, "SELECT queue_id, count(*) FROM ready GROUP BY queue_id", queues, &QueueStats::ready);
  add(view, "SELECT queue_id, count(*) FROM delayed GROUP BY queue_id", queues, &QueueStats::delayed);
  add(view, "SELECT queue_id, count(*) FROM leases GROUP BY queue_id", queues, &QueueStats::leased);
  add(view, "SELECT queue_id, count(*) FROM dead_letters GROUP BY queue_id", queues,
      &QueueStats::dead_letters);
  // Of a lane, the first stands in one of the tables above.
  add(view,
      "SELECT queue_id, count(*) - count(DISTINCT partition_key) FROM lanes GROUP BY queue_id", queues,
      &QueueStats::behind_lane);
  for (const auto& [column, member] :
       {std::pair("accepted", &QueueStats::accepted), std::pair("finished", &QueueStats::finished),
        std::pair("retried", &QueueStats::retried)})
    add(view,
        std::string("SELECT queue_id, CAST(sum(") + column +
            ") AS BIGINT) FROM queue_counts GROUP BY queue_id",
        queues, member);
  add_oldest(view, queues, now);
  std::vector<QueueStats> result;
  for (auto& [id, stats] : queues) result.push_back(std::move(stats));
  return result;
}

}  // namespace junctor::queue
