// Which connections have a new token that the store did not take, said once and not for each
// connection and try.
//
// Threads: any thread.
#pragma once

#include <mutex>
#include <set>
#include <string_view>

#include "auth/oauth/token_store.h"
#include "junctor/clock.h"

namespace junctor::auth {

class StoreRefusals final {
 public:
  static constexpr std::chrono::seconds line_every{60};

  // Again and again for as long as it lasts. A line when it begins, then one a minute.
  void refused(const ConnectionKey& key, std::string_view why, Timestamp now);
  // The token is there, or of no use any more. A line when it was the last one.
  void taken(const ConnectionKey& key);

 private:
  std::mutex mutex_;
  std::set<ConnectionKey> waiting_;
  std::size_t most_waiting_ = 0;  // since it began
  Timestamp said_at_{};
};

}  // namespace junctor::auth
