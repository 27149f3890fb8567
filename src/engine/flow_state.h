// What a flow remembers: its cursor, and what it delivered where.
//
// Threads: inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "junctor/clock.h"
#include "junctor/ids.h"
#include "junctor/json.h"
#include "store/migrations.h"

namespace junctor {

class Snapshot;
class Transaction;

// One flow of one tenant with one connection.
struct FlowKey {
  TenantId tenant;
  std::string integration;
  std::string flow;
  std::string connection;  // id; empty without one
};

struct Delivered {
  std::string fingerprint;  // of the record as it was delivered
  std::string target_id;    // in the target's own words; may be empty
};

namespace flow_state {

const MigrationSet& migrations();

std::optional<Json> cursor(Snapshot& snapshot, const FlowKey& key);
void set_cursor(Transaction& transaction, const FlowKey& key, const Json& cursor, Timestamp now);

std::optional<Delivered> delivered(Snapshot& snapshot, const FlowKey& key, std::string_view id);
void set_delivered(Transaction& transaction, const FlowKey& key, std::string_view id,
                   const Delivered& delivered, Timestamp now);
// In the order of their ids, after this one.
std::vector<std::pair<std::string, Delivered>> deliveries(Snapshot& snapshot, const FlowKey& key,
                                                          std::string_view after, int most);
void forget_delivered(Transaction& transaction, const FlowKey& key, std::string_view id);

}  // namespace flow_state
}  // namespace junctor
