#include "base/freed_memory.h"

#include <array>

namespace junctor {
namespace {

// The wide registers hold what was copied last; a thread that starts inherits them, and whoever looks for a
// function at its first call saves them on a stack. Other processors save none that copies go through.
#ifdef __x86_64__
[[gnu::target("avx")]] void zero_registers() {
  asm volatile("vzeroall"
               :
               :
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

[[gnu::target("avx512f")]] void zero_upper_registers() {
  asm volatile(
      ".irp number, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
      "vpxorq %%zmm\\number, %%zmm\\number, %%zmm\\number\n"
      ".endr"
      :
      :
      : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",
        "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

void zero_wide_registers() {
  if (__builtin_cpu_supports("avx") != 0) zero_registers();
  if (__builtin_cpu_supports("avx512f") != 0) zero_upper_registers();
}
#else
void zero_wide_registers() {}
#endif

}  // namespace

[[gnu::noinline]] void zero_left_stack() {
  std::array<char, 64 * 1024> left{};
  // Nobody reads it otherwise, and the compiler would leave it out.
  asm volatile("" : : "r"(left.data()) : "memory");
  zero_wide_registers();
}

}  // namespace junctor

#ifdef JUNCTOR_SANITIZED

namespace junctor {
void zero_freed_memory() {}
}  // namespace junctor

#else

#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

using Free = void (*)(void*);
using Realloc = void* (*)(void*, std::size_t);

// Read by free() from the first moment of the process: no constructor may be needed.
constinit std::atomic<bool> zeroes{false};
constinit std::atomic<Free> next_free{nullptr};
constinit std::atomic<Realloc> next_realloc{nullptr};

// What would be called without this file: the C library's, or that of an allocator loaded before it.
template <typename Function>
Function next(std::atomic<Function>& slot, const char* name) {
  Function found = slot.load(std::memory_order_relaxed);
  if (found == nullptr) {
    found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
    slot.store(found, std::memory_order_relaxed);
  }
  return found;
}

void overwrite(char* from, std::size_t size_bytes) {
  std::memset(from, 0, size_bytes);
  // The compiler knows that nobody reads what is freed; this reads it.
  asm volatile("" : : "r"(from) : "memory");
}

// The pages of a large block go back to the system, which hands out zeroes: a reserve that nobody touched is not
// touched now.
void zero(char* from, std::size_t size_bytes) {
  constexpr std::size_t large_bytes = 1024 * 1024, page_bytes = 4096;
  if (size_bytes < large_bytes) return overwrite(from, size_bytes);
  const std::size_t head = (page_bytes - reinterpret_cast<std::uintptr_t>(from) % page_bytes) % page_bytes;
  const std::size_t pages = (size_bytes - head) / page_bytes * page_bytes;
  if (madvise(from + head, pages, MADV_DONTNEED) != 0) return overwrite(from, size_bytes);
  overwrite(from, head);
  overwrite(from + head + pages, size_bytes - head - pages);
}

// The old block is zeroed as well where the text grows.
void* grow(void* block, std::size_t had_bytes, std::size_t size_bytes) {
  void* larger = std::malloc(size_bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, had_bytes);
  std::free(block);
  return larger;
}

}  // namespace

// Weak, so that a program that brings an allocator of its own keeps it.
extern "C" [[gnu::weak]] void free(void* block) noexcept {
  if (block == nullptr) return;
  if (zeroes.load(std::memory_order_relaxed)) {
    const int error = errno;  // who frees looks at it afterwards
    zero(static_cast<char*>(block), malloc_usable_size(block));
    errno = error;
  }
  next(next_free, "free")(block);
}

extern "C" [[gnu::weak]] void* realloc(void* block, std::size_t size_bytes) noexcept {
  if (block != nullptr && zeroes.load(std::memory_order_relaxed)) {
    const std::size_t had_bytes = malloc_usable_size(block);
    if (size_bytes > had_bytes) return grow(block, had_bytes, size_bytes);
    zero(static_cast<char*>(block) + size_bytes, had_bytes - size_bytes);
  }
  return next(next_realloc, "realloc")(block, size_bytes);
}

// As the standard library has them. An allocator that is loaded before brings its own, which would not come by here.
[[gnu::weak]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block) noexcept { std::free(block); }
[[gnu::weak]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
[[gnu::weak]] void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

namespace junctor {
void zero_freed_memory() { zeroes.store(true, std::memory_order_relaxed); }
}  // namespace junctor

#endif
