#include "world/ledger.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"

namespace junctor::world {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw Failure(FailureKind::unavailable,
                "the ledger " + path + " cannot be used: " + std::strerror(errno));
}

}  // namespace

Ledger::Ledger(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  file_.reset(std::fopen(path_.c_str(), "ae"));
  if (!file_) refuse(path_);
}

void Ledger::replay(const std::function<void(const JsonObject&)>& line) {
  if (!file_) return;
  std::ifstream in(path_, std::ios::binary);
  std::string text;
  off_t whole_bytes = 0;
  while (std::getline(in, text)) {
    if (in.eof()) break;  // no line end: the process died here
    const auto parsed = json::parse(text);
    if (!parsed.ok() || !parsed.value().is_object())
      throw Failure(FailureKind::corrupt,
                    path_ + ": the line at byte " + std::to_string(whole_bytes) + " is not JSON");
    line(parsed.value().get_object());
    whole_bytes += static_cast<off_t>(text.size()) + 1;
  }
  if (::truncate(path_.c_str(), whole_bytes) != 0) refuse(path_);
}

void Ledger::append(const JsonObject& line) {
  if (!file_) return;
  const std::string text = json::to_text(line) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() ||
      std::fflush(file_.get()) != 0)
    refuse(path_);
}

void Ledger::clear() {
  if (file_ && ::ftruncate(::fileno(file_.get()), 0) != 0) refuse(path_);
}

}  // namespace junctor::world
