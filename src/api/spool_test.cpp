#include "api/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "async/scope.h"
#include "base/crypto.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::api {
namespace {

namespace fs = std::filesystem;

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() : folder_(fs::temp_directory_path() / ("junctor-" + crypto::to_hex(crypto::random_bytes(8)))), spool_(folder_, 1'000'000, 1000) {}
  ~SpoolTest() override { fs::remove_all(folder_); }

  static std::string all_of(Fiber& fiber, const UploadFile& file) {
    std::string out;
    char buffer[50'001];
    while (const std::size_t count = file.read(fiber, buffer)) out.append(buffer, count);
    return out;
  }

  const fs::path folder_;
  Spool spool_;
};

TEST_F(SpoolTest, gives_back_what_was_put_in_as_often_as_it_is_rewound) {
  spool_.clean();
  const std::string content = crypto::random_bytes(700'000);
  run_in_fiber([&](Fiber& fiber) {
    auto file = spool_.open(fiber);
    file->append(fiber, std::string_view(content).substr(0, 300'000));
    file->append(fiber, std::string_view(content).substr(300'000));
    const UploadFile upload = SpoolFile::as_upload(fiber, std::move(file));
    EXPECT_EQ(upload.size_bytes, content.size());
    const UploadFile copy = upload;
    EXPECT_EQ(all_of(fiber, upload), content);
    copy.rewind();
    EXPECT_EQ(all_of(fiber, copy), content);
    EXPECT_TRUE(fs::is_empty(folder_)) << "its file has a name";
  });
}

TEST_F(SpoolTest, keeps_its_folder_to_itself_and_removes_what_a_crash_left_there) {
  fs::create_directory(folder_);
  std::ofstream(folder_ / "upload-x1") << "left";
  std::ofstream(folder_ / "other") << "not its own";
  spool_.clean();
  EXPECT_FALSE(fs::exists(folder_ / "upload-x1"));
  EXPECT_TRUE(fs::exists(folder_ / "other"));
  fs::remove_all(folder_);
  spool_.clean();
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
}

TEST_F(SpoolTest, says_when_it_has_nowhere_to_put_a_file) {
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_THROW(spool_.open(fiber), Failure);  // no folder yet
  });
}

}  // namespace
}  // namespace junctor::api
