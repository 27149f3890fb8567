// Answers kept in Redis: for caches declared `redis`, shared by every engine that names the same server.
//
// The protocol is read and written by hiredis, the bytes go through our own streams, so that a wait is a
// fiber's and TLS the same as everywhere.
//
// Threads: any loop; connections stay with the loop that opened them.
// Invariants:
//   1. An operation takes at most patience; after a failure Redis is left alone for pause, so that calls do
//      not wait one after another for a server that is away.
//   2. A value is found under its own tenant and key only: both are part of the name in Redis.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connector/ports.h"
#include "junctor/secret.h"

namespace junctor {
class Loop;
}

namespace junctor::connector {

struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;   // empty: the default one
  Secret password;
  int database = 0;
  bool secure = false;

  // "redis://[[user]:password@]host[:port][/database]"; "rediss://…" by TLS. Throws Failure{invalid}
  // that does not repeat the password.
  static RedisAddress parse(const std::string& url);
};

class RedisCache final : public SharedCache {
 public:
  static constexpr std::chrono::milliseconds patience{500};
  static constexpr std::chrono::milliseconds pause{1'000};
  static constexpr std::size_t most_value_bytes = 1024 * 1024;  // larger ones are not kept
  static constexpr std::size_t most_idle = 8;                   // connections kept open per loop

  explicit RedisCache(RedisAddress address);
  ~RedisCache() override;

  // Both throw Failure{unavailable, timeout} when Redis is away, {denied} when it refuses the password.
  std::optional<Json> get(Fiber& fiber, const TenantId& tenant, const std::string& key) override;
  void put(Fiber& fiber, const TenantId& tenant, const std::string& key, const Json& value,
           std::chrono::milliseconds ttl) override;

  // Closes what is idle; before the loops end.
  void close();

 private:
  class Connection;
  std::unique_ptr<Connection> take(Fiber& fiber);
  void give_back(Fiber& fiber, std::unique_ptr<Connection> connection);
  std::optional<std::string> command(Fiber& fiber, const std::vector<std::string>& words);

  const RedisAddress address_;
  std::atomic<std::int64_t> away_until_{0};  // milliseconds of the steady clock
  std::mutex mutex_;
  std::map<Loop*, std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace junctor::connector
