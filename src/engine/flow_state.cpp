#include "engine/flow_state.h"

#include <array>
#include <boost/json.hpp>

#include "json/parse.h"
#include "json/serialize.h"
#include "store/transaction.h"

namespace junctor {
namespace {

constexpr std::array<Migration, 1> steps{{{1, "cursors and deliveries of flows", R"sql(
CREATE TABLE flow_cursors (
  tenant TEXT NOT NULL,
  integration TEXT NOT NULL,
  flow TEXT NOT NULL,
  connection TEXT NOT NULL,
  cursor_value TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, integration, flow, connection)
);
CREATE TABLE flow_deliveries (
  tenant TEXT NOT NULL,
  integration TEXT NOT NULL,
  flow TEXT NOT NULL,
  connection TEXT NOT NULL,
  source_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  target_id TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, integration, flow, connection, source_id)
);
)sql",
                                             {}}}};

}  // namespace

namespace flow_state {

const MigrationSet& migrations() {
  static constexpr MigrationSet set{"flows", steps};
  return set;
}

std::optional<Json> cursor(Snapshot& snapshot, const FlowKey& key) {
  const auto text = snapshot.value<std::string>(
      "SELECT cursor_value FROM flow_cursors WHERE tenant = ? AND integration = ? AND flow = ? AND "
      "connection = ?",
      key.tenant, key.integration, key.flow, key.connection);
  if (!text) return std::nullopt;
  return json::parse(*text).value_or_throw();
}

void set_cursor(Transaction& transaction, const FlowKey& key, const Json& cursor, Timestamp now) {
  transaction.execute(
      "INSERT INTO flow_cursors (tenant, integration, flow, connection, cursor_value, changed_at) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, integration, flow, connection) DO UPDATE SET "
      "cursor_value = excluded.cursor_value, changed_at = excluded.changed_at",
      key.tenant, key.integration, key.flow, key.connection, json::to_text(cursor), now);
}

std::optional<Delivered> delivered(Snapshot& snapshot, const FlowKey& key, std::string_view id) {
  std::optional<Delivered> found;
  snapshot.for_each(
      "SELECT fingerprint, target_id FROM flow_deliveries WHERE tenant = ? AND integration = ? AND "
      "flow = ? AND connection = ? AND source_id = ?",
      [&](const Row& row) {
        found = Delivered{std::string(row.text(0)), std::string(row.text(1))};
      },
      key.tenant, key.integration, key.flow, key.connection, id);
  return found;
}

void set_delivered(Transaction& transaction, const FlowKey& key, std::string_view id,
                   const Delivered& delivered, Timestamp now) {
  transaction.execute(
      "INSERT INTO flow_deliveries (tenant, integration, flow, connection, source_id, fingerprint, "
      "target_id, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, integration, "
      "flow, connection, source_id) DO UPDATE SET fingerprint = excluded.fingerprint, "
      "target_id = excluded.target_id, changed_at = excluded.changed_at",
      key.tenant, key.integration, key.flow, key.connection, id, delivered.fingerprint,
      delivered.target_id, now);
}

std::vector<std::pair<std::string, Delivered>> deliveries(Snapshot& snapshot, const FlowKey& key,
                                                          std::string_view after, int most) {
  std::vector<std::pair<std::string, Delivered>> found;
  snapshot.for_each(
      "SELECT source_id, fingerprint, target_id FROM flow_deliveries WHERE tenant = ? AND "
      "integration = ? AND flow = ? AND connection = ? AND source_id > ? ORDER BY source_id LIMIT ?",
      [&](const Row& row) {
        found.emplace_back(std::string(row.text(0)),
                           Delivered{std::string(row.text(1)), std::string(row.text(2))});
      },
      key.tenant, key.integration, key.flow, key.connection, after, most);
  return found;
}

void forget_delivered(Transaction& transaction, const FlowKey& key, std::string_view id) {
  transaction.execute(
      "DELETE FROM flow_deliveries WHERE tenant = ? AND integration = ? AND flow = ? AND "
      "connection = ? AND source_id = ?",
      key.tenant, key.integration, key.flow, key.connection, id);
}

}  // namespace flow_state
}  // namespace junctor
