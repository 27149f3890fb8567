// The inbox: what a sender delivers twice has effects once.
//
// The record of a received message, the handler's data and the events it emits stand in one transaction.
// A handler that fails takes the record back with it, so the redelivery is handled and not swallowed.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <chrono>
#include <string_view>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

enum class Received { first_time, duplicate };

struct InboxKey {
  TenantId tenant = default_tenant();
  std::string_view source;  // who numbers its messages: an endpoint's or a queue's name
  std::string_view key;     // the sender's id of the message
  // How long the sender may repeat it; the record is kept at least this long.
  std::chrono::milliseconds replay_window{std::chrono::hours(72)};
};

// Remembers the key. `duplicate`: it was remembered before, by a transaction that committed.
// Throws Failure{invalid} for an empty or oversized key.
Received receive(Transaction& tx, const InboxKey& key, Timestamp now);

// Runs fn when the key is new; an exception of fn leaves no record.
template <typename F>
Received once(Transaction& tx, const InboxKey& key, Timestamp now, F&& fn) {
  if (receive(tx, key, now) == Received::duplicate) return Received::duplicate;
  fn();
  return Received::first_time;
}

// Removes up to `most` records whose replay window is over; returns how many.
int forget_received(Transaction& tx, Timestamp now, int most);

}  // namespace junctor::queue
