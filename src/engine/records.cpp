#include "engine/records.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "connector/secret_values.h"
#include "json/canonical.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/clock.h"
#include "junctor/failure.h"
#include "queue/event_log.h"
#include "store/transaction.h"

namespace junctor {
namespace {

constexpr std::array<Migration, 1> steps{{{1, "records of collections", R"sql(
CREATE TABLE records (
  tenant TEXT NOT NULL,
  integration TEXT NOT NULL,
  collection TEXT NOT NULL,
  record_key TEXT NOT NULL,
  version BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (tenant, integration, collection, record_key)
);
)sql",
                                             {}}}};

void check_key(std::string_view collection, std::string_view key) {
  if (collection.empty() || collection.size() > 100)
    throw Failure(FailureKind::invalid, "a collection's name has 1 to 100 bytes");
  if (key.empty() || key.size() > StoredRecords::most_key_bytes)
    throw Failure(FailureKind::invalid, "the key of a record has 1 to 512 bytes");
}

Record read_row(const Row& row) {
  Record record;
  record.key = row.text(0);
  record.version = row.int64(1);
  record.value = json::parse(row.text(2)).value_or_throw();
  return record;
}

Json without_secrets(const RecordScope& scope, const Json& value) {
  return scope.secrets == nullptr ? value : scope.secrets->without_credentials(value);
}

std::vector<Record> read_list(Snapshot& snapshot, const TenantId& tenant,
                              std::string_view integration, const RecordQuery& query) {
  std::vector<Record> out;
  snapshot.for_each(
      "SELECT record_key, version, value FROM records WHERE tenant = ? AND integration = ? AND "
      "collection = ? AND record_key > ? ORDER BY record_key LIMIT ?",
      [&](const Row& row) { out.push_back(read_row(row)); }, tenant, integration, query.collection,
      query.after, std::clamp<std::size_t>(query.limit, 1, 1'000));
  return out;
}

}  // namespace

const MigrationSet& StoredRecords::migrations() {
  static constexpr MigrationSet set{"records", steps};
  return set;
}

StoredRecords::StoredRecords(Transaction& transaction, queue::EventLog& events,
                             const RecordScope& scope, Timestamp now)
    : transaction_(transaction), events_(events), scope_(scope), now_(now) {}

std::optional<Record> StoredRecords::get(std::string_view collection, std::string_view key) {
  std::optional<Record> found;
  transaction_.for_each(
      "SELECT record_key, version, value FROM records WHERE tenant = ? AND integration = ? AND "
      "collection = ? AND record_key = ?",
      [&](const Row& row) { found = read_row(row); }, scope_.tenant, scope_.integration, collection,
      key);
  return found;
}

std::vector<Record> StoredRecords::list(const RecordQuery& query) {
  return read_list(transaction_, scope_.tenant, scope_.integration, query);
}

Change StoredRecords::put(std::string_view collection, std::string_view key, const Json& value) {
  check_key(collection, key);
  // Canonical text, so that a reordered object is no change.
  const std::string text = json::canonical_text(without_secrets(scope_, value));
  const auto existing = transaction_.value<std::string>(
      "SELECT value FROM records WHERE tenant = ? AND integration = ? AND collection = ? AND "
      "record_key = ?",
      scope_.tenant, scope_.integration, collection, key);
  if (existing == text) return Change::unchanged;
  transaction_.execute(
      "INSERT INTO records (tenant, integration, collection, record_key, version, changed_at, value) "
      "VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (tenant, integration, collection, record_key) DO "
      "UPDATE SET version = records.version + 1, changed_at = excluded.changed_at, "
      "value = excluded.value",
      scope_.tenant, scope_.integration, collection, key, now_, text);
  return existing ? Change::updated : Change::created;
}

bool StoredRecords::remove(std::string_view collection, std::string_view key) {
  return transaction_.execute(
             "DELETE FROM records WHERE tenant = ? AND integration = ? AND collection = ? AND "
             "record_key = ?",
             scope_.tenant, scope_.integration, collection, key) > 0;
}

EventId StoredRecords::emit(std::string_view topic, const Json& given) {
  const Json payload = without_secrets(scope_, given);
  queue::NewEvent event;
  event.tenant = scope_.tenant;
  event.topic = topic.find('.') == std::string_view::npos
                    ? scope_.integration + "." + std::string(topic)
                    : std::string(topic);
  event.source = scope_.integration;
  event.payload = json::to_text(payload);
  event.correlation_id = scope_.run.to_string();
  event.causation_id = scope_.run.to_string();
  if (!scope_.source.empty())
    event.headers = json::to_text(Json(JsonObject{{"x-source", scope_.source}}));
  if (payload.is_object())
    if (const auto* id = payload.get_object().if_contains("id"); id && id->is_string()) {
      event.entity = std::string(id->get_string());
      event.partition_key = event.entity;
    }
  const auto published = events_.append(transaction_, event);
  return EventId(std::get<queue::Accepted>(published).id);
}

std::vector<Record> list_records(Snapshot& snapshot, const TenantId& tenant,
                                 std::string_view integration, const RecordQuery& query) {
  return read_list(snapshot, tenant, integration, query);
}

}  // namespace junctor
