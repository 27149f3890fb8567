#include "junctor/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "base/secret_memory.h"

namespace junctor {
namespace {

// The flags of the mapping that holds an address, as /proc/self/smaps prints them.
std::string flags_of_mapping(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      const auto value = reinterpret_cast<unsigned long>(address);
      inside = value >= begin && value < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line + " ";
    }
  }
  return {};
}

TEST(Secret, lives_in_pages_that_a_core_dump_leaves_out) {
  for (const std::size_t size : {1u, 31u, 4096u, 16'384u, 100'000u}) {
    const Secret secret(std::string(size, 'x'));
    EXPECT_NE(flags_of_mapping(secret.reveal().data()).find(" dd "), std::string::npos) << size;
  }
}

TEST(Secret, is_zeroed_when_it_dies) {
  const char* where = nullptr;
  {
    const Secret secret("a secret of more than thirty-two bytes in all");
    where = secret.reveal().data();
  }
  // The first word of a free block is the free list's; the page itself stays mapped.
  const std::string left(where + sizeof(void*), 45 - sizeof(void*));
  EXPECT_EQ(left, std::string(left.size(), '\0'));
}

TEST(Secret, can_neither_be_copied_nor_printed) {
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_copy_assignable_v<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  Secret first("one");
  const Secret second = std::move(first);
  EXPECT_TRUE(second.equals("one"));
  EXPECT_TRUE(first.empty());  // NOLINT: the state after a move is documented
}

TEST(SecretMemory, reuses_blocks_and_never_hands_one_out_twice) {
  std::vector<void*> blocks;
  for (int i = 0; i < 20'000; ++i) blocks.push_back(secret_memory::take(40));
  std::vector<void*> sorted = blocks;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
  for (void* block : blocks) secret_memory::give_back(block, 40);
  EXPECT_EQ(secret_memory::take(33), blocks.back());
}

}  // namespace
}  // namespace junctor
