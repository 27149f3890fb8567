// /healthz, /readyz and /metrics.
//
// Threads: any loop.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/intake.h"
#include "engine/reactor.h"
#include "net/router.h"
#include "net/server.h"

namespace junctor::queue {
class Queues;
}

namespace junctor::api {

// Requests served, by route and status class.
//
// Threads: any thread.
class ServedCounts final {
 public:
  void count(const ServedRequest& served);

  struct Row {
    std::string method, route;
    int status_class = 0;  // 2 for 2xx
    std::uint64_t requests = 0;
    double seconds = 0;
  };
  std::vector<Row> rows() const;

 private:
  struct Sum {
    std::uint64_t requests = 0;
    double seconds = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, Sum, std::less<>> sums_;
};

struct SystemParts {
  Store& store;
  queue::Queues& queues;
  const Intake& intake;
  const Reactor& reactor;
  const ServedCounts& served;
  const Clock& clock;
  const std::atomic<bool>& stopping;
};

std::vector<Route> system_routes(const SystemParts& parts);

}  // namespace junctor::api
