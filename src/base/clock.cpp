#include "junctor/clock.h"

#include <ctime>

namespace junctor {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Timestamp VirtualClock::now() const {
  return Timestamp(std::chrono::milliseconds(milliseconds_.load()));
}

std::string to_string(Timestamp time) {
  const std::int64_t total = time.time_since_epoch().count();
  std::int64_t milliseconds = total % 1000;
  if (milliseconds < 0) milliseconds += 1000;
  const std::time_t seconds = static_cast<std::time_t>((total - milliseconds) / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  const std::string digits = std::to_string(1000 + milliseconds);
  return out + "." + digits.substr(1) + "Z";
}

}  // namespace junctor
