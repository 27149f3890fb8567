// junctor_world: serves the stand-in outside world until it is interrupted.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/server.h"
#include "world/world.h"

namespace {

struct Arguments {
  junctor::HttpServerOptions server;
  junctor::world::WorldOptions world;
};

void describe(CLI::App& app, Arguments& arguments) {
  app.add_option("--port", arguments.server.port, "0: any free one")->capture_default_str();
  app.add_option("--chat-token", arguments.world.chat_token, "Bearer token of the chat API");
  app.add_option("--hr-token", arguments.world.hr.token, "API key of the HR API");
  app.add_option("--employees", arguments.world.hr.employees, "How many the HR API has")
      ->capture_default_str()
      ->check(CLI::Range(0, 100'000));
  app.add_option("--seed", arguments.world.seed, "Of people and faults")->capture_default_str();
  app.add_option("--ledger", arguments.world.ledger_path,
                 "File that keeps messages and changes over a restart");
}

void serve(Arguments arguments) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  arguments.world.hr.seed = arguments.world.seed;
  junctor::world::World world(std::move(arguments.world));
  junctor::HttpServer server(
      arguments.server,
      [&world](junctor::Fiber& fiber, junctor::HttpRequest& request) {
        return world.handle(fiber, request);
      },
      1);
  server.start();
  std::printf("the world is at http://127.0.0.1:%d\n", static_cast<int>(server.port()));
  std::fflush(stdout);
  int received = 0;
  sigwait(&ends, &received);
  server.stop(std::chrono::seconds(2));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A chat API and an HR API to try Junctor against"};
  Arguments arguments;
  arguments.server.port = 8500;
  describe(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    serve(std::move(arguments));
    return 0;
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "junctor_world: %s\n", failure.message().c_str());
    return 1;
  }
}
