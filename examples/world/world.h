// The stand-in outside world: the chat API, the HR API, and switches for what goes wrong.
//
// Threads: one loop.
// Lifetime: the clock outlives it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "world/chat.h"
#include "world/faults.h"
#include "world/hr.h"
#include "world/ledger.h"

namespace junctor {
class Fiber;
}

namespace junctor::world {

struct WorldOptions {
  std::string chat_token;
  HrOptions hr;
  std::string ledger_path;  // empty: forgets everything at its end
  std::uint64_t seed = 1;   // of the faults
};

class World final {
 public:
  // Replays the ledger. Throws Failure when it cannot be read.
  explicit World(WorldOptions options, const Clock& clock = system_clock());
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Answers any request; may wait for as long as the latency switch says.
  HttpResponse handle(Fiber& fiber, HttpRequest& request);

 private:
  // How one API behaves, and what became of its calls.
  struct Face {
    Switches switches;
    std::map<std::string, std::uint64_t> calls;  // by outcome: "2xx", "429", "dropped_after", …
  };

  HttpResponse through_faults(Fiber& fiber, HttpRequest& request, Face& face,
                              HttpResponse (*serve)(World&, HttpRequest&));
  HttpResponse set_switches(const HttpRequest& request);
  HttpResponse reset();
  JsonObject switches() const;
  JsonObject stats() const;
  Face* face_named(std::string_view name);

  std::uint64_t seed_;
  Ledger ledger_;
  Dice dice_;
  Chat chat_;
  Hr hr_;
  Face chat_face_;
  Face hr_face_;
};

}  // namespace junctor::world
