#include "api/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::api {
namespace {

constexpr std::size_t written_at_once_bytes = 256 * 1024;
constexpr std::size_t threads = 2;
constexpr std::string_view name_start = "upload-";

[[noreturn]] void cannot(const std::string& what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  throw Failure(full ? FailureKind::no_space : FailureKind::unavailable,
                full ? "no space is left for the files of a call; free some in data_dir, or lower upload_limit"
                     : "the files of a call cannot be kept; the log has the details",
                what + ": " + std::strerror(error));
}

}  // namespace

Spool::Spool(std::string folder, std::uint64_t most_bytes, std::size_t most_text_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes), most_text_bytes_(most_text_bytes), workers_("files", threads) {}

void Spool::clean() {
  if (mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) cannot(folder_, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(folder_.c_str()), closedir);
  if (!folder) cannot(folder_, errno);
  while (const dirent* entry = readdir(folder.get()))
    if (std::string_view(entry->d_name).starts_with(name_start)) unlink((folder_ + "/" + entry->d_name).c_str());
}

int Spool::open_file() const {
  const int unnamed = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (unnamed >= 0) return unnamed;
  std::string name = folder_ + "/" + std::string(name_start) + "XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);  // 0600
  if (named < 0) cannot(folder_, errno);
  unlink(name.c_str());
  return named;
}

std::unique_ptr<SpoolFile> Spool::open(Fiber& fiber) {
  return std::make_unique<SpoolFile>(*this, workers_.run(fiber, [this] { return open_file(); }));
}

SpoolFile::SpoolFile(Spool& spool, int descriptor) : spool_(spool), descriptor_(descriptor) {}

void SpoolFile::append(Fiber& fiber, std::string_view bytes) {
  waiting_ += bytes;
  if (waiting_.size() >= written_at_once_bytes) flush(fiber);
}

void SpoolFile::flush(Fiber& fiber) {
  spool_.workers_.run(fiber, [this] {
    if (!write_all(descriptor_.get(), waiting_)) cannot(spool_.folder_, errno);
  });
  bytes_ += waiting_.size();
  waiting_.clear();
}

std::size_t SpoolFile::read(Fiber& fiber, std::span<char> into, std::uint64_t at) const {
  return spool_.workers_.run(fiber, [&] {
    const ssize_t count = pread(descriptor_.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (count < 0) cannot(spool_.folder_, errno);
    return static_cast<std::size_t>(count);
  });
}

UploadFile SpoolFile::as_upload(Fiber& fiber, std::unique_ptr<SpoolFile> given) {
  given->flush(fiber);
  given->waiting_.shrink_to_fit();
  struct Reading {
    std::unique_ptr<SpoolFile> file;
    std::uint64_t at = 0;
  };
  // Shared by the two functions of the upload and their copies.
  const auto reading = std::make_shared<Reading>(Reading{std::move(given)});
  UploadFile out;
  out.size_bytes = reading->file->bytes_;
  out.read = [reading](Fiber& reader, std::span<char> into) {
    const std::size_t count = reading->file->read(reader, into, reading->at);
    reading->at += count;
    return count;
  };
  out.rewind = [reading] { reading->at = 0; };
  return out;
}

}  // namespace junctor::api
