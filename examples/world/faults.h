// What goes wrong at an outside API, on purpose and repeatably.
//
// Threads: one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor::world {

// How one API behaves at the moment. Rates are shares of all calls, 0 to 1, and add up.
struct Switches {
  std::chrono::milliseconds latency{0};
  double fail_429_rate = 0;
  double fail_500_rate = 0;
  double drop_rate = 0;  // the connection is cut: half before the work is done, half after it
  std::chrono::seconds retry_after{0};  // with a 429; 0: none is named

  friend bool operator==(const Switches&, const Switches&) = default;
};

// Changes the keys that `changes` names: latency_ms, fail_429_rate, fail_500_rate, drop_rate,
// retry_after (seconds). Every unknown key and wrong value is a problem, and then nothing changes.
Result<Switches> with_changes(Switches switches, const JsonObject& changes);
JsonObject to_json(const Switches& switches);

enum class Fate { served, too_many, failed, dropped_before, dropped_after };

// Draws a fate per call; the same seed gives the same fates in the same order.
class Dice final {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  Fate draw(const Switches& switches);

 private:
  std::mt19937_64 random_;
};

}  // namespace junctor::world
