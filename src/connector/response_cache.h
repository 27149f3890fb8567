// Answers kept for a while, in memory.
//
// Threads: any.
// Invariants:
//   1. A key holds tenant and connection: nobody gets another's answer.
//   2. At most max_entries and max_bytes; what was used longest ago goes first.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/json/value.hpp>

#include "junctor/json.h"

namespace junctor::connector {

// About how many bytes a value occupies.
std::size_t weight(const Json& json);

class ResponseCache final {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  ResponseCache(std::size_t max_entries = 20'000, std::size_t max_bytes = 64u << 20,
                std::function<SteadyTime()> now = std::chrono::steady_clock::now);

  std::optional<Json> get(const std::string& key);
  // A value larger than an eighth of max_bytes is not kept.
  void put(const std::string& key, Json value, std::chrono::milliseconds ttl);
  // Everything whose key begins so: a connection's answers after its vars have changed.
  void forget(std::string_view key_prefix);

  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    Json value;
    std::size_t bytes;
    SteadyTime until;
  };
  using Entries = std::list<Entry>;
  void erase(Entries::iterator entry);

  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  std::function<SteadyTime()> now_;
  mutable std::mutex mutex_;
  Entries entries_;  // newest use first
  std::unordered_map<std::string, Entries::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace junctor::connector
