// The queue as a program in one process uses it, under load from many callers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "queue/queues.h"

namespace junctor::bench {

struct Settings {
  std::string url;
  std::string name = "Junctor";
  std::string payload;  // JSON text
  double seconds = 2;
  int runs = 1;
  int callers = 64;
  pid_t server = 0;  // of the database, for telling other load apart
  bool json = false;
};

// One run of one shape.
struct Measured {
  std::string test;
  double rate = 0;  // messages per second
  double p50_ms = 0, p99_ms = 0;
  double requests_per_commit = 0;
  double cpu_us = 0;  // of this process, per message
  double other_cpu = 0;
};

class QueueLoad final {
 public:
  explicit QueueLoad(const Settings& settings);

  // How much one call did; 0 ends the caller.
  using Call = std::function<std::int64_t(Fiber&)>;
  std::int64_t publish(Fiber& fiber, int batch);
  std::int64_t take(Fiber& fiber, int batch);

  // So many callers for so long.
  Measured measure(const std::string& test, int callers, double seconds, const Call& call);
  void fill(std::int64_t count);
  // Takes what is there.
  void empty();
  // Reads a view of the database and keeps it open until `work` has ended.
  void with_open_view(const std::function<void()>& work);
  // Both publish and take, in batches of 100 by one caller and one by one by many.
  std::vector<Measured> measure_shapes();

 private:
  // What an engine does every minute, more often.
  void keep_up(Fiber& fiber);

  const Settings settings_;
  std::unique_ptr<Store> store_;
  queue::Queues queues_;
  queue::NewMessage message_;
};

}  // namespace junctor::bench
