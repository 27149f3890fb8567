#include <algorithm>

#include "connector/executor.h"
#include "connector/pager.h"
#include "connector/response_cache.h"
#include "junctor/fiber.h"

namespace junctor::connector {

using std::chrono::milliseconds;

namespace {

[[noreturn]] void too_many(const CompiledCall& call, std::size_t rows, std::size_t most) {
  throw Failure(FailureKind::too_large, call.integration + ": the rows of " + call.action + " take more than " +
                                            std::to_string(most >> 20) + " MiB (after " + std::to_string(rows) +
                                            " rows); ask for fewer, bound them with `max_items`, or read them as a stream");
}

// Whether it is the bound, and not the caller's own deadline or the provider, that left no time to go on: it has
// passed, or the wait before another try would pass it.
bool ended_by(const Fiber& fiber, const RetrySpec& retry, const Failure& failure, std::chrono::steady_clock::time_point bound) {
  const milliseconds wait = failure.retry_after().value_or(milliseconds(0));
  const bool past = std::chrono::steady_clock::now() + wait >= bound;
  const bool callers = fiber.time_left(wait + milliseconds(1)) <= wait;
  return is_retryable(failure.kind()) && past && !callers && wait <= retry.max_wait;
}

// Whoever waits for a listing: pages that each come soon would be read for nobody.
class Audience final {
 public:
  Audience(const CompiledCall& call, const CallScope& scope) : call_(call), scope_(scope) {}

  void check() {
    constexpr milliseconds look_again{1000};
    if (!scope_.caller_ended || std::chrono::steady_clock::now() - looked_ < look_again) return;
    if (scope_.caller_ended())
      throw Failure(FailureKind::cancelled, "the caller left before " + call_.integration + " was asked for the next page; the call was given up");
    looked_ = std::chrono::steady_clock::now();
  }

 private:
  const CompiledCall& call_;
  const CallScope& scope_;
  std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
};

}  // namespace

CallResult Executor::uncached(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input) {
  CallResult result;
  if (!call.pagination) {
    const Answer answer = exchange(fiber, call, scope, input, PageTurn{}, result.tries);
    const bool streamed = call.call.response.kind == ResponseKind::file && scope.download;
    result.output = streamed ? answer.body : map_output(call, scope, input, answer);
    return result;
  }
  JsonArray rows;
  const std::size_t most = std::max(most_collected_bytes, 2 * call.max_response_bytes);
  std::size_t bytes = 0;
  const StreamResult streamed = stream(fiber, call, scope, input, [&](Json&& row) {
    bytes += weight(row);
    if (bytes > most) too_many(call, rows.size(), most);
    rows.push_back(std::move(row));
    return true;
  });
  result.output = std::move(rows);
  result.pages = streamed.pages;
  result.cut_short = streamed.cut_short;
  return result;
}

StreamResult Executor::stream(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                              const std::function<bool(Json&&)>& take) {
  if (!call.pagination) return stream_output(fiber, call, scope, input, take);
  StreamResult result;
  const Pagination& bounds = call.pagination->spec;
  const SteadyTime ends = std::chrono::steady_clock::now() + bounds.max_time;
  Pager pager(*call.pagination, scope, input);
  std::optional<PageTurn> turn = pager.first();
  Audience audience(call, scope);
  while (turn) {
    audience.check();
    std::optional<Answer> answer;
    if (result.pages < bounds.max_pages && std::chrono::steady_clock::now() < ends) {
      check_page(call, scope, input, *turn);
      answer = exchange_until(fiber, call, scope, input, *turn, ends);
    }
    if (!answer) {
      result.cut_short = true;
      return result;
    }
    ++result.pages;
    JsonArray rows = pager.items(*answer);
    turn = pager.next(*answer, rows);
    for (Json& row : rows) {
      if (static_cast<std::int64_t>(result.rows) >= bounds.max_items) {
        result.cut_short = true;
        return result;
      }
      ++result.rows;
      Json mapped = call.map.empty() ? std::move(row)
                                     : map_output(call, scope, input, {answer->status, answer->headers, std::move(row), {}});
      if (!take(std::move(mapped))) {
        result.stopped = true;
        return result;
      }
    }
  }
  return result;
}

StreamResult Executor::stream_output(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                                     const std::function<bool(Json&&)>& take) {
  StreamResult result;
  result.pages = 1;
  int tries = 1;
  Json output = map_output(call, scope, input, exchange(fiber, call, scope, input, PageTurn{}, tries));
  JsonArray rows = output.is_array() ? std::move(output.get_array()) : JsonArray{std::move(output)};
  for (Json& row : rows) {
    ++result.rows;
    if (!take(std::move(row))) break;
  }
  return result;
}

// nullopt: the listing's time is over.
std::optional<Answer> Executor::exchange_until(Fiber& fiber, const CompiledCall& call, const CallScope& scope,
                                               const Json& input, const PageTurn& turn, SteadyTime ends) {
  int tries = 1;
  try {
    const DeadlineScope bound(fiber, std::chrono::ceil<milliseconds>(ends - std::chrono::steady_clock::now()));
    return exchange(fiber, call, scope, input, turn, tries);
  } catch (const Failure& failure) {
    const bool first = turn.number == 0;
    if (first || !ended_by(fiber, call.retry, failure, ends)) throw;
    return std::nullopt;
  }
}

}  // namespace junctor::connector
