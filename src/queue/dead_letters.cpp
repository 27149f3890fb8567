// Dead letters: where messages go that cannot be finished, and the ways back.
#include <map>

#include "junctor/failure.h"
#include "queue/counts.h"
#include "queue/queues.h"
#include "queue/tables.h"

namespace junctor::queue {

void Queues::bury(Transaction& tx, const LeaseRow& row, const std::string& reason) {
  const auto buried = tx.execute(
      "INSERT INTO dead_letters (seq, id, tenant, queue_id, event_id, partition_key, topic, payload,"
      " headers, rank, created_at, died_at, reason)"
      " SELECT m.seq, m.id, m.tenant, m.queue_id, e.id, m.partition_key, coalesce(e.topic, m.topic),"
      " coalesce(e.payload, m.payload), coalesce(e.headers, m.headers), ?, m.created_at, ?, ?"
      " FROM messages m LEFT JOIN events e ON e.seq = m.event_seq WHERE m.seq = ?",
      row.rank, clock().now(), reason.substr(0, 4'096), row.seq);
  JUNCTOR_CHECK(buried == 1);
  if (row.keyed) wake_after_commit(tx, row.queue_id);
  tables_->finish(tx, {&row, 1});
}

namespace {

DeadLetter read_dead_letter(const Row& row, const std::string& queue) {
  DeadLetter letter;
  letter.id = row.get<MessageId>(1);
  letter.tenant = row.get<TenantId>(2);
  letter.queue = queue;
  letter.event = row.get<std::optional<EventId>>(3);
  letter.partition_key = row.get<std::string>(4);
  letter.topic = row.get<std::string>(5);
  letter.payload = row.get<std::string>(6);
  letter.headers = row.get<std::string>(7);
  letter.priority = priority_of(row.int64(8));
  letter.created_at = row.time(9);
  letter.died_at = row.time(10);
  letter.reason = row.get<std::string>(11);
  return letter;
}

std::vector<Attempt> read_attempts(Snapshot& view, Position seq) {
  std::vector<Attempt> attempts;
  view.for_each(
      "SELECT number, started_at, ended_at, consumer, outcome, error FROM attempts WHERE seq = ?"
      " ORDER BY number",
      [&](const Row& row) {
        attempts.push_back({row.get<int>(0), row.time(1), row.time(2), row.get<std::string>(3),
                            row.get<std::string>(4), row.get<std::string>(5)});
      },
      seq);
  return attempts;
}

}  // namespace

std::vector<DeadLetter> Queues::dead_letters(Snapshot& view, const TenantId& tenant,
                                             const std::string& name, std::int64_t after, int most,
                                             std::int64_t* next) {
  const QueueInfo queue = require(view, tenant, name);
  std::vector<DeadLetter> letters;
  std::vector<Position> seqs;
  view.for_each(
      "SELECT seq, id, tenant, event_id, partition_key, topic, payload, headers, rank, created_at,"
      " died_at, reason FROM dead_letters WHERE queue_id = ? AND tenant = ? AND seq > ?"
      " ORDER BY seq LIMIT ?",
      [&](const Row& row) {
        seqs.push_back(row.int64(0));
        letters.push_back(read_dead_letter(row, name));
      },
      queue.id, tenant, after, most);
  for (std::size_t i = 0; i < seqs.size(); ++i) letters[i].attempts = read_attempts(view, seqs[i]);
  if (next != nullptr) *next = seqs.empty() ? after : seqs.back();
  return letters;
}

bool Queues::redrive(Transaction& tx, const TenantId& tenant, const std::string& name,
                     const MessageId& id) {
  const QueueInfo queue = require(tx, tenant, name);
  const Rows rows = tx.query(
      "SELECT seq, queue_id FROM dead_letters WHERE tenant = ? AND queue_id = ? AND id = ?", tenant,
      queue.id, id);
  return redrive_rows(tx, tenant, rows) == 1;
}

int Queues::redrive_all(Transaction& tx, const TenantId& tenant, const std::string& name, int most) {
  const QueueInfo queue = require(tx, tenant, name);
  const Rows rows = tx.query(
      "SELECT seq, queue_id FROM dead_letters WHERE tenant = ? AND queue_id = ? ORDER BY seq LIMIT ?",
      tenant, queue.id, most);
  return redrive_rows(tx, tenant, rows);
}

// The message keeps its id and gets a place at the end, with fresh attempts.
int Queues::redrive_rows(Transaction& tx, const TenantId& tenant, const Rows& rows) {
  for (const auto& found : rows) {
    const Position seq = found.int64(0);
    Placement placement;
    placement.queue_id = found.int64(1);
    placement.tenant = tenant;
    tx.for_each(
        "SELECT d.id, e.id, d.partition_key, d.topic, d.payload, d.headers, d.rank, d.created_at"
        " FROM dead_letters d LEFT JOIN events e ON e.id = d.event_id WHERE d.seq = ?",
        [&](const Row& row) {
          placement.id = row.get<MessageId>(0);
          placement.event = row.get<std::optional<EventId>>(1);
          placement.partition_key = row.get<std::string>(2);
          placement.topic = row.get<std::string>(3);
          placement.payload = row.get<std::string>(4);
          placement.headers = row.get<std::string>(5);
          placement.rank = rank_of(priority_of(row.int64(6)), 0);
          placement.created_at = row.time(7);
        },
        seq);
    tx.execute("DELETE FROM dead_letters WHERE seq = ?", seq);
    tx.execute("DELETE FROM attempts WHERE seq = ?", seq);
    wake_after_commit(tx, placement.queue_id);
    tables_->add_message(tx, std::move(placement));
  }
  return static_cast<int>(rows.size());
}

int Queues::purge_dead_letters(Transaction& tx, const TenantId& tenant, const std::string& name,
                               int most) {
  const QueueInfo queue = require(tx, tenant, name);
  const Rows rows = tx.query(
      "SELECT seq FROM dead_letters WHERE tenant = ? AND queue_id = ? ORDER BY seq LIMIT ?", tenant,
      queue.id, most);
  for (const auto& row : rows) {
    tx.execute("DELETE FROM attempts WHERE seq = ?", row.int64(0));
    tx.execute("DELETE FROM dead_letters WHERE seq = ?", row.int64(0));
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count > 0) add_count(tx, *tables_, tenant, queue.id, {0, count, 0});
  return static_cast<int>(count);
}

// Ready ones are taken like a consumer would and finished at once.
int Queues::purge(Transaction& tx, const TenantId& tenant, const std::string& name, int most) {
  const QueueInfo queue = require(tx, tenant, name);
  const Timestamp now = clock().now();
  const TakeOptions options{most, now, now + std::chrono::minutes(1), "purge"};
  const auto taken = tables_->take(tx, queue, {&options, 1}).front();
  std::vector<LeaseToken> leases;
  for (const Message& message : taken) leases.push_back(message.lease);
  try_ack(tx, leases);
  const int count = static_cast<int>(taken.size());
  return count < most ? count + purge_delayed(tx, queue, most - count) : count;
}

int Queues::purge_delayed(Transaction& tx, const QueueInfo& queue, int most) {
  const Rows rows = tx.query(
      "SELECT seq, due_at, keyed FROM delayed WHERE queue_id = ? AND tenant = ? ORDER BY due_at, seq LIMIT ?",
      queue.id, queue.tenant, most);
  std::vector<LeaseRow> gone;
  for (const auto& row : rows) {
    // Another engine may just be making it ready.
    if (tx.execute("DELETE FROM delayed WHERE queue_id = ? AND due_at = ? AND seq = ?", queue.id,
                   row.int64(1), row.int64(0)) == 0)
      continue;
    tx.execute("DELETE FROM attempts WHERE seq = ?", row.int64(0));
    LeaseRow& one = gone.emplace_back();
    one.seq = row.int64(0);
    one.tenant = queue.tenant;
    one.queue_id = queue.id;
    one.keyed = row.boolean(2);
    one.consumer = "purge";
  }
  if (gone.empty()) return 0;
  add_count(tx, *tables_, queue.tenant, queue.id, {0, std::ssize(gone), 0});
  tables_->finish(tx, gone);
  remember_finished(tx, gone);
  return static_cast<int>(gone.size());
}

}  // namespace junctor::queue
