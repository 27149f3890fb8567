// Files of calls in progress, on disk instead of in memory.
//
// Each is a file without a name, readable by nobody else, whose space comes back when the call is over, however that
// ends: with the process at the latest. Where the file system knows no files without names, one has a name for the
// moment it is made.
//
// Threads: any loop; a SpoolFile belongs to one call.
// Lifetime: outlives its files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/worker_pool.h"
#include "base/descriptor.h"
#include "junctor/files.h"

namespace junctor::api {

class SpoolFile;

class Spool final {
 public:
  // most_bytes: of all files and texts of one call. Texts, which are in memory: most_text_bytes.
  Spool(std::string folder, std::uint64_t most_bytes, std::size_t most_text_bytes);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Removes what a process that ended at the wrong moment left behind. Before anything else is called.
  void clean();

  // Throws Failure{no_space, unavailable}.
  std::unique_ptr<SpoolFile> open(Fiber& fiber);

  std::uint64_t most_bytes() const { return most_bytes_; }
  std::size_t most_text_bytes() const { return most_text_bytes_; }

 private:
  friend class SpoolFile;
  int open_file() const;

  const std::string folder_;
  const std::uint64_t most_bytes_;
  const std::size_t most_text_bytes_;
  WorkerPool workers_;  // a disk may be busy for longer than a loop may wait
};

class SpoolFile final {
 public:
  SpoolFile(Spool& spool, int descriptor);
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  // Throws Failure{no_space, unavailable}.
  void append(Fiber& fiber, std::string_view bytes);

  // The file from its start, to be rewound as often as wanted. It lives as long as the upload and its copies.
  static UploadFile as_upload(Fiber& fiber, std::unique_ptr<SpoolFile> file);

 private:
  void flush(Fiber& fiber);
  std::size_t read(Fiber& fiber, std::span<char> into, std::uint64_t at) const;

  Spool& spool_;
  const Descriptor descriptor_;
  std::string waiting_;  // not written yet
  std::uint64_t bytes_ = 0;
};

}  // namespace junctor::api
