// The registry in force; replaced as a whole on reload.
//
// Threads: any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "engine/registry.h"

namespace junctor {

class CurrentRegistry final {
 public:
  CurrentRegistry() : registry_(std::make_shared<const Registry>()) {}

  std::shared_ptr<const Registry> get() const {
    std::lock_guard lock(mutex_);
    return registry_;
  }
  void set(std::shared_ptr<const Registry> registry) {
    std::lock_guard lock(mutex_);
    registry_ = std::move(registry);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Registry> registry_;
};

}  // namespace junctor
