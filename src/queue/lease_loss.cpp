// What became of a message whose lease does not count any more.
#include <fmt/format.h>

#include "junctor/failure.h"
#include "queue/queues.h"
#include "queue/recently_finished.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

std::string how_it_returned(Snapshot& view, const LeaseToken& lease) {
  std::string text(to_string(LeaseLoss::expired));
  view.for_each(
      "SELECT outcome, ended_at, consumer FROM attempts WHERE seq = ? AND number = ? AND tenant = ?",
      [&](const Row& row) {
        const std::string at = junctor::to_string(row.time(1));
        if (row.text(0) == "expired")
          text = fmt::format("the lease ran out at {} and the message waits in its queue again", at);
        else
          text = fmt::format("the lease was ended as {} by '{}' at {} and the message waits again",
                             row.text(0), row.text(2), at);
      },
      lease.seq, lease.fence, lease.tenant);
  return text;
}

}  // namespace

void throw_lost(LeaseLoss loss) {
  throw Failure(loss == LeaseLoss::unknown ? FailureKind::not_found : FailureKind::conflict,
                fmt::format("the lease does not count any more: {}", to_string(loss)));
}

LeaseLoss Queues::what_happened(Snapshot& view, const LeaseToken& lease) {
  if (!lease.may_be_genuine()) return LeaseLoss::unknown;
  const auto exists = [&](std::string_view sql) {
    return view.value<std::int64_t>(sql, lease.seq, lease.tenant).has_value();
  };
  if (exists("SELECT 1 FROM leases WHERE seq = ? AND tenant = ?")) return LeaseLoss::taken_over;
  if (exists("SELECT 1 FROM dead_letters WHERE seq = ? AND tenant = ?")) return LeaseLoss::dead_lettered;
  // Whoever returned to the queue left a line; finishing removes it.
  if (exists("SELECT 1 FROM attempts WHERE seq = ? AND tenant = ? LIMIT 1")) return LeaseLoss::expired;
  return tables_->was_given(view, lease.seq) ? LeaseLoss::finished : LeaseLoss::unknown;
}

std::string Queues::describe(Snapshot& view, const LeaseToken& lease, LeaseLoss loss) {
  std::string text(to_string(loss));
  if (loss == LeaseLoss::expired) return how_it_returned(view, lease);
  if (loss == LeaseLoss::finished) {
    if (const auto entry = finished_->find(lease.seq))
      text += fmt::format(": at {} by '{}'", junctor::to_string(entry->at), entry->consumer);
  } else if (loss == LeaseLoss::taken_over) {
    view.for_each("SELECT consumer, leased_at FROM leases WHERE seq = ? AND tenant = ?",
                  [&](const Row& row) {
                    text = fmt::format("the lease ran out and '{}' has the message since {}",
                                       row.text(0), junctor::to_string(row.time(1)));
                  },
                  lease.seq, lease.tenant);
  } else if (loss == LeaseLoss::dead_lettered) {
    view.for_each("SELECT died_at, reason FROM dead_letters WHERE seq = ? AND tenant = ?",
                  [&](const Row& row) {
                    text = fmt::format("the message is a dead letter since {}: {}",
                                       junctor::to_string(row.time(0)), row.text(1));
                  },
                  lease.seq, lease.tenant);
  }
  return text;
}

void Queues::remember_finished(Transaction& tx, const std::vector<LeaseRow>& rows) {
  if (rows.empty()) return;
  std::vector<RecentlyFinished::Entry> entries;
  entries.reserve(rows.size());
  const Timestamp now = clock().now();
  for (const LeaseRow& row : rows) entries.push_back({row.seq, now, row.consumer});
  tx.after_commit([this, entries = std::move(entries)] { finished_->note(entries); });
}

}  // namespace junctor::queue
