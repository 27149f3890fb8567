#include "jsonata/arena.h"

#include <algorithm>

#include "junctor/jsonata.h"

namespace junctor::jsonata {

void Bump::enter(std::size_t chunk, std::size_t used) {
  current_ = chunk;
  base_ = chunks_[chunk].memory.get();
  next_ = base_ + used;
  room_ = chunks_[chunk].size - used;
}

void Bump::release(Mark mark) {
  if (!chunks_.empty()) enter(mark.chunk, mark.used);
}

void* Bump::allocate_slowly(std::size_t bytes) {
  std::size_t before = 0;
  for (std::size_t i = 0; i <= current_ && i < chunks_.size(); ++i) before += chunks_[i].size;
  if (bytes > limit_ || before > limit_ - bytes) {
    throw Error("U1002", "The expression needs more memory than the limit of " +
                             std::to_string(limit_) + " bytes");
  }
  const std::size_t next = chunks_.empty() ? 0 : current_ + 1;
  if (next >= chunks_.size() || chunks_[next].size < bytes) {
    const std::size_t grown = std::clamp<std::size_t>(before, 8u << 10, 8u << 20);
    const std::size_t size = std::max(bytes, grown);
    Chunk chunk{std::unique_ptr<char[]>(new char[size]), size};
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(next), std::move(chunk));
  }
  enter(next, 0);
  return allocate(bytes);
}

std::size_t Bump::reserved() const {
  std::size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.size;
  return sum;
}

void Bump::shrink(std::size_t keep) {
  std::size_t sum = 0;
  std::size_t count = 0;
  while (count < chunks_.size() && sum + chunks_[count].size <= keep) sum += chunks_[count++].size;
  chunks_.resize(count);
  current_ = 0;
  base_ = next_ = nullptr;
  room_ = 0;
  reset();
}

void* BumpStorage::do_allocate(std::size_t bytes, std::size_t alignment) {
  char* at = static_cast<char*>(bump_.allocate(bytes + (alignment > 8 ? alignment : 0)));
  if (alignment <= 8) return at;
  const std::size_t over = reinterpret_cast<std::uintptr_t>(at) % alignment;
  return over == 0 ? at : at + (alignment - over);
}

Arena::Arena() : state_(std::make_unique<ArenaState>()) {}
Arena::~Arena() = default;

boost::json::storage_ptr Arena::storage() { return &state_->storage; }

std::size_t Arena::reserved_bytes() const {
  return state_->values.reserved() + state_->frames.reserved();
}

void Arena::shrink(std::size_t keep_bytes) {
  state_->values.shrink(keep_bytes);
  state_->frames.shrink(0);
  state_->keep.clear();
}

}  // namespace junctor::jsonata
