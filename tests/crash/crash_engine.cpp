// The engine under test: publishes and consumes until it is killed.
//
//   junctor_crash_engine <url> <vfs: - | dropped | torn> <seed> <lane:number>…
//
// One publisher per lane, counting up from its number; each number is published with an idempotency key,
// so repeating an unanswered one is safe. Standard output is what the client learns:
//   READY             it serves
//   P <lane> <n>      the publication of n was acknowledged
//   C <n>             the acknowledgement of n, together with its effect, was answered
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "queue/consumer.h"
#include "queue/event_log.h"
#include "queue/queues.h"
#include "support/faulty_vfs.h"

namespace junctor::queue {
namespace {

void tell(const std::string& line) {
  // One write, so that lines never mix; a reader that is gone ends us.
  if (::write(1, line.data(), line.size()) < 0) ::_exit(0);
}

struct Lane {
  std::string name;
  std::int64_t next;
};

void publish(Fiber& fiber, EventLog& log, const Lane& lane) {
  for (std::int64_t n = lane.next;;) {
    NewEvent event;
    event.topic = "crash.number_made";
    event.payload = R"({"lane":")" + lane.name + R"(","n":)" + std::to_string(n) + "}";
    event.partition_key = lane.name;
    event.idempotency_key = lane.name + ":" + std::to_string(n);
    try {
      // Both ways in turn: in a transaction of its own, and together with those of other lanes.
      if (n % 2 == 0)
        log.queues().store().write(fiber, [&](Transaction& tx) { log.append(tx, event); });
      else
        log.append(fiber, {&event, 1});
      tell("P " + lane.name + " " + std::to_string(n) + "\n");
      ++n;
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      fiber.sleep_for(std::chrono::milliseconds(20));
    }
  }
}

void handle(Fiber& fiber, Delivery& delivery, Store& store, std::atomic<int>& count) {
  const int turn = ++count;
  if (turn % 17 == 0) throw Failure(FailureKind::unavailable, "by plan").retry_after(std::chrono::milliseconds(5));
  if (turn % 23 == 0) throw Failure(FailureKind::unsupported, "by plan").retry_after(std::chrono::milliseconds(5));
  if (turn % 5 == 0) fiber.sleep_for(std::chrono::milliseconds(turn % 7));
  store.write(fiber, [&](Transaction& tx) {
    tx.execute("INSERT INTO effects (tenant, payload) VALUES (?, ?)", delivery.message().tenant,
               delivery.message().payload);
    delivery.ack(tx);
  });
  tell("C " + delivery.message().payload + "\n");
}

void serve(const StoreOptions& options, const std::vector<Lane>& lanes) {
  const auto store = Store::open(options);
  Queues queues(*store);
  EventLog log(queues);
  std::atomic<int> count{0};
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "publishers");
    Consumer consumer(fiber.loop(), queues, {default_tenant(), "numbers", "crash", 8},
                      [&](Fiber& inner, Delivery& delivery) { handle(inner, delivery, *store, count); });
    for (const Lane& lane : lanes)
      scope.spawn([&log, &lane](Fiber& inner) { publish(inner, log, lane); });
    tell("READY\n");
    // Ends by being killed; by itself after a while, so that a lost client leaves nothing behind.
    fiber.sleep_for(std::chrono::minutes(2));
    scope.stop(fiber);
    consumer.stop(fiber);
  });
}

}  // namespace
}  // namespace junctor::queue

int main(int count, char** words) {
  if (count < 4) return 2;
  junctor::StoreOptions options;
  options.url = words[1];
  options.writers = 4;
  options.readers = 2;
  const std::string vfs = words[2];
  if (vfs != "-") {
    junctor::test::register_faulty_vfs(
        vfs == "torn" ? junctor::test::Unsynced::torn : junctor::test::Unsynced::dropped,
        static_cast<std::uint32_t>(std::strtoul(words[3], nullptr, 10)));
    options.vfs = "junctor-faulty";
  }
  std::vector<junctor::queue::Lane> lanes;
  for (int i = 4; i < count; ++i) {
    const std::string word = words[i];
    const auto colon = word.find(':');
    lanes.push_back({word.substr(0, colon), std::strtoll(word.c_str() + colon + 1, nullptr, 10)});
  }
  try {
    junctor::queue::serve(options, lanes);
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "engine: %s (%s)\n", failure.message().c_str(), failure.detail().c_str());
    return 1;
  }
  return 0;
}
