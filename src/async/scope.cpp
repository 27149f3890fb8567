#include "async/scope.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "async/fiber_core.h"
#include "async/loop.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {

struct Scope::State {
  State(Loop& owner, std::string text) : loop(owner), name(std::move(text)) {}
  Loop& loop;
  std::string name;
  std::unordered_set<std::shared_ptr<FiberCore>> fibers;
  std::vector<Waker> joining;
  bool stopping = false;
};

Scope::Scope(Loop& loop, std::string name)
    : state_(std::make_shared<State>(loop, std::move(name))) {}

Scope::~Scope() {
  // A fiber that outlived its owner would touch freed memory: better to stop here, loudly.
  if (!state_->fibers.empty()) std::terminate();
}

Scope::Handle Scope::spawn(std::function<void(Fiber&)> body) {
  if (state_->stopping) return {};
  const auto core = std::make_shared<FiberCore>(state_->loop, std::move(body));
  state_->fibers.insert(core);
  core->on_end = [state = state_, weak = std::weak_ptr(core)] {
    state->fibers.erase(weak.lock());
    if (!state->fibers.empty()) return;
    for (const Waker& waker : std::exchange(state->joining, {})) waker.wake();
  };
  state_->loop.post([core] { core->start(); });
  return Handle(core);
}

void Scope::Handle::cancel() const {
  const auto core = core_.lock();
  if (!core || core->ended) return;
  core->cancelled = true;
  core->interrupt(Woken::by_cancellation);
}

void Scope::cancel() {
  const auto fibers = state_->fibers;
  for (const auto& core : fibers) Handle(core).cancel();
}

void Scope::join(Fiber& fiber) {
  while (!state_->fibers.empty())
    fiber.wait_uninterruptible(
        [this](Waker waker) { state_->joining.push_back(std::move(waker)); });
}

void Scope::stop(Fiber& fiber) {
  state_->stopping = true;
  cancel();
  join(fiber);
}

void Scope::stop_blocking() {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  stop_then([&] {
    std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
}

void Scope::stop_then(std::function<void()> done) {
  // The stopping fiber is a member of no scope, or that scope would wait for itself.
  const auto stopper =
      std::make_shared<FiberCore>(state_->loop, [this](Fiber& fiber) { stop(fiber); });
  stopper->on_end = std::move(done);
  state_->loop.post([stopper] { stopper->start(); });
}

std::size_t Scope::size() const { return state_->fibers.size(); }
Loop& Scope::loop() const { return state_->loop; }

void run_in_fiber(const std::function<void(Fiber&)>& body) {
  Loop loop;
  Scope scope(loop, "main");
  std::exception_ptr error;
  loop.post([&] {
    scope.spawn([&](Fiber& fiber) {
      try {
        body(fiber);
      } catch (...) {
        error = std::current_exception();
      }
      loop.post([&loop] { loop.stop(); });
    });
  });
  loop.run();
  if (error) std::rethrow_exception(error);
}

}  // namespace junctor
