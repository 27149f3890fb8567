#include "net/server.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include "async/loop.h"
#include "async/scope.h"
#include "async/signal.h"
#include "async/stream.h"
#include "async/tls_stream.h"
#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/connection.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

// How often the connections of a loop are looked at for timeouts.
constexpr auto sweep_interval = 100ms;

// The server's part on one loop.
class Acceptor final {
 public:
  Acceptor(Loop& loop, const HttpServerOptions& options, const HttpHandler& handler,
           std::atomic<std::size_t>& count, Signal& changed, const ListenOptions& listen)
      : context_{options, handler, false, 0, {}},
        count_(count),
        changed_(changed),
        listener_(loop, listen),
        timer_(loop.context()),
        scope_(loop, "net") {}

  std::uint16_t port() const { return listener_.port(); }

  void start() {
    scope_.loop().post([this] {
      if (!context_.draining) scope_.spawn([this](Fiber& fiber) { accept(fiber); });
    });
  }

  // Any thread.
  void drain() {
    scope_.loop().post([this] {
      context_.draining = true;
      listener_.close();
      for (Connection* connection : connections_) connection->drain();
    });
  }

  void stop_then(std::function<void()> done) {
    scope_.stop_then([this, done = std::move(done)] {
      timer_.cancel();
      // The cancelled sweep still stands in the loop's queue and must find us alive.
      scope_.loop().post(done);
    });
  }

 private:
  void accept(Fiber& fiber) {
    while (!context_.draining) {
      try {
        // Shared, because a std::function must be copyable; the connection's fiber is the one
        // owner.
        auto stream = std::make_shared<std::unique_ptr<Stream>>(listener_.accept(fiber));
        scope_.spawn([this, stream](Fiber& inner) { serve(inner, std::move(*stream)); });
      } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::cancelled || context_.draining) return;
        log::write(log::Level::warning, "net", "{}: {}", failure.message(), failure.detail());
        fiber.sleep_for(50ms);
      }
    }
  }

  void serve(Fiber& fiber, std::unique_ptr<Stream> stream) {
    const bool too_many = count_.fetch_add(1) >= context_.options.most_connections;
    const auto leave = [this](void*) {
      count_.fetch_sub(1);
      changed_.notify_all();
    };
    const std::unique_ptr<void, decltype(leave)> counted(this, leave);
    try {
      if (context_.options.tls) {
        DeadlineScope limit(fiber, context_.options.head_timeout);
        stream = context_.options.tls->accept(fiber, std::move(stream));
      }
    } catch (const Failure& failure) {
      if (fiber.cancelled()) throw;
      log::write(log::Level::debug, "net", "no TLS with a client: {}", failure.detail());
      return;
    }
    Connection connection(context_, std::move(stream));
    connections_.insert(&connection);
    const auto forget = [this](Connection* gone) { connections_.erase(gone); };
    const std::unique_ptr<Connection, decltype(forget)> listed(&connection, forget);
    if (!sweeping_) sweep();
    if (too_many) return connection.refuse(fiber);
    if (!context_.draining) connection.serve(fiber);
  }

  // One timer for all connections of the loop: a timer for each read would cost more than the read.
  void sweep() {
    sweeping_ = !connections_.empty();
    if (!sweeping_) return;
    timer_.expires_after(sweep_interval);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      for (Connection* connection : connections_) connection->expire(now);
      sweep();
    });
  }

  ConnectionContext context_;
  std::atomic<std::size_t>& count_;
  Signal& changed_;
  Listener listener_;
  boost::asio::steady_timer timer_;
  bool sweeping_ = false;
  std::unordered_set<Connection*> connections_;
  Scope scope_;
};

// Counts down from any thread; whoever waits is told at zero.
class Countdown final {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}
  void step() {
    std::lock_guard lock(mutex_);
    if (--left_ > 0) return;
    changed_.notify_all();
    if (waiter_) waiter_->wake();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return left_ == 0; });
  }
  void wait(Fiber& fiber) {
    fiber.wait_uninterruptible([this](Waker waker) {
      std::lock_guard lock(mutex_);
      if (left_ == 0) return waker.wake();
      waiter_ = std::move(waker);
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
  std::optional<Waker> waiter_;
};

}  // namespace

struct HttpServer::State {
  HttpServerOptions options;
  HttpHandler handler;
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<Loop*> loops;
  std::atomic<std::size_t> connections{0};
  Signal changed;
  std::vector<std::unique_ptr<Acceptor>> acceptors;

  std::shared_ptr<Countdown> begin_stop() {
    auto countdown = std::make_shared<Countdown>(acceptors.size());
    for (auto& acceptor : acceptors) acceptor->stop_then([countdown] { countdown->step(); });
    return countdown;
  }
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler, std::vector<Loop*> loops)
    : state_(std::make_unique<State>()) {
  JUNCTOR_CHECK(!loops.empty());
  state_->options = std::move(options);
  state_->handler = std::move(handler);
  state_->loops = std::move(loops);
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler, std::size_t threads)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->handler = std::move(handler);
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    state_->threads.push_back(std::make_unique<LoopThread>("net-" + std::to_string(i)));
    state_->loops.push_back(&state_->threads.back()->loop());
  }
}

HttpServer::~HttpServer() {
  if (!state_->acceptors.empty()) stop(0ms);
}

void HttpServer::start() {
  State& state = *state_;
  JUNCTOR_CHECK(state.acceptors.empty());
  ListenOptions listen{.address = state.options.address, .port = state.options.port};
  // A shared port would let a second process steal half of the connections unnoticed, so that is
  // asked first with a socket of its own. Port 0 is the system's choice of one that nobody has; the
  // first socket holds it for the others.
  if (state.loops.size() > 1) {
    if (listen.port != 0) Listener(*state.loops.front(), listen);
    listen.sharing = PortSharing::shared;
  }
  for (Loop* loop : state.loops) {
    state.acceptors.push_back(std::make_unique<Acceptor>(*loop, state.options, state.handler,
                                                         state.connections, state.changed, listen));
    listen.port = state.acceptors.front()->port();
  }
  state.options.port = state.acceptors.front()->port();
  for (auto& acceptor : state.acceptors) acceptor->start();
}

std::uint16_t HttpServer::port() const { return state_->options.port; }
std::size_t HttpServer::connections() const { return state_->connections.load(); }

void HttpServer::stop(std::chrono::milliseconds grace) {
  for (auto& acceptor : state_->acceptors) acceptor->drain();
  const auto ends = std::chrono::steady_clock::now() + grace;
  while (state_->connections.load() > 0 && std::chrono::steady_clock::now() < ends)
    std::this_thread::sleep_for(5ms);
  state_->begin_stop()->wait();
  state_->acceptors.clear();
}

void HttpServer::stop(Fiber& fiber, std::chrono::milliseconds grace) {
  for (auto& acceptor : state_->acceptors) acceptor->drain();
  const auto ends = std::chrono::steady_clock::now() + grace;
  while (!fiber.cancelled() && std::chrono::steady_clock::now() < ends) {
    const auto seen = state_->changed.count();
    if (state_->connections.load() == 0) break;
    state_->changed.wait_for(fiber, seen, 20ms);
  }
  state_->begin_stop()->wait(fiber);
  state_->acceptors.clear();
}

}  // namespace junctor
