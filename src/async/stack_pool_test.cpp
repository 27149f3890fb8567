#include "async/stack_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace junctor {
namespace {

std::size_t touched_pages(char* from, std::size_t size_bytes) {
  std::vector<unsigned char> pages(size_bytes / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(mincore(from, size_bytes, pages.data()), 0);
  return static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](auto page) { return (page & 1) != 0; }));
}

TEST(StackPool, hands_on_nothing_of_what_a_stack_held_and_touches_no_page_for_it) {
  StackPool pool(1024 * 1024);
  auto stack = pool.allocate();
  char* const end = static_cast<char*>(stack.sp);
  char* const begin = end - stack.size;
  constexpr std::size_t used_bytes = 300'000, unfilled_bytes = 50'000;
  std::memset(end - used_bytes, 'x', used_bytes);
  std::memset(end - used_bytes - unfilled_bytes, 'x', 10);  // below an array that nobody filled
  const std::size_t touched = touched_pages(begin, stack.size);
  pool.deallocate(stack);

  auto again = pool.allocate();
  ASSERT_EQ(again.sp, stack.sp);
  EXPECT_EQ(touched_pages(begin, again.size), touched);
  EXPECT_TRUE(std::all_of(begin, begin + again.size, [](char c) { return c == 0; }));
  pool.deallocate(again);
}

}  // namespace
}  // namespace junctor
