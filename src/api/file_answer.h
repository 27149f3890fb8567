// A file that a call gives, as the answer to whoever called: its bytes while they come, without the credentials that
// they repeat.
//
// Threads: the fiber of one request. Lifetime: the request and the secrets outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connector/secret_mask.h"
#include "connector/secret_values.h"
#include "junctor/files.h"
#include "junctor/ids.h"
#include "net/http.h"

namespace junctor::api {

// Of every answer to a call of an action that made a run: its id.
inline constexpr std::string_view run_header = "Junctor-Run";

class FileAnswer final {
 public:
  // The secrets are those that the call has to do with, known when its answer begins.
  FileAnswer(const HttpRequest& request, RunId run, const connector::SecretValues& secrets)
      : request_(request), run_(run), secrets_(secrets) {}
  FileAnswer(const FileAnswer&) = delete;
  FileAnswer& operator=(const FileAnswer&) = delete;

  // Where the call puts the file. take throws Failure{unavailable} when the client is gone.
  DownloadSink sink();
  // The file is whole: what the mask held back of it, but not yet the last byte of a length that was announced. Whoever
  // has read the file finds its run.
  void finish(Fiber& fiber);
  // Its run is kept.
  void give_last_byte(Fiber& fiber);

  bool client_left() const { return client_left_; }

 private:
  void begin(const DownloadHead& head);
  void hand_on(Fiber& fiber, std::string_view piece);
  void write(Fiber& fiber, std::string_view piece);

  const HttpRequest& request_;
  const RunId run_;
  const connector::SecretValues& secrets_;
  std::optional<connector::SecretMask> mask_;
  BodyWriter* writer_ = nullptr;
  std::optional<std::uint64_t> announced_bytes_;
  std::string last_byte_;
  std::uint64_t bytes_ = 0;
  bool client_left_ = false;
};

}  // namespace junctor::api
