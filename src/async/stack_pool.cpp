#include "async/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "junctor/failure.h"

#ifdef JUNCTOR_SANITIZED
#include <sanitizer/asan_interface.h>
#endif

namespace junctor {
namespace {

constexpr std::size_t most_idle = 256;

std::size_t page_bytes() {
  static const std::size_t bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

void unmap(const boost::context::stack_context& stack) noexcept {
  const std::size_t total = stack.size + page_bytes();
  munmap(static_cast<char*>(stack.sp) - total, total);
}

// A short text stands inside the object that holds it, so a stack keeps what it was, secrets too. Pages that were
// never touched stay so: most of a stack is not even there. A stack is used from its end, and no frame is larger
// than half of what is looked at in one step: beyond so much that was not touched, nothing was.
void zero(const boost::context::stack_context& stack) noexcept {
  std::array<unsigned char, 32> touched;
  std::size_t left = stack.size / page_bytes();
  for (bool goes_on = true; goes_on && left > 0;) {
    const std::size_t pages = std::min(touched.size(), left);
    left -= pages;
    char* const from = static_cast<char*>(stack.sp) - stack.size + left * page_bytes();
    if (mincore(from, pages * page_bytes(), touched.data()) != 0) touched.fill(1);
    for (std::size_t page = 0; page < pages; ++page)
      if ((touched[page] & 1) != 0) std::memset(from + page * page_bytes(), 0, page_bytes());
    goes_on = std::any_of(touched.begin(), touched.begin() + touched.size() / 2,
                          [](unsigned char page) { return (page & 1) != 0; });
  }
}

}  // namespace

StackPool::StackPool(std::size_t stack_bytes)
    : stack_bytes_((stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()) {}

StackPool::~StackPool() {
  for (const auto& stack : idle_) unmap(stack);
}

boost::context::stack_context StackPool::allocate() {
  if (!idle_.empty()) {
    const auto stack = idle_.back();
    idle_.pop_back();
    return stack;
  }
  const std::size_t total = stack_bytes_ + page_bytes();
  void* memory = mmap(nullptr, total, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw Failure(FailureKind::overloaded, "no memory for another fiber's stack");
  mprotect(memory, page_bytes(), PROT_NONE);
  boost::context::stack_context stack;
  stack.size = stack_bytes_;
  stack.sp = static_cast<char*>(memory) + total;
  return stack;
}

void StackPool::deallocate(boost::context::stack_context& stack) noexcept {
#ifdef JUNCTOR_SANITIZED
  // A fiber's outermost frame never returns: its marks would lie on whatever is mapped here next.
  ASAN_UNPOISON_MEMORY_REGION(static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
  if (idle_.size() < most_idle) {
    zero(stack);
    idle_.push_back(stack);
  } else {
    unmap(stack);
  }
}

}  // namespace junctor
