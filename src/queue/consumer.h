// A consumer: handlers run for the messages of one queue, several at once.
//
//   Consumer consumer(loop, queues, {.queue = "mail", .concurrency = 8}, [&](Fiber& fiber, Delivery& d) {
//     send_mail(fiber, d.message());          // returning acknowledges
//   });
//
// A handler ends a delivery by returning (acknowledged), by throwing (returned with backoff, or after
// the Failure's retry_after), or inside its own transaction: d.ack(tx) beside the effects, so that both
// are committed or neither. Failure kinds: `unsupported` releases the message without using an attempt,
// `cancelled` too; `invalid`, `denied`, `not_found`, `too_large` make a dead letter at once.
//
// Threads: one loop.
// Lifetime: queues outlive it; stop() before destruction.
// Invariants:
//   1. While a handler runs its lease is extended. A handler whose lease is lost (taken over, or run out
//      while the database was away) is cancelled, and cannot commit: its acknowledgement throws, and what
//      it would have done outside is for the next delivery.
//   2. A message that keeps killing its consumer ends as a dead letter: each expired lease is an attempt.
//   3. After stop() no message is held: each was finished, returned or released.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/scope.h"
#include "async/signal.h"
#include "queue/queues.h"

namespace junctor::queue {

// One message in a handler's hands.
class Delivery final {
 public:
  Delivery(Queues& queues, Message message) : queues_(queues), message_(std::move(message)) {}
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  const Message& message() const { return message_; }
  // As part of the handler's transaction; the handler then just returns. Throws Failure{conflict} when
  // the lease is lost, which rolls the transaction back.
  void ack(Transaction& tx);
  void nack(Transaction& tx, const Nack& nack);

  // Whether a transaction that ended the delivery was committed.
  bool settled() const { return *settled_; }
  // settled(), for the consumer, and for the commit that may come after this object is gone.
  const std::shared_ptr<std::atomic<bool>>& settled_mark() const { return settled_; }

 private:
  Queues& queues_;
  Message message_;
  std::shared_ptr<std::atomic<bool>> settled_ = std::make_shared<std::atomic<bool>>(false);
};

struct ConsumeOptions {
  TenantId tenant = default_tenant();
  std::string queue;
  std::string name = "consumer";  // shown with attempts
  std::size_t concurrency = 8;    // handlers at once
  // Messages leased beyond those in handlers, so that the next one is at hand. They are extended, too.
  std::size_t prefetch = 0;
  // How long stop() lets handlers go on before it cancels them.
  std::chrono::milliseconds grace{10'000};
};

using Handler = std::function<void(Fiber&, Delivery&)>;

class Consumer final {
 public:
  // Starts at once. The queue must exist.
  Consumer(Loop& loop, Queues& queues, ConsumeOptions options, Handler handler);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Takes no more messages, lets handlers finish within the grace, cancels the rest and releases what
  // they held.
  void stop(Fiber& fiber);

  struct Stats {
    std::uint64_t handled = 0, failed = 0, released = 0, lost = 0;
  };
  Stats stats() const { return stats_; }
  std::size_t running() const { return handlers_.size(); }

 private:
  // A message this consumer has a lease on, in a handler or waiting for one.
  struct Held {
    LeaseToken lease;
    std::chrono::milliseconds length{};
    std::chrono::steady_clock::time_point extend_at, until;
    Scope::Handle handler{};
    std::shared_ptr<std::atomic<bool>> settled{};  // shared with the handler's Delivery
  };

  void fetch(Fiber& fiber);
  void take(Fiber& fiber);
  void start_waiting();
  void start(Message message);
  void handle(Fiber& fiber, Message message);
  void run_handler(Fiber& fiber, Delivery& delivery);
  void acknowledge(Fiber& fiber, Delivery& delivery);
  void keep_leases(Fiber& fiber);
  void extend(Fiber& fiber);
  void note_heartbeat(const Held& asked, const std::optional<LeaseLoss>& loss,
                      std::chrono::steady_clock::time_point at);
  void watch_the_time(Fiber& fiber);
  void sleep_until(Fiber& fiber, std::chrono::steady_clock::time_point next, std::uint64_t seen);
  void lose(const LeaseToken& lease, std::string_view why);
  Held* find_held(const LeaseToken& lease);
  void let_go(const LeaseToken& lease);
  bool wait_for_handlers(Fiber& fiber, std::chrono::milliseconds at_most);

  Queues& queues_;
  const ConsumeOptions options_;
  const Handler handler_;
  Stats stats_;
  bool stopping_ = false;
  std::deque<Message> waiting_;  // leased, not yet in a handler
  std::map<Position, Held> held_;
  std::vector<LeaseToken> finished_late_;  // by handlers that stop() had cancelled
  Signal changed_;  // a handler ended
  Signal taken_;    // messages were leased
  Scope handlers_;
  Scope service_;
};

}  // namespace junctor::queue
