// Measures the queue in one process; see README.md. Acknowledged means synced, here and everywhere.
//
//   junctor_queue_bench <sqlite:… | postgres://…> [--seconds 2] [--runs 1] [--callers 64]
//       [--backlog <messages>]    the shapes on an almost empty queue, then behind so many messages
//       [--held-transaction]      PostgreSQL: a steady load, without and with a transaction held open
//       [--payload <file>] [--name <text>] [--server <pid of the database>] [--json]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "junctor/failure.h"
#include "queue_load.h"

namespace junctor::bench {
namespace {

enum class Mode { shapes, backlog, held_transaction };

void print(const Settings& settings, const Measured& run) {
  if (settings.json)
    std::printf(R"({"system":"%s","test":"%s","rate":%.1f,"p50_ms":%.4f,"p99_ms":%.4f,)"
                R"("requests_per_commit":%.2f,"cpu_us":%.2f,"other_cpu":%.1f})"
                "\n",
                settings.name.c_str(), run.test.c_str(), run.rate, run.p50_ms, run.p99_ms,
                run.requests_per_commit, run.cpu_us, run.other_cpu);
  else
    std::printf("%-20s %9.0f msgs/s  p50 %8.3f ms  p99 %8.3f ms  %6.1f requests/commit  %6.1f us CPU/msg"
                "  other CPU %4.0f %%\n",
                run.test.c_str(), run.rate, run.p50_ms, run.p99_ms, run.requests_per_commit, run.cpu_us,
                run.other_cpu);
  std::fflush(stdout);
}

void shapes(QueueLoad& load, const Settings& settings) {
  for (int i = 0; i < settings.runs; ++i) {
    for (const Measured& run : load.measure_shapes()) print(settings, run);
    load.empty();
  }
}

// Of each shape the run with the middle rate.
std::vector<Measured> middle_of(QueueLoad& load, const Settings& settings) {
  std::vector<std::vector<Measured>> by_shape;
  for (int i = 0; i < settings.runs; ++i) {
    auto shapes = load.measure_shapes();
    by_shape.resize(shapes.size());
    for (std::size_t shape = 0; shape < shapes.size(); ++shape)
      by_shape[shape].push_back(std::move(shapes[shape]));
  }
  std::vector<Measured> middle;
  for (auto& runs : by_shape) {
    std::sort(runs.begin(), runs.end(),
              [](const Measured& one, const Measured& other) { return one.rate < other.rate; });
    middle.push_back(runs[runs.size() / 2]);
  }
  return middle;
}

void backlog(QueueLoad& load, const Settings& settings, std::int64_t messages) {
  const auto alone = middle_of(load, settings);
  std::printf("almost empty:\n");
  for (const Measured& run : alone) print(settings, run);
  std::printf("filling with %lld messages …\n", static_cast<long long>(messages));
  std::fflush(stdout);
  load.fill(messages);
  // What the filling left to the disk is not the backlog's doing.
  ::sync();
  std::this_thread::sleep_for(std::chrono::seconds(10));
  const auto behind = middle_of(load, settings);
  for (std::size_t i = 0; i < behind.size(); ++i) {
    print(settings, behind[i]);
    std::printf("%-20s %9.2f of the rate without a backlog\n", "", behind[i].rate / alone[i].rate);
  }
}

// Every caller publishes and takes as much, so that the queue stays short. Messages per second.
double steady_minutes(QueueLoad& load, double seconds, const char* what) {
  double total = 0, left = seconds;
  int minute = 0;
  for (; left > 0; left -= 60) {
    const double length = std::min(left, 60.0);
    const Measured run = load.measure("steady", 32, length, [&](Fiber& fiber) {
      load.publish(fiber, 10);
      return load.take(fiber, 10);
    });
    std::printf("%-28s minute %2d  %9.0f msgs/s through the queue  p99 %8.2f ms  other CPU %4.0f %%\n", what,
                ++minute, run.rate, run.p99_ms, run.other_cpu);
    std::fflush(stdout);
    total += run.rate * length;
  }
  return total / seconds;
}

// Half of the comparison before and half after, so that a machine that gets busier or quieter meanwhile
// favours neither side.
void held_transaction(QueueLoad& load, const Settings& settings) {
  const double before = steady_minutes(load, settings.seconds / 2, "nothing held open, before");
  double with = 0;
  load.with_open_view(
      [&] { with = steady_minutes(load, settings.seconds, "one transaction held open"); });
  const double after = steady_minutes(load, settings.seconds / 2, "nothing held open, after");
  std::printf("with / without: %.2f\n", with / ((before + after) / 2));
}

std::string payload_of(const std::string& path) {
  if (path.empty()) return R"({"body":")" + std::string(1'024 - 11, 'x') + "\"}";
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run(int count, char** words) {
  Settings settings;
  settings.url = words[1];
  std::string payload;
  std::int64_t messages = 0;
  Mode mode = Mode::shapes;
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--json") settings.json = true;
    if (word == "--held-transaction") mode = Mode::held_transaction;
    if (i + 1 == count) break;
    if (word == "--seconds") settings.seconds = std::atof(words[i + 1]);
    if (word == "--runs") settings.runs = std::atoi(words[i + 1]);
    if (word == "--callers") settings.callers = std::atoi(words[i + 1]);
    if (word == "--name") settings.name = words[i + 1];
    if (word == "--payload") payload = words[i + 1];
    if (word == "--server") settings.server = std::atoi(words[i + 1]);
    if (word == "--backlog") {
      messages = std::atoll(words[i + 1]);
      mode = Mode::backlog;
    }
  }
  settings.payload = payload_of(payload);
  QueueLoad load(settings);
  switch (mode) {
    case Mode::shapes: shapes(load, settings); break;
    case Mode::backlog: backlog(load, settings, messages); break;
    case Mode::held_transaction: held_transaction(load, settings); break;
  }
  return 0;
}

}  // namespace
}  // namespace junctor::bench

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: junctor_queue_bench <url of a store> [options]; see bench/queue/README.md\n");
    return 2;
  }
  try {
    return junctor::bench::run(count, words);
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "%s (%s)\n", failure.message().c_str(), failure.detail().c_str());
    return 1;
  }
}
