// A store in a folder of its own, for the tests of this room.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "junctor/ids.h"
#include "store/migrations.h"
#include "store/store.h"

namespace junctor {

class TestStore final {
 public:
  explicit TestStore(const std::vector<MigrationSet>& sets)
      : folder_((std::filesystem::temp_directory_path() /
                 ("junctor-test-" + Uuid::generate().to_string()))
                    .string()) {
    std::filesystem::create_directories(folder_);
    StoreOptions options;
    options.url = "sqlite:" + folder_ + "/test.db";
    store_ = Store::open(options);
    migrate(*store_, sets);
  }
  ~TestStore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }

 private:
  std::string folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace junctor
