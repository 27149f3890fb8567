// A file beside the database that exists while an engine uses it: how an unclean stop is noticed.
//
// Threads: one at a time.
#pragma once

#include <string>

namespace junctor::sqlite {

class RunningMark final {
 public:
  explicit RunningMark(const std::string& database_path);
  ~RunningMark();
  RunningMark(const RunningMark&) = delete;
  RunningMark& operator=(const RunningMark&) = delete;

  // Whether the last user of the database ended without clear(), and nobody else uses it now.
  bool was_unclean() const { return was_unclean_; }
  // False while another process uses the database.
  bool is_owner() const { return owner_; }
  // The stop is clean.
  void clear();

 private:
  std::string path_;
  int file_ = -1;
  bool owner_ = false;
  bool was_unclean_ = false;
};

}  // namespace junctor::sqlite
