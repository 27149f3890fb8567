// What else used the processors while something was measured.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace junctor::bench {

class OtherLoad final {
 public:
  // server: a process that, with its children, belongs to what is measured; 0: none.
  explicit OtherLoad(pid_t server);
  // Percent of one core since construction, by processes that are neither this one nor the server's.
  double percent() const;

 private:
  double others() const;

  const pid_t server_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const double before_;
};

}  // namespace junctor::bench
