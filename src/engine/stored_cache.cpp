#include "engine/stored_cache.h"

#include <array>

#include "base/crypto.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/fiber.h"
#include "store/store.h"

namespace junctor {
namespace {

constexpr std::array<Migration, 1> steps{{{1, "kept answers", R"sql(
CREATE TABLE kept_answers (
  tenant TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  value TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, key_hash)
);
CREATE INDEX kept_answers_end ON kept_answers (ends_at);
)sql",
                                             {}}}};

std::string hash_of(const std::string& key) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, key));
}

// Losing a kept answer in a crash of the database costs one call.
constexpr WriteOptions relaxed{Isolation::serializable, Durability::relaxed};

}  // namespace

MigrationSet StoredCache::migrations() { return {"answers", steps}; }

std::optional<Json> StoredCache::get(Fiber& fiber, const TenantId& tenant, const std::string& key) {
  const std::string hash = hash_of(key);
  const auto text = store_.read(fiber, [&](Snapshot& view) {
    return view.value<std::string>(
        "SELECT value FROM kept_answers WHERE tenant = ? AND key_hash = ? AND ends_at > ?", tenant, hash,
        clock_.now());
  });
  if (!text) return std::nullopt;
  auto parsed = json::parse(*text);
  return parsed ? std::optional(std::move(parsed).value()) : std::nullopt;
}

void StoredCache::put(Fiber& fiber, const TenantId& tenant, const std::string& key, const Json& value,
                      std::chrono::milliseconds ttl) {
  const std::string text = json::to_text(value);
  if (text.size() > most_value_bytes) return;
  const std::string hash = hash_of(key);
  store_.write(
      fiber,
      [&](Transaction& tx) {
        tx.execute(
            "INSERT INTO kept_answers (tenant, key_hash, value, ends_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (tenant, key_hash) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at",
            tenant, hash, text, clock_.now() + ttl);
      },
      relaxed);
}

std::int64_t StoredCache::forget(Transaction& transaction, Timestamp now, int most, std::int64_t entries) {
  std::int64_t removed = transaction.execute(
      "DELETE FROM kept_answers WHERE (tenant, key_hash) IN "
      "(SELECT tenant, key_hash FROM kept_answers WHERE ends_at <= ? LIMIT ?)",
      now, most);
  const auto here = transaction.value<std::int64_t>("SELECT count(*) FROM kept_answers").value_or(0);
  if (here > entries)
    removed += transaction.execute(
        "DELETE FROM kept_answers WHERE (tenant, key_hash) IN "
        "(SELECT tenant, key_hash FROM kept_answers ORDER BY ends_at LIMIT ?)",
        std::min<std::int64_t>(here - entries, most));
  return removed;
}

}  // namespace junctor
