// One message on its way through a reaction, for the sources of the reactor.
//
// Threads: the loop whose consumer handles the message.
// Lifetime: one delivery.
#pragma once

#include "engine/reactor.h"
#include "engine/registry.h"
#include "queue/consumer.h"

namespace junctor {

constexpr int usual_attempts = 20;

// A run id that follows from what the message stands for, with the message's time in front so that
// runs sort by time as all ids do (RFC 9562, version 7).
RunId run_id_of(const queue::Message& message);

struct Reactor::Work {
  std::shared_ptr<const LoadedIntegration> integration;
  const Reaction& reaction;
  queue::Delivery& delivery;
  Json payload;
  Json headers;
  jsonata::Bindings bindings;
  RunId run;
  std::string connection;
  bool by_event = false;

  const queue::Message& message() const { return delivery.message(); }
  int most_attempts() const {
    return reaction.most_attempts > 0 ? reaction.most_attempts : usual_attempts;
  }
};

}  // namespace junctor
