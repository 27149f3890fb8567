#include "base/freed_memory.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace junctor {
namespace {

// Of a freed block: the allocator keeps its own words at the beginning.
constexpr std::size_t kept_bytes = 16;

std::uintptr_t place_of(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

// Takes the free blocks of that size out of the allocator's hands: what is freed next is what it gives next.
class Drained final {
 public:
  explicit Drained(std::size_t size_bytes) {
    for (void*& block : blocks_) block = std::malloc(size_bytes);
  }
  ~Drained() {
    for (void* block : blocks_) std::free(block);
  }
  Drained(const Drained&) = delete;
  Drained& operator=(const Drained&) = delete;

 private:
  std::array<void*, 64> blocks_{};
};

char* filled_block(std::size_t size_bytes) {
  char* block = static_cast<char*>(std::malloc(size_bytes));
  std::memset(block, 'x', size_bytes);
  return block;
}

// Whether the next block of that size, which is the one that was freed last, is zeroed.
bool is_zeroed(std::uintptr_t place, std::size_t size_bytes) {
  volatile char* block = static_cast<char*>(std::malloc(size_bytes));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block), place) << "another block: nothing was looked at";
  const bool zeroed = std::all_of(block + kept_bytes, block + size_bytes, [](char c) { return c == 0; });
  std::free(const_cast<char*>(block));
  return zeroed;
}

class FreedMemory : public testing::Test {
 protected:
  void SetUp() override {
#ifdef JUNCTOR_SANITIZED
    GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
    zero_freed_memory();
  }
};

TEST_F(FreedMemory, is_zeroed_when_it_is_given_back_and_when_it_moves) {
  for (const std::size_t size_bytes : {40u, 200u, 1000u}) {
    const Drained drained(size_bytes);
    char* block = filled_block(size_bytes);
    const std::uintptr_t freed = place_of(block);
    std::free(block);
    EXPECT_TRUE(is_zeroed(freed, size_bytes)) << size_bytes;

    block = filled_block(size_bytes);
    const std::uintptr_t moved = place_of(block);
    block = static_cast<char*>(std::realloc(block, 64 * size_bytes));
    ASSERT_NE(place_of(block), moved);
    EXPECT_EQ(std::count(block, block + size_bytes, 'x'), static_cast<std::ptrdiff_t>(size_bytes));
    EXPECT_TRUE(is_zeroed(moved, size_bytes)) << size_bytes;

    block = static_cast<char*>(std::realloc(block, size_bytes));
    EXPECT_EQ(std::count(block, block + size_bytes, 'x'), static_cast<std::ptrdiff_t>(size_bytes));
    std::free(block);
  }
}

TEST_F(FreedMemory, of_a_large_reserve_that_nobody_used_is_not_touched) {
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  for (const std::size_t size_bytes : {std::size_t{20} << 20, std::size_t{200} << 20}) {
    const auto before = peak_kib();
    char* block = static_cast<char*>(std::malloc(size_bytes));
    std::memset(block, 'x', 5000);
    std::memset(block + size_bytes - 5000, 'x', 5000);
    const std::uintptr_t place = place_of(block);
    void* const behind = std::malloc(100);  // or the block would go back to the system
    std::free(block);
    EXPECT_LT(peak_kib() - before, 1024) << size_bytes;
    EXPECT_TRUE(is_zeroed(place, size_bytes)) << size_bytes;
    std::free(behind);
  }
}

TEST_F(FreedMemory, leaves_errno_alone_where_the_system_refuses) {
  constexpr std::size_t size_bytes = std::size_t{2} << 20;
  char* block = filled_block(size_bytes);
  // Pages that are locked are not taken back.
  if (mlock(block, size_bytes) != 0) GTEST_SKIP() << "no memory can be locked here: " << std::strerror(errno);
  void (*volatile give_back)(void*) = std::free;  // of the function itself the compiler believes it
  errno = ENOENT;
  give_back(block);
  EXPECT_EQ(errno, ENOENT);
}

// Also where an allocator is loaded before that brings an operator of its own, as jemalloc does.
TEST_F(FreedMemory, of_objects_is_zeroed_by_this_program) {
  Dl_info here{}, found{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&zero_freed_memory), &here), 0);
  for (const char* name : {"_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdlPvSt11align_val_t"}) {
    ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, name), &found), 0) << name;
    EXPECT_STREQ(found.dli_fname, here.dli_fname) << name;
  }
}

TEST_F(FreedMemory, ends_of_blocks_that_shrink_are_zeroed) {
  char* block = filled_block(100);
  const std::uintptr_t before = place_of(block);
  block = static_cast<char*>(std::realloc(block, 90));
  ASSERT_EQ(place_of(block), before);
  block = static_cast<char*>(std::realloc(block, 100));
  EXPECT_EQ(std::count(block, block + 100, 'x'), 90);
  std::free(block);
}

}  // namespace
}  // namespace junctor
