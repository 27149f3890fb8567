#include "base/secret_memory.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <mutex>
#include <new>

namespace junctor::secret_memory {
namespace {

constexpr std::size_t smallest_bytes = 32;
constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t class_count =
    std::bit_width(largest_pooled_bytes) - std::bit_width(smallest_bytes) + 1;

void* map_pages(std::size_t size_bytes) {
  void* pages =
      mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  if (madvise(pages, size_bytes, MADV_DONTDUMP) != 0) {
    munmap(pages, size_bytes);
    throw std::bad_alloc();
  }
  // Swap is the operator's to encrypt where the limit on locked memory is small.
  static_cast<void>(mlock(pages, size_bytes));
  return pages;
}

std::size_t whole_pages(std::size_t size_bytes) {
  return (size_bytes + page_bytes - 1) / page_bytes * page_bytes;
}

// Blocks of one size per list, cut from chunks that are never unmapped.
class Pool {
 public:
  void* take(std::size_t index) {
    const std::lock_guard lock(mutex_);
    if (free_[index] == nullptr) refill(index);
    Block* block = free_[index];
    free_[index] = block->next;
    return block;
  }

  void give_back(void* memory, std::size_t index) noexcept {
    const std::lock_guard lock(mutex_);
    free_[index] = new (memory) Block{free_[index]};
  }

 private:
  struct Block {
    Block* next;
  };

  void refill(std::size_t index) {
    const std::size_t block_bytes = smallest_bytes << index;
    char* chunk = static_cast<char*>(map_pages(chunk_bytes));
    for (std::size_t at = 0; at < chunk_bytes; at += block_bytes)
      free_[index] = new (chunk + at) Block{free_[index]};
  }

  std::mutex mutex_;
  std::array<Block*, class_count> free_{};
};

// An allocator is state of the process by nature; it must outlive every static Secret.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

std::size_t class_of(std::size_t size_bytes) {
  const std::size_t rounded = std::bit_ceil(size_bytes < smallest_bytes ? smallest_bytes : size_bytes);
  return static_cast<std::size_t>(std::bit_width(rounded) - std::bit_width(smallest_bytes));
}

}  // namespace

void* take(std::size_t size_bytes) {
  if (size_bytes > largest_pooled_bytes) return map_pages(whole_pages(size_bytes));
  return pool().take(class_of(size_bytes));
}

void give_back(void* block, std::size_t size_bytes) noexcept {
  OPENSSL_cleanse(block, size_bytes);
  if (size_bytes > largest_pooled_bytes) {
    munmap(block, whole_pages(size_bytes));
  } else {
    pool().give_back(block, class_of(size_bytes));
  }
}

}  // namespace junctor::secret_memory
