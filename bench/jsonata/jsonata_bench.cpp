// Evaluations per second of each expression in ../shared/bench/jsonata, here and under Node on the
// same machine, in turn; then a two-step path with its allocations, and growth with the input.
// Both sides compile once, take a parsed value and make one: here the project's JSON value, in the
// arena as the reference makes its objects in a collected heap, and once more with every part of
// it on the heap.
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <set>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/jsonata.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using namespace junctor;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

fs::path inputs() {
  const char* shared = std::getenv("JUNCTOR_SHARED");
  return (shared ? fs::path(shared) : fs::path(JUNCTOR_SOURCE_DIR) / "../shared") / "bench/jsonata";
}

Json read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return json::parse(text).value_or_throw();
}

// Calls per second of `work`.
template <typename Work>
double rate(double seconds, Work&& work) {
  std::size_t count = 0;
  std::size_t round = 1;
  const auto start = Clock::now();
  double elapsed = 0;
  do {
    for (std::size_t i = 0; i < round; ++i) work();
    count += round;
    round = std::min<std::size_t>(round * 2, 4096);
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (elapsed < seconds);
  return static_cast<double>(count) / elapsed;
}

enum class Reference { none, node };

double reference(const fs::path& file, double seconds) {
  const std::string command = "node " JUNCTOR_SOURCE_DIR "/bench/jsonata/reference.mjs '" +
                              file.string() + "' " + std::to_string(seconds);
  FILE* pipe = popen(command.c_str(), "r");
  double out = 0;
  if (pipe) {
    if (std::fscanf(pipe, "%lf", &out) != 1) out = 0;
    pclose(pipe);
  }
  return out;
}

struct Rates {
  double arena = 0;  // results in the arena
  double heap = 0;   // results on the heap
  double node = 0;
};

// In turn, so that all meet the same machine; the best round of each counts, since what others
// on the machine do can only make a round slower.
Rates measure(const fs::path& file, const jsonata::Expression& expression, const Json& input,
              double seconds, Reference with) {
  jsonata::Arena arena;
  jsonata::EvaluateOptions in_arena;
  in_arena.storage = arena.storage();
  const jsonata::EvaluateOptions on_heap;
  Rates best;
  for (int round = 0; round < 7; ++round) {
    best.arena = std::max(best.arena, rate(seconds, [&] { expression.evaluate(input, arena, in_arena); }));
    best.heap = std::max(best.heap, rate(seconds, [&] { expression.evaluate(input, arena, on_heap); }));
    if (with == Reference::node) best.node = std::max(best.node, reference(file, seconds));
  }
  return best;
}

bool bench_expressions(double seconds, Reference with) {
  bool good = true;
  std::printf("%-22s %12s %12s %12s %8s %8s %8s\n", "expression", "junctor /s", "on heap /s", "node /s",
              "ratio", "on heap", "wanted");
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(inputs())) files.insert(entry.path());
  for (const fs::path& file : files) {
    const std::string name = file.stem().string();
    if (name.starts_with("expected_")) continue;
    const Json test = read(file);
    const auto expression = jsonata::Expression::compile(test.at("expr").get_string());
    const Json& input = test.at("input");
    if (*expression.evaluate(input) != read(file.parent_path() / ("expected_" + name + ".json"))) {
      std::printf("%s gives a wrong result\n", name.c_str());
      good = false;
    }
    const Rates r = measure(file, expression, input, seconds, with);
    const auto ratio = [&](double ours) { return r.node > 0 ? ours / r.node : 0; };
    std::printf("%-22s %12.0f %12.0f %12.0f %7.1fx %7.1fx %7dx\n", name.c_str(), r.arena, r.heap,
                r.node, ratio(r.arena), ratio(r.heap), name[0] < 'd' ? 30 : 15);
  }
  return good;
}

void bench_path(double seconds) {
  const Json input = JsonObject{{"account", JsonObject{{"name", "Firefly"}, {"id", 7}}}};
  const auto expression = jsonata::Expression::compile("account.name");
  jsonata::Arena arena;
  const jsonata::EvaluateOptions options;
  expression.view(input, arena, options);
  const std::size_t before = allocations;
  expression.view(input, arena, options);
  const std::size_t each = allocations - before;
  const double view = rate(seconds, [&] { expression.view(input, arena, options); });
  const double copy = rate(seconds, [&] { expression.evaluate(input, arena, options); });
  std::printf("\naccount.name: %.1f ns as a view with %zu allocations, %.1f ns as a value\n",
              1e9 / view, each, 1e9 / copy);
}

Json rows(std::size_t count) {
  JsonArray out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(JsonObject{{"id", i}, {"group", "g" + std::to_string(i % 100)},
                             {"value", (i * 7919) % 100'003}, {"active", i % 3 != 0}});
  }
  return JsonObject{{"rows", std::move(out)}};
}

void bench_growth() {
  const std::pair<const char*, const char*> tests[] = {
      {"filter", "$count(rows[active and value > 50000])"},
      {"map", "$count(rows.{\"id\": id, \"double\": value * 2})"},
      {"group", "rows{group: $sum(value)}"},
      {"group, all different", "$count($keys(rows{$string(id): value}))"},
      {"aggregate", "$sum(rows.value)"},
      {"sort", "rows^(value, id)[0].id"},
  };
  std::printf("\n%-22s %10s %10s %10s %10s   ns per item\n", "growth", "10^3", "10^4", "10^5", "10^6");
  std::vector<Json> sizes;
  for (std::size_t n = 1'000; n <= 1'000'000; n *= 10) sizes.push_back(rows(n));
  for (const auto& [name, text] : tests) {
    std::printf("%-22s", name);
    const auto expression = jsonata::Expression::compile(text);
    jsonata::EvaluateOptions options;
    options.limits.time = std::chrono::minutes(2);
    options.limits.memory_bytes = std::size_t{4} << 30;
    jsonata::Arena arena;
    for (const Json& input : sizes) {
      const std::size_t n = input.at("rows").get_array().size();
      expression.view(input, arena, options);
      const std::size_t rounds = std::max<std::size_t>(1, 1'000'000 / n / 4);
      const auto start = Clock::now();
      for (std::size_t i = 0; i < rounds; ++i) expression.view(input, arena, options);
      const double elapsed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
      std::printf(" %10.1f", elapsed / static_cast<double>(rounds * n));
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!fs::exists(inputs())) {
    std::printf("skipped: %s is not there\n", inputs().c_str());
    return 0;
  }
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.3;
  const bool alone = argc > 2 && std::string_view(argv[2]) == "alone";
  const bool good = bench_expressions(seconds, alone ? Reference::none : Reference::node);
  bench_path(seconds);
  if (!alone) bench_growth();
  return good ? 0 : 1;
}
