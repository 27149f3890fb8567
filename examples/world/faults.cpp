#include "world/faults.h"

#include <boost/json.hpp>

#include "json/serialize.h"

namespace junctor::world {
namespace {

constexpr double longest_latency_ms = 60'000;
constexpr double longest_retry_after_s = 3'600;

// The number, or a problem when it is none or outside 0..most.
std::optional<double> number_in(const Json& value, double most) {
  boost::json::error_code error;
  const double number = value.to_number<double>(error);
  if (error || !(number >= 0 && number <= most)) return std::nullopt;
  return number;
}

}  // namespace

Result<Switches> with_changes(Switches switches, const JsonObject& changes) {
  std::vector<Problem> problems;
  for (const auto& [key, value] : changes) {
    const bool is_latency = key == "latency_ms";
    const bool is_wait = key == "retry_after";
    double* rate = key == "fail_429_rate"   ? &switches.fail_429_rate
                   : key == "fail_500_rate" ? &switches.fail_500_rate
                   : key == "drop_rate"     ? &switches.drop_rate
                                            : nullptr;
    if (!is_latency && !is_wait && rate == nullptr) {
      problems.push_back({key,
                          0,
                          "an unknown switch",
                          "latency_ms, fail_429_rate, fail_500_rate, drop_rate or retry_after",
                          {}});
      continue;
    }
    const double most = is_latency ? longest_latency_ms : is_wait ? longest_retry_after_s : 1;
    const auto number = number_in(value, most);
    if (!number) {
      problems.push_back(
          {key, 0, json::to_text(value), "a number from 0 to " + json::number_text(most), {}});
    } else if (is_latency) {
      switches.latency = std::chrono::milliseconds(static_cast<std::int64_t>(*number));
    } else if (is_wait) {
      switches.retry_after = std::chrono::seconds(static_cast<std::int64_t>(*number));
    } else {
      *rate = *number;
    }
  }
  if (!problems.empty()) return problems;
  return switches;
}

JsonObject to_json(const Switches& switches) {
  return {{"latency_ms", switches.latency.count()},
          {"fail_429_rate", switches.fail_429_rate},
          {"fail_500_rate", switches.fail_500_rate},
          {"drop_rate", switches.drop_rate},
          {"retry_after", switches.retry_after.count()}};
}

Fate Dice::draw(const Switches& switches) {
  double point = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto falls_in = [&point](double rate) {
    if (point < rate) return true;
    point -= rate;
    return false;
  };
  if (falls_in(switches.fail_429_rate)) return Fate::too_many;
  if (falls_in(switches.fail_500_rate)) return Fate::failed;
  if (falls_in(switches.drop_rate / 2)) return Fate::dropped_before;
  if (falls_in(switches.drop_rate / 2)) return Fate::dropped_after;
  return Fate::served;
}

}  // namespace junctor::world
