// Changing keys while serving.
//
// A rotation gives every tenant a fresh data key (wrapped by a fresh root key where the source can
// make one, else by the source's first), seals every secret again in small transactions, and then
// forgets the old keys. Readers and writers go on meanwhile: every ciphertext names its key. A
// rotation that was interrupted, by a crash as well, is continued by the next call.
//
// Threads: the thread that made it.
// Lifetime: the vault outlives it.
// Invariants:
//   1. One rotation at a time across all processes: a lease row in the store says whose it is, and
//      every step looks at it. Who was killed loses it when it ends; who stops gives it back.
//   2. A root key is in the file before the database knows it, and leaves the file after.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "vault/vault.h"

namespace junctor::vault {

struct RotationProgress {
  bool continued = false;           // an earlier rotation was found unfinished
  std::size_t tenants = 0;          // got a fresh data key
  std::size_t secrets = 0;          // sealed again
  std::size_t keys_rewrapped = 0;   // data keys moved to the current root key
  std::size_t roots_forgotten = 0;  // old root keys no longer needed by anything
  bool finished = false;

  friend bool operator==(const RotationProgress&, const RotationProgress&) = default;
};

class KeyRotation final {
 public:
  // How long a rotation that was killed keeps others from continuing it.
  static constexpr std::chrono::seconds lease{30};

  explicit KeyRotation(Vault& vault, std::size_t batch = 200) : vault_(vault), batch_(batch) {}
  ~KeyRotation();
  KeyRotation(const KeyRotation&) = delete;
  KeyRotation& operator=(const KeyRotation&) = delete;

  // Starts a rotation, or finds the unfinished one. Blocks, as all functions here: for commands and
  // the worker pool. Failure{conflict} while another one runs.
  void begin();
  // One small transaction; false when nothing is left to do. Failure{conflict} when the lease ended
  // and another rotation went on with the work.
  bool step();
  // begin, then step to the end. report is called after every step and may throw to interrupt.
  RotationProgress run(const std::function<void(const RotationProgress&)>& report = {});

  const RotationProgress& progress() const { return progress_; }

 private:
  struct Begun;
  Begun take(Transaction& tx, const std::string& root_now);
  void renew(Transaction& tx);
  std::size_t replace_active_keys(Transaction& tx);
  std::size_t reseal(Transaction& tx);
  std::size_t rewrap(Transaction& tx);
  void finish();

  Vault& vault_;
  const std::size_t batch_;
  const std::string holder_ = Uuid::generate().to_string();
  bool holds_ = false;
  std::int64_t generation_ = 0;
  RotationProgress progress_;
};

}  // namespace junctor::vault
