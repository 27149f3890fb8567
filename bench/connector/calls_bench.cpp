// Declared actions over a loopback API, client and server on the same cores; and the memory of a long
// listing read as a stream. Prints, asserts nothing.
//
//   junctor_connector_bench [CALLS] [PAGES]
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "async/scope.h"
#include "base/freed_memory.h"
#include "connector/executor.h"
#include "connector/yaml_loader.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace {

using namespace junctor;
using namespace junctor::connector;

constexpr int fibers = 64;

std::size_t resident_kib() {
  std::ifstream stream("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  stream >> all >> resident;
  return resident * 4;
}

std::string definition(std::uint16_t port) {
  return "slug: demo\nendpoints: {base_url: \"http://127.0.0.1:" + std::to_string(port) + R"("}
actions:
  get: {params: {id: {}}, api: {path: "/things/{id}", response: {map: "{'id': id}"}}}
  list: {api: {path: /list, pagination: {kind: page, param: page, max_pages: 1000000, max_items: 1000000000}}}
)";
}

// A row beside the usual ones tells the pages apart: the same page twice would end the listing.
HttpResponse serve(const std::string& rows, const HttpRequest& request) {
  HttpResponse out;
  out.headers.set("Content-Type", "application/json");
  out.body = request.path == "/list" ? R"([{"page":")" + request.target + "\"}," + rows
                                     : R"({"id":7,"name":"seven","tags":["a","b"]})";
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  zero_freed_memory();  // as `junctor` does
  const int calls = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const int pages = argc > 2 ? std::atoi(argv[2]) : 2'000;
  std::string rows;
  for (int i = 0; i < 99; ++i) rows += std::string(i == 0 ? "" : ",") + R"({"id":)" + std::to_string(i) + R"(,"text":"some text of a row"})";
  rows += "]";
  HttpServer server({}, [&rows](Fiber&, HttpRequest& request) { return serve(rows, request); }, 1);
  server.start();
  const Integration integration = load_integration(definition(server.port()), "bench.yaml").value_or_throw();
  const auto get = CompiledCall::compile(integration, *integration.find_action("get")).value_or_throw();
  const auto list = CompiledCall::compile(integration, *integration.find_action("list")).value_or_throw();
  HttpClientOptions open;
  open.guard = AddressGuard::off();
  HttpClient client(open);
  Executor executor(client);

  const auto started = std::chrono::steady_clock::now();
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "bench");
    for (int f = 0; f < fibers; ++f) {
      scope.spawn([&](Fiber& inner) {
        CallScope call;
        call.connection = "c";
        call.priority = Priority::interactive;
        const Json input = JsonObject{{"id", 7}};
        for (int i = 0; i < calls / fibers; ++i) executor.call(inner, *get, call, input);
      });
    }
    scope.join(fiber);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("calls/s: %.0f (%d calls, %d fibers, 1 client and 1 server thread)\n", calls / seconds, calls, fibers);

  run_in_fiber([&](Fiber& fiber) {
    CallScope call;
    std::size_t seen = 0;
    std::size_t early = 0;
    executor.stream(fiber, *list, call, JsonObject(), [&](Json&&) {
      ++seen;
      if (seen == 10'000) early = resident_kib();
      return seen < static_cast<std::size_t>(pages) * 100;
    });
    std::printf("resident after 100 pages: %zu KiB, after %d pages: %zu KiB\n", early, pages, resident_kib());
  });
  server.stop(std::chrono::milliseconds(100));
  return 0;
}
