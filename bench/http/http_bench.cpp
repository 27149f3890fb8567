// The HTTP server and client under load.
//
//   junctor_http_bench serve PORT LOOPS           until killed: GET / says hello, POST / says the
//   length junctor_http_bench calls SECONDS FIBERS       client and server over loopback, one loop
//   each
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace {

using namespace junctor;

HttpResponse answer(Fiber&, HttpRequest& request) {
  if (request.method == "POST")
    return HttpResponse::text(200, std::to_string(request.body.size()) + "\n", "text/plain");
  return HttpResponse::text(200, "Hello, world!\n", "text/plain");
}

int serve(const char* port, const char* loops) {
  HttpServerOptions options;
  options.port = static_cast<std::uint16_t>(std::atoi(port));
  HttpServer server(options, &answer, static_cast<std::size_t>(std::atoi(loops)));
  server.start();
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

int calls(const char* seconds, const char* fibers) {
  HttpServer server({}, &answer, std::size_t{1});
  server.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/things?page=1";
  HttpClientOptions options;
  options.guard = AddressGuard::allowing({"127.0.0.0/8"}).value();
  const auto wanted = std::chrono::seconds(std::atoi(seconds));
  std::size_t count = 0;
  HttpClient client(options);
  const auto began = std::chrono::steady_clock::now();
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "bench");
    for (int i = 0; i < std::atoi(fibers); ++i)
      scope.spawn([&](Fiber& caller) {
        while (std::chrono::steady_clock::now() - began < wanted) {
          ClientRequest request{.method = "POST", .url = url};
          request.header("Content-Type", "application/json");
          request.header("Authorization", Secret("Bearer 0123456789abcdef"));
          request.body = R"({"name":"a thing","count":3})";
          if (client.send(caller, request).status == 200) ++count;
        }
      });
    scope.join(fiber);
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  server.stop(std::chrono::milliseconds(0));
  std::printf("%.0f calls/s (%zu in %.2f s, %s at once, client and server on a core each)\n",
              static_cast<double>(count) / took.count(), count, took.count(), fibers);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 4) return serve(argv[2], argv[3]);
  if (what == "calls" && argc == 4) return calls(argv[2], argv[3]);
  std::fprintf(stderr, "usage: junctor_http_bench serve PORT LOOPS | calls SECONDS FIBERS\n");
  return 2;
}
