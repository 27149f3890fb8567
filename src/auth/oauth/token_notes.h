// The token requests that were made for one piece of work, which may be over before they are.
//
// Threads: any.
// Lifetime: shared by the work and the refresh that it began.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "auth/oauth/token_exchange.h"

namespace junctor::auth {

class TokenNotes final {
 public:
  // run: its id; empty outside a run.
  explicit TokenNotes(std::string run) : run_(std::move(run)) {}
  const std::string& run() const { return run_; }

  // Whether the work still takes it; the exchange is left alone when not.
  bool add(TokenExchange& exchange) {
    const std::lock_guard lock(mutex_);
    if (!closed_) exchanges_.push_back(std::move(exchange));
    return !closed_;
  }
  std::vector<TokenExchange> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(exchanges_, {});
  }
  // The work is over; what it did not take.
  std::vector<TokenExchange> close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::exchange(exchanges_, {});
  }

 private:
  const std::string run_;
  std::mutex mutex_;
  std::vector<TokenExchange> exchanges_;
  bool closed_ = false;
};

}  // namespace junctor::auth
