#include "queue_load.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/fiber.h"
#include "other_load.h"
#include "queue/schema.h"
#include "queue/upkeep.h"
#include "store/migrations.h"

namespace junctor::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_upkeep{20'000};

std::unique_ptr<Store> open(const Settings& settings) {
  StoreOptions options;
  options.url = settings.url;
  auto store = Store::open(options);
  const MigrationSet sets[] = {queue::queue_migrations()};
  migrate(*store, sets);
  return store;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double at(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

QueueLoad::QueueLoad(const Settings& settings)
    : settings_(settings), store_(open(settings)), queues_(*store_) {
  message_.payload = settings.payload;
  store_->write_blocking([&](Transaction& tx) {
    queue::QueueSettings queue;
    queue.lease = std::chrono::minutes(10);
    queues_.ensure(tx, default_tenant(), "bench", queue);
  });
}

std::int64_t QueueLoad::publish(Fiber& fiber, int batch) {
  const std::vector<queue::NewMessage> messages(static_cast<std::size_t>(batch), message_);
  queues_.enqueue(fiber, default_tenant(), "bench", messages);
  return batch;
}

std::int64_t QueueLoad::take(Fiber& fiber, int batch) {
  const auto messages =
      queues_.lease(fiber, {default_tenant(), "bench", batch, std::nullopt, "bench"});
  std::vector<queue::LeaseToken> leases;
  for (const queue::Message& message : messages) leases.push_back(message.lease);
  if (leases.empty()) return 0;
  queues_.try_ack(fiber, leases);
  return std::ssize(leases);
}

void QueueLoad::fill(std::int64_t count) {
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "upkeep");
    scope.spawn([this](Fiber& inner) { keep_up(inner); });
    for (std::int64_t done = 0; done < count; done += 1'000) publish(fiber, 1'000);
    scope.stop(fiber);
  });
}

void QueueLoad::empty() {
  run_in_fiber([&](Fiber& fiber) {
    while (take(fiber, 1'000) > 0) continue;
  });
}

void QueueLoad::keep_up(Fiber& fiber) {
  for (;;) {
    queue::upkeep(fiber, *store_, system_clock().now());
    queues_.check_hints(fiber);
    fiber.sleep_for(between_upkeep);
  }
}

void QueueLoad::with_open_view(const std::function<void()>& work) {
  const auto other = open(settings_);
  std::atomic<bool> opened{false}, ended{false};
  std::thread reader([&] {
    other->read_blocking([&](Snapshot& view) {
      view.query("SELECT count(*) FROM queues");
      opened = true;
      while (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
  });
  while (!opened) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  work();
  ended = true;
  reader.join();
}

Measured QueueLoad::measure(const std::string& test, int callers, double seconds, const Call& call) {
  std::int64_t messages = 0;
  std::vector<double> times;
  const auto before = store_->stats();
  const double cpu_before = cpu_seconds();
  const OtherLoad other(settings_.server);
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  run_in_fiber([&](Fiber& fiber) {
    Scope upkeep(fiber.loop(), "upkeep"), scope(fiber.loop(), "callers");
    if (seconds > 5) upkeep.spawn([this](Fiber& inner) { keep_up(inner); });
    for (int i = 0; i < callers; ++i)
      scope.spawn([&](Fiber& inner) {
        while (Clock::now() < end) {
          const auto from = Clock::now();
          const std::int64_t count = call(inner);
          if (count == 0) return;
          messages += count;
          times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - from).count());
        }
      });
    scope.join(fiber);
    upkeep.stop(fiber);
  });
  const double passed = std::chrono::duration<double>(Clock::now() - start).count();
  const auto after = store_->stats();
  std::sort(times.begin(), times.end());
  const auto commits = std::max<std::uint64_t>(after.commits - before.commits, 1);
  return {test,
          static_cast<double>(messages) / passed,
          at(times, 0.5),
          at(times, 0.99),
          static_cast<double>(after.closures - before.closures) / static_cast<double>(commits),
          (cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(std::max<std::int64_t>(messages, 1)),
          other.percent()};
}

std::vector<Measured> QueueLoad::measure_shapes() {
  const int many = settings_.callers;
  const auto name = [&](const char* what, char who, int batch, int callers) {
    return std::string(what) + " b" + std::to_string(batch) + " " + who + std::to_string(callers);
  };
  const double seconds = settings_.seconds;
  std::vector<Measured> all;
  const auto add = [&](const char* what, char who, int callers, int batch, auto method) {
    all.push_back(measure(name(what, who, batch, callers), callers, seconds,
                          [&](Fiber& fiber) { return (this->*method)(fiber, batch); }));
  };
  add("enqueue", 'p', 1, 100, &QueueLoad::publish);
  add("enqueue", 'p', many, 1, &QueueLoad::publish);
  fill(static_cast<std::int64_t>(75'000 * seconds));
  add("lease+ack", 'c', 1, 100, &QueueLoad::take);
  add("lease+ack", 'c', many, 1, &QueueLoad::take);
  return all;
}

}  // namespace junctor::bench
