#include "engine/stored_limits.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "junctor/fiber.h"
#include "store/store.h"

namespace junctor {
namespace {

using connector::LimitKey;
using connector::LimitLease;
using std::chrono::milliseconds;

constexpr std::array<Migration, 1> steps{{{1, "rate limits", R"sql(
CREATE TABLE rate_limits (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  tokens DOUBLE PRECISION NOT NULL,
  filled_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE rate_pauses (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  paused_until BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
)sql",
                                             {}}}};

constexpr int most_pauses = 10'000;
// A pause longer than this is a provider's mistake, or ends with a restart all the same.
constexpr std::chrono::hours longest_pause{24};

double capacity_of(const RateLimit& limit) {
  return limit.burst > 0 ? limit.burst : std::max(limit.requests, 1);
}

double per_millisecond(const RateLimit& limit) {
  return limit.requests / static_cast<double>(std::max<std::int64_t>(1, limit.per.count()));
}

// Until a token is there; and while the bucket is dry, not more often than every tenth of a second, where
// half a batch does not come sooner.
milliseconds until_worth_asking(int got, double left, int wanted, double rate) {
  const double half = std::min((wanted / 2.0 - left) / rate, 100.0);
  const double first = got > 0 ? 0 : (1 - left) / rate;
  return milliseconds(static_cast<std::int64_t>(std::ceil(std::max({half, first, 0.0}))));
}

// Losing a lease in a crash of the database hands at most its tokens out again.
constexpr WriteOptions relaxed{Isolation::serializable, Durability::relaxed};

}  // namespace

MigrationSet StoredLimits::migrations() { return {"limits", steps}; }

LimitLease StoredLimits::lease(Fiber& fiber, const LimitKey& key, const RateLimit& limit, int wanted, int unused) {
  const double capacity = capacity_of(limit);
  const double rate = per_millisecond(limit);
  return store_.write(
      fiber,
      [&](Transaction& tx) {
        const Timestamp now = clock_.now();
        double tokens = capacity;
        const Rows rows = tx.query("SELECT tokens, filled_at FROM rate_limits WHERE tenant = ? AND name = ?",
                                   key.tenant, key.text);
        if (const auto* row = rows.one()) {
          // Another process's clock may be ahead of this one's.
          const auto passed = std::max<std::int64_t>(0, (now - row->time(1)).count());
          tokens = std::min(capacity, row->real(0) + rate * static_cast<double>(passed) + unused);
        }
        LimitLease out;
        out.tokens = std::min(wanted, static_cast<int>(std::floor(tokens + 1e-9)));
        tokens -= out.tokens;
        if (out.tokens < wanted) out.wait = until_worth_asking(out.tokens, tokens, wanted, rate);
        tx.execute(
            "INSERT INTO rate_limits (tenant, name, tokens, filled_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (tenant, name) DO UPDATE SET tokens = excluded.tokens, "
            "filled_at = CASE WHEN rate_limits.filled_at > excluded.filled_at "
            "THEN rate_limits.filled_at ELSE excluded.filled_at END",
            key.tenant, key.text, tokens, now);
        return out;
      },
      relaxed);
}

void StoredLimits::pause(Fiber& fiber, const LimitKey& key, milliseconds duration) {
  const milliseconds bounded = std::min<milliseconds>(duration, longest_pause);
  store_.write(
      fiber,
      [&](Transaction& tx) {
        tx.execute(
            "INSERT INTO rate_pauses (tenant, name, paused_until) VALUES (?, ?, ?) "
            "ON CONFLICT (tenant, name) DO UPDATE SET paused_until = "
            "CASE WHEN rate_pauses.paused_until > excluded.paused_until "
            "THEN rate_pauses.paused_until ELSE excluded.paused_until END",
            key.tenant, key.text, clock_.now() + bounded);
      },
      relaxed);
}

// Of all tenants: the limiter serves all of them.
std::vector<std::pair<LimitKey, milliseconds>> StoredLimits::pauses(Fiber& fiber) {
  const Timestamp now = clock_.now();
  return store_.read(fiber, [&](Snapshot& view) {
    std::vector<std::pair<LimitKey, milliseconds>> out;
    view.for_each(
        "SELECT tenant, name, paused_until FROM rate_pauses WHERE paused_until > ? LIMIT ?",
        [&](const Row& row) {
          out.emplace_back(LimitKey{row.get<TenantId>(0), row.get<std::string>(1)},
                           std::chrono::duration_cast<milliseconds>(row.time(2) - now));
        },
        now, most_pauses);
    return out;
  });
}

std::int64_t StoredLimits::forget(Transaction& transaction, Timestamp now, int most) {
  std::int64_t removed = transaction.execute(
      "DELETE FROM rate_pauses WHERE (tenant, name) IN "
      "(SELECT tenant, name FROM rate_pauses WHERE paused_until <= ? LIMIT ?)",
      now, most);
  removed += transaction.execute(
      "DELETE FROM rate_limits WHERE (tenant, name) IN "
      "(SELECT tenant, name FROM rate_limits WHERE filled_at <= ? LIMIT ?)",
      now - std::chrono::hours(24), most);
  return removed;
}

}  // namespace junctor
