// The records of integrations' collections, and the events that are emitted with them.
//
// Threads: inside the caller's transaction.
// Invariants: a record that is put with the value it has keeps its version.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/context.h"
#include "store/migrations.h"

namespace junctor {

class Snapshot;
class Transaction;
namespace connector {
class SecretValues;
}
namespace queue {
class EventLog;
}

// Whose records, and as part of what.
struct RecordScope {
  TenantId tenant;
  std::string integration;
  RunId run;
  std::string source;  // "x-source" of what is emitted, so that consumers can tell echoes
  const connector::SecretValues* secrets = nullptr;  // the credentials are cut out of what is put and emitted; null: nothing is
};

class StoredRecords final : public Records {
 public:
  static constexpr std::size_t most_key_bytes = 512;
  static const MigrationSet& migrations();

  StoredRecords(Transaction& transaction, queue::EventLog& events, const RecordScope& scope,
                Timestamp now);

  std::optional<Record> get(std::string_view collection, std::string_view key) override;
  std::vector<Record> list(const RecordQuery& query) override;
  Change put(std::string_view collection, std::string_view key, const Json& value) override;
  bool remove(std::string_view collection, std::string_view key) override;
  EventId emit(std::string_view topic, const Json& payload) override;

 private:
  Transaction& transaction_;
  queue::EventLog& events_;
  const RecordScope& scope_;
  Timestamp now_;
};

// For readers: the API and the command line.
std::vector<Record> list_records(Snapshot& snapshot, const TenantId& tenant,
                                 std::string_view integration, const RecordQuery& query);

}  // namespace junctor
