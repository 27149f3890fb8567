// Measures the queue as a program in one process uses it.
//
//   junctor_queue_bench <sqlite:… | postgres://…> [--seconds 2] [--runs 3] [--backlog 0] [--callers 64]
//
// One line per run: test, messages per second, p50 and p99 of one call in milliseconds, requests per
// commit, processor time of this process per message. 1,024-byte payloads, acknowledged means synced. Each run of taking starts with a full queue.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"
#include "queue/queues.h"
#include "queue/schema.h"
#include "store/migrations.h"

namespace junctor::queue {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string url;
  double seconds = 2;
  int runs = 3;
  std::int64_t backlog = 0;
  int callers = 64;
};

// What the callers of one run did.
struct Tally {
  std::int64_t messages = 0;
  std::vector<double> milliseconds;
};

class Bench {
 public:
  explicit Bench(const Settings& settings)
      : settings_(settings), store_(open(settings)), queues_(*store_) {
    message_.payload = R"({"body":")" + std::string(1'024 - 11, 'x') + "\"}";
    store_->write_blocking([&](Transaction& tx) {
      QueueSettings queue;
      queue.lease = std::chrono::minutes(10);
      queues_.ensure(tx, default_tenant(), "bench", queue);
    });
  }

  void run() {
    if (settings_.backlog > 0) fill(settings_.backlog);
    const int many = settings_.callers;
    for (int i = 0; i < settings_.runs; ++i) {
      measure("enqueue b1 p1", 1, 1, &Bench::enqueue);
      measure("enqueue b1 p8", 8, 1, &Bench::enqueue);
      measure("enqueue b1 p" + std::to_string(many), many, 1, &Bench::enqueue);
      measure("enqueue b100 p1", 1, 100, &Bench::enqueue);
      measure("enqueue b100 p8", 8, 100, &Bench::enqueue);
      fill(150'000);
      measure("deq+ack b1 c8", 8, 1, &Bench::take);
      measure("deq+ack b1 c" + std::to_string(many), many, 1, &Bench::take);
      measure("deq+ack b100 c1", 1, 100, &Bench::take);
      measure("deq+ack b100 c8", 8, 100, &Bench::take);
    }
  }

 private:
  using Call = std::int64_t (Bench::*)(Fiber&, int);

  // Of the whole process: on a machine that others use, this says more than the rate.
  static double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  static std::unique_ptr<Store> open(const Settings& settings) {
    StoreOptions options;
    options.url = settings.url;
    auto store = Store::open(options);
    const MigrationSet sets[] = {queue_migrations()};
    migrate(*store, sets);
    return store;
  }

  std::int64_t enqueue(Fiber& fiber, int batch) {
    const std::vector<NewMessage> messages(static_cast<std::size_t>(batch), message_);
    queues_.enqueue(fiber, default_tenant(), "bench", messages);
    return batch;
  }

  std::int64_t take(Fiber& fiber, int batch) {
    const LeaseRequest request{default_tenant(), "bench", batch, std::nullopt, "bench"};
    const auto messages = queues_.lease(fiber, request);
    std::vector<LeaseToken> leases;
    for (const Message& message : messages) leases.push_back(message.lease);
    if (leases.empty()) return 0;
    queues_.try_ack(fiber, leases);
    return static_cast<std::int64_t>(leases.size());
  }

  void fill(std::int64_t count) {
    run_in_fiber([&](Fiber& fiber) {
      for (std::int64_t done = 0; done < count; done += 1'000) enqueue(fiber, 1'000);
    });
  }

  void measure(const std::string& name, int callers, int batch, Call call) {
    Tally tally;
    const auto before = store_->stats();
    const double cpu_before = cpu_seconds();
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(settings_.seconds);
    run_in_fiber([&](Fiber& fiber) {
      Scope scope(fiber.loop(), "callers");
      for (int i = 0; i < callers; ++i)
        scope.spawn([&](Fiber& inner) {
          while (Clock::now() < end) {
            const auto from = Clock::now();
            const std::int64_t count = (this->*call)(inner, batch);
            if (count == 0) return;
            tally.messages += count;
            tally.milliseconds.push_back(
                std::chrono::duration<double, std::milli>(Clock::now() - from).count());
          }
        });
      scope.join(fiber);
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const double cpu = cpu_seconds() - cpu_before;
    const auto after = store_->stats();
    std::sort(tally.milliseconds.begin(), tally.milliseconds.end());
    const auto at = [&](double part) {
      const auto last = static_cast<double>(tally.milliseconds.size() - 1);
      return tally.milliseconds.empty() ? 0 : tally.milliseconds[static_cast<std::size_t>(part * last)];
    };
    const auto commits = std::max<std::uint64_t>(after.commits - before.commits, 1);
    std::printf("%-18s %10.0f msgs/s  p50 %8.3f ms  p99 %8.3f ms  %6.1f requests/commit"
                "  %6.1f us CPU/msg\n", name.c_str(),
                static_cast<double>(tally.messages) / seconds, at(0.5), at(0.99),
                static_cast<double>(after.closures - before.closures) / static_cast<double>(commits),
                cpu * 1e6 / static_cast<double>(std::max<std::int64_t>(tally.messages, 1)));
    std::fflush(stdout);
  }

  const Settings settings_;
  std::unique_ptr<Store> store_;
  Queues queues_;
  NewMessage message_;
};

}  // namespace
}  // namespace junctor::queue

int main(int count, char** words) {
  if (count < 2) return 2;
  junctor::queue::Settings settings;
  settings.url = words[1];
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string word = words[i];
    if (word == "--seconds") settings.seconds = std::atof(words[i + 1]);
    if (word == "--runs") settings.runs = std::atoi(words[i + 1]);
    if (word == "--backlog") settings.backlog = std::atoll(words[i + 1]);
    if (word == "--callers") settings.callers = std::atoi(words[i + 1]);
  }
  try {
    junctor::queue::Bench(settings).run();
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "%s (%s)\n", failure.message().c_str(), failure.detail().c_str());
    return 1;
  }
}
