#include "engine/counted_files.h"

#include <algorithm>

namespace junctor {

CountedFiles::CountedFiles(const CallScope& scope, CallTrace& trace) : scope_(scope), trace_(trace) {
  for (auto& [name, file] : scope_.files) count(file, sent_[name]);
  if (scope_.download) count(scope_.download);
}

CountedFiles::~CountedFiles() {
  for (const auto& [name, sent] : sent_) trace_.counters["uploaded_bytes"] += sent.most;
  if (scope_.download) trace_.counters["downloaded_bytes"] += received_;
}

void CountedFiles::count(UploadFile& file, Sent& sent) {
  file.read = [&sent, read = std::move(file.read)](Fiber& fiber, std::span<char> into) {
    const std::size_t bytes = read(fiber, into);
    sent.of_this_try += static_cast<std::int64_t>(bytes);
    sent.most = std::max(sent.most, sent.of_this_try);
    return bytes;
  };
  if (!file.rewind) return;
  file.rewind = [&sent, rewind = std::move(file.rewind)] {
    sent.of_this_try = 0;
    rewind();
  };
}

void CountedFiles::count(DownloadSink& sink) {
  sink.take = [this, take = std::move(sink.take)](Fiber& fiber, std::string_view piece) {
    take(fiber, piece);
    received_ += static_cast<std::int64_t>(piece.size());
  };
}

}  // namespace junctor
