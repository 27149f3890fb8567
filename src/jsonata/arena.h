// Bump allocation for evaluations.
//
// Threads: belongs to one evaluation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <boost/json/memory_resource.hpp>
#include <boost/json/storage_ptr.hpp>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "jsonata/value.h"

typedef struct pcre2_real_jit_stack_8 pcre2_jit_stack_8;
typedef struct pcre2_real_match_data_8 pcre2_match_data_8;
typedef struct pcre2_real_match_context_8 pcre2_match_context_8;

namespace junctor::jsonata {

// Hands out memory that is given back all at once, or down to a mark.
class Bump {
 public:
  struct Mark {
    std::size_t chunk;
    std::size_t used;
  };

  void* allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (bytes > room_) return allocate_slowly(bytes);
    char* at = next_;
    next_ += bytes;
    room_ -= bytes;
    return at;
  }
  template <typename T>
  T* make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return static_cast<T*>(allocate(count * sizeof(T)));
  }
  template <typename T>
  T* make() {
    return new (make_array<T>(1)) T();
  }

  // Whether the last array handed out could be made longer where it stands.
  template <typename T>
  bool grow(T* array, std::size_t count, std::size_t wanted) {
    const std::size_t more = (wanted - count) * sizeof(T);
    if (reinterpret_cast<char*>(array + count) != next_ || more > room_) return false;
    next_ += more;
    room_ -= more;
    return true;
  }

  Mark mark() const { return {current_, static_cast<std::size_t>(next_ - base_)}; }
  void release(Mark mark);
  void reset() {
    if (next_ != base_ || current_ != 0) release({0, 0});
  }

  // Bytes handed out may not exceed this; Error U1002 otherwise.
  void limit(std::size_t bytes) { limit_ = bytes; }
  std::size_t reserved() const;
  void shrink(std::size_t keep);

 private:
  struct Chunk {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  void* allocate_slowly(std::size_t bytes);
  void enter(std::size_t chunk, std::size_t used);

  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;
  char* base_ = nullptr;
  char* next_ = nullptr;
  std::size_t room_ = 0;
  std::size_t limit_ = static_cast<std::size_t>(-1);
};

// JSON made in a Bump; nothing is given back before the whole is.
class BumpStorage final : public boost::json::memory_resource {
 public:
  explicit BumpStorage(Bump& bump) : bump_(bump) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override {
    return this == &other;
  }
  Bump& bump_;
};

struct RegexScratch;

struct ArenaState {
  Bump values;                      // what results may point to
  Bump frames;                      // variables of blocks and calls that nothing captures
  BumpStorage storage{values};
  std::vector<std::uint16_t> hints;  // per name in the program: where it was found last
  std::shared_ptr<RegexScratch> regex;
  std::vector<std::shared_ptr<const void>> keep;  // what the last result may point to
  bool busy = false;
};

}  // namespace junctor::jsonata

template <>
struct boost::json::is_deallocate_trivial<junctor::jsonata::BumpStorage> {
  static constexpr bool value = true;
};
