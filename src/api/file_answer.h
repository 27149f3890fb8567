// A file that a call gives, as the answer to whoever called: its bytes while they come.
//
// Threads: the fiber of one request. Lifetime: the request outlives it.
#pragma once

#include <cstdint>
#include <string_view>

#include "junctor/files.h"
#include "junctor/ids.h"
#include "net/http.h"

namespace junctor::api {

// Of every answer to a call of an action that made a run: its id.
inline constexpr std::string_view run_header = "Junctor-Run";

class FileAnswer final {
 public:
  FileAnswer(const HttpRequest& request, RunId run) : request_(request), run_(run) {}
  FileAnswer(const FileAnswer&) = delete;
  FileAnswer& operator=(const FileAnswer&) = delete;

  // Where the call puts the file. take throws Failure{unavailable} when the client is gone.
  DownloadSink sink();

  std::uint64_t bytes() const { return bytes_; }
  bool client_left() const { return client_left_; }

 private:
  void begin(const DownloadHead& head);
  void write(Fiber& fiber, std::string_view piece);

  const HttpRequest& request_;
  const RunId run_;
  BodyWriter* writer_ = nullptr;
  std::uint64_t bytes_ = 0;
  bool client_left_ = false;
};

}  // namespace junctor::api
