// Keeps what was read from the database, of settings that are read with every message. Only for this room.
//
// Invariants:
//   1. A transaction that changes settings reads the database from then on.
//   2. Others see a change at once when it was made in this process or in the same SQLite file. On
//      PostgreSQL nothing is used that the database held longer ago than `most_age`: who waits that long
//      after a commit knows that every engine works with it.
//   3. Nothing is kept that was read in a transaction which failed, or beside a change.
//
// Threads: any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "queue/tables.h"

namespace junctor::queue {

constexpr std::chrono::milliseconds most_cached_age{200};

template <typename Value>
class CommittedCache {
 public:
  using Key = std::pair<std::string, std::string>;

  // To be called by a transaction before it changes what is kept here.
  void touch(Transaction& tx) {
    forget();
    if (tx.local<Touched>().touched) return;
    tx.local<Touched>().touched = true;
    tx.after_commit([this] { forget(); });
  }

  // load() reads the database: nullopt is not kept.
  template <typename Load>
  std::optional<Value> find(Transaction& tx, Tables& tables, const Key& key, Load&& load) {
    if (tx.local<Touched>().touched) return load();
    auto& known = tx.local<Known>().values;
    const auto before = known.find(key);
    if (before != known.end()) return before->second;
    std::optional<Value> found = find_shared(tx, tables, key, load);
    if (found) known.emplace(key, *found);
    return found;
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Touched {
    bool touched = false;
  };
  // What this transaction has looked up already: who publishes many asks once.
  struct Known {
    std::map<Key, Value> values;
  };
  struct Entry {
    Value value;
    Time as_of;
  };

  template <typename Load>
  std::optional<Value> find_shared(Transaction& tx, Tables& tables, const Key& key, Load& load) {
    const std::int64_t outside = tables.outside_changes(tx);
    const bool ages = tx.dialect() == Dialect::postgres;
    const auto now = ages ? std::chrono::steady_clock::now() : Time();
    std::uint64_t generation;
    {
      std::lock_guard lock(mutex_);
      if (outside != outside_) entries_.clear();
      outside_ = outside;
      const auto found = entries_.find(key);
      if (found != entries_.end() && (!ages || now - found->second.as_of <= most_cached_age))
        return found->second.value;
      generation = generation_;
    }
    const Time as_of = ages ? now - age_of_view(tx) : now;
    std::optional<Value> value = load();
    // Kept only once this transaction's view of it has been committed.
    if (value)
      tx.after_commit([this, generation, key, as_of, value = *value] {
        std::lock_guard lock(mutex_);
        if (generation == generation_) entries_.insert_or_assign(key, Entry{value, as_of});
      });
    return value;
  }

  // A serializable transaction sees the database as it was at its start.
  static std::chrono::milliseconds age_of_view(Transaction& tx) {
    return std::chrono::milliseconds(
        tx.value<std::int64_t>("SELECT CAST(extract(epoch FROM clock_timestamp() -"
                               " transaction_timestamp()) * 1000 AS BIGINT) + 1")
            .value_or(0));
  }

  void forget() {
    std::lock_guard lock(mutex_);
    entries_.clear();
    ++generation_;
  }

  std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::uint64_t generation_ = 0;
  std::int64_t outside_ = 0;
};

}  // namespace junctor::queue
