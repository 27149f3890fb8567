// The files of one call, counted while they go: the run tells how much of them was sent and received, also when the
// call fails. Contents are not kept.
//
// Threads: the fiber of the call. Lifetime: the trace outlives it; it outlives the call.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/actions.h"

namespace junctor {

class CountedFiles final {
 public:
  CountedFiles(const CallScope& scope, CallTrace& trace);
  // Adds what went to the counters `uploaded_bytes` and `downloaded_bytes`.
  ~CountedFiles();
  CountedFiles(const CountedFiles&) = delete;
  CountedFiles& operator=(const CountedFiles&) = delete;

  // What the call is made with.
  const CallScope& scope() const { return scope_; }

 private:
  // A try that begins again sends the same bytes: the one that came furthest counts.
  struct Sent {
    std::int64_t of_this_try = 0;
    std::int64_t most = 0;
  };
  void count(UploadFile& file, Sent& sent);
  void count(DownloadSink& sink);

  CallScope scope_;
  CallTrace& trace_;
  std::map<std::string, Sent> sent_;
  std::int64_t received_ = 0;
};

}  // namespace junctor
