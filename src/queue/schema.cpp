#include "queue/schema.h"

namespace junctor::queue {
namespace {

// How a message moves:
//   messages   its contents, written once
//   ready      may be leased now: one narrow row, in the order of delivery
//   delayed    may be leased later
//   leases     being worked on
//   lanes      unfinished messages with a partition key; only the first of a lane is in one of the
//              three tables above, the others wait here
// A finished message is in none of them.
constexpr Migration migrations[] = {
    {1, "event log, queues, inbox",
     R"(
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, tenant TEXT NOT NULL, topic TEXT NOT NULL,
  source TEXT NOT NULL, connection TEXT NOT NULL, entity TEXT NOT NULL, created_at BIGINT NOT NULL,
  payload TEXT NOT NULL, headers TEXT NOT NULL, correlation_id TEXT NOT NULL,
  causation_id TEXT NOT NULL, traceparent TEXT NOT NULL);
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_topic ON events (tenant, topic, seq);
CREATE INDEX events_entity ON events (tenant, entity, seq) WHERE entity <> '';

CREATE TABLE publish_keys (
  tenant TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,
  id BLOB NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (tenant, scope, key)) WITHOUT ROWID;
CREATE INDEX publish_keys_age ON publish_keys (created_at);

CREATE TABLE subscriptions (
  tenant TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT NOT NULL, queue TEXT NOT NULL,
  ignore_source TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (tenant, name));

CREATE TABLE queues (
  id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, name TEXT NOT NULL,
  paused BIGINT NOT NULL, most_attempts BIGINT NOT NULL, lease_ms BIGINT NOT NULL,
  backoff_first_ms BIGINT NOT NULL, backoff_factor DOUBLE PRECISION NOT NULL,
  backoff_most_ms BIGINT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (tenant, name));

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  event_seq BIGINT, partition_key TEXT NOT NULL, topic TEXT, payload TEXT, headers TEXT,
  created_at BIGINT NOT NULL);

CREATE TABLE ready (
  queue_id BIGINT NOT NULL, rank BIGINT NOT NULL, pos BIGINT NOT NULL, seq BIGINT NOT NULL,
  attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL, tenant TEXT NOT NULL,
  PRIMARY KEY (queue_id, rank, pos)) WITHOUT ROWID;

CREATE TABLE delayed (
  queue_id BIGINT NOT NULL, due_at BIGINT NOT NULL, seq BIGINT NOT NULL, rank BIGINT NOT NULL,
  attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL, tenant TEXT NOT NULL,
  PRIMARY KEY (queue_id, due_at, seq)) WITHOUT ROWID;

CREATE TABLE leases (
  seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL, until BIGINT NOT NULL,
  rank BIGINT NOT NULL, attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL,
  nonce BIGINT NOT NULL, leased_at BIGINT NOT NULL, consumer TEXT NOT NULL);

CREATE TABLE lanes (
  queue_id BIGINT NOT NULL, partition_key TEXT NOT NULL, seq BIGINT NOT NULL, rank BIGINT NOT NULL,
  due_at BIGINT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (queue_id, partition_key, seq)) WITHOUT ROWID;

CREATE TABLE attempts (
  seq BIGINT NOT NULL, number BIGINT NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, consumer TEXT NOT NULL,
  outcome TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (seq, number)) WITHOUT ROWID;

CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  event_id BLOB, partition_key TEXT NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL,
  headers TEXT NOT NULL, rank BIGINT NOT NULL, created_at BIGINT NOT NULL, died_at BIGINT NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX dead_letters_queue ON dead_letters (queue_id, seq);
CREATE UNIQUE INDEX dead_letters_id ON dead_letters (id);

CREATE TABLE queue_counts (
  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL, accepted BIGINT NOT NULL,
  finished BIGINT NOT NULL, retried BIGINT NOT NULL);
CREATE INDEX queue_counts_queue ON queue_counts (queue_id, tenant);

CREATE TABLE inbox (
  tenant TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, received_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, PRIMARY KEY (tenant, source, key)) WITHOUT ROWID;
CREATE INDEX inbox_expiry ON inbox (expires_at);

CREATE TABLE idempotency_keys (
  tenant TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,
  state TEXT NOT NULL, answer TEXT NOT NULL, started_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, scope, key)) WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency_keys (expires_at);
)",
     R"(
CREATE SEQUENCE junctor_seq;
CREATE TABLE events (
  seq BIGINT PRIMARY KEY, id BYTEA NOT NULL, tenant TEXT NOT NULL, topic TEXT NOT NULL,
  source TEXT NOT NULL, connection TEXT NOT NULL, entity TEXT NOT NULL, created_at BIGINT NOT NULL,
  payload TEXT NOT NULL, headers TEXT NOT NULL, correlation_id TEXT NOT NULL,
  causation_id TEXT NOT NULL, traceparent TEXT NOT NULL);
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_topic ON events (tenant, topic, seq);
CREATE INDEX events_tenant ON events (tenant, seq);
CREATE INDEX events_entity ON events (tenant, entity, seq) WHERE entity <> '';

CREATE TABLE publish_keys (
  tenant TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BYTEA NOT NULL,
  id BYTEA NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (tenant, scope, key));
CREATE INDEX publish_keys_age ON publish_keys (created_at);

CREATE TABLE subscriptions (
  tenant TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT NOT NULL, queue TEXT NOT NULL,
  ignore_source TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (tenant, name));

CREATE TABLE queues (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL,
  paused BIGINT NOT NULL, most_attempts BIGINT NOT NULL, lease_ms BIGINT NOT NULL,
  backoff_first_ms BIGINT NOT NULL, backoff_factor DOUBLE PRECISION NOT NULL,
  backoff_most_ms BIGINT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (tenant, name));
-- The ranks a queue has ever had: never removed, so finding the next message walks over no dead rows.
CREATE TABLE queue_ranks (
  tenant TEXT NOT NULL, queue_id BIGINT NOT NULL, rank BIGINT NOT NULL, PRIMARY KEY (queue_id, rank));

-- Contents are appended and never deleted one by one: a segment goes when all of it is finished.
CREATE TABLE messages (
  seq BIGINT NOT NULL, id BYTEA NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  event_seq BIGINT, partition_key TEXT NOT NULL, topic TEXT, payload TEXT, headers TEXT,
  created_at BIGINT NOT NULL, PRIMARY KEY (seq)) PARTITION BY RANGE (seq);
CREATE TABLE messages_0 PARTITION OF messages FOR VALUES FROM (0) TO (500000);
CREATE TABLE messages_1 PARTITION OF messages FOR VALUES FROM (500000) TO (1000000);
CREATE TABLE messages_2 PARTITION OF messages FOR VALUES FROM (1000000) TO (1500000);
CREATE TABLE messages_rest PARTITION OF messages DEFAULT;

CREATE TABLE ready (
  queue_id BIGINT NOT NULL, rank BIGINT NOT NULL, pos BIGINT NOT NULL, seq BIGINT NOT NULL,
  attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL, tenant TEXT NOT NULL,
  PRIMARY KEY (queue_id, rank, pos));

CREATE TABLE delayed (
  queue_id BIGINT NOT NULL, due_at BIGINT NOT NULL, seq BIGINT NOT NULL, rank BIGINT NOT NULL,
  attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL, tenant TEXT NOT NULL,
  PRIMARY KEY (queue_id, due_at, seq));
CREATE INDEX delayed_due ON delayed (due_at);

CREATE TABLE leases (
  seq BIGINT PRIMARY KEY, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL, until BIGINT NOT NULL,
  rank BIGINT NOT NULL, attempts BIGINT NOT NULL, fence BIGINT NOT NULL, keyed BIGINT NOT NULL,
  nonce BIGINT NOT NULL, leased_at BIGINT NOT NULL, consumer TEXT NOT NULL);
CREATE INDEX leases_until ON leases (until);

CREATE TABLE lanes (
  queue_id BIGINT NOT NULL, partition_key TEXT NOT NULL, seq BIGINT NOT NULL, rank BIGINT NOT NULL,
  due_at BIGINT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (queue_id, partition_key, seq));

CREATE TABLE attempts (
  seq BIGINT NOT NULL, number BIGINT NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, consumer TEXT NOT NULL,
  outcome TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (seq, number));

CREATE TABLE dead_letters (
  seq BIGINT PRIMARY KEY, id BYTEA NOT NULL, tenant TEXT NOT NULL, queue_id BIGINT NOT NULL,
  event_id BYTEA, partition_key TEXT NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL,
  headers TEXT NOT NULL, rank BIGINT NOT NULL, created_at BIGINT NOT NULL, died_at BIGINT NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX dead_letters_queue ON dead_letters (queue_id, seq);
CREATE UNIQUE INDEX dead_letters_id ON dead_letters (id);

-- Changes are added as rows and summed up now and then: one row updated in place would hold everybody.
CREATE TABLE queue_counts (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, tenant TEXT NOT NULL,
  queue_id BIGINT NOT NULL, accepted BIGINT NOT NULL, finished BIGINT NOT NULL, retried BIGINT NOT NULL);

CREATE TABLE inbox (
  tenant TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, received_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, PRIMARY KEY (tenant, source, key));
CREATE INDEX inbox_expiry ON inbox (expires_at);

CREATE TABLE idempotency_keys (
  tenant TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BYTEA NOT NULL,
  state TEXT NOT NULL, answer TEXT NOT NULL, started_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, scope, key));
CREATE INDEX idempotency_expiry ON idempotency_keys (expires_at);
)"},
    // Most of their rows live for seconds. Vacuumed by number, not by share of a table that is large only
    // for what is dead in it.
    {2, "tables of short-lived rows are vacuumed often", "SELECT 1",
     R"(
ALTER TABLE ready SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 500000);
ALTER TABLE leases SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 500000);
ALTER TABLE delayed SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0);
ALTER TABLE lanes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0);
ALTER TABLE queue_counts SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)
)"},
};

}  // namespace

MigrationSet queue_migrations() { return {"queue", migrations}; }

}  // namespace junctor::queue
