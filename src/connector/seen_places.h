// Which places of a listing were there before, in a memory that does not grow with its pages.
//
// Threads: one listing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string_view>

namespace junctor::connector {

class SeenPlaces final {
 public:
  static constexpr std::size_t most_remembered = 1'000;

  // Whether a place comes again: at once where fewer than most_remembered lie between, and in a longer
  // circle before its third round is over (R. P. Brent, An improved Monte Carlo factorization algorithm, 1980).
  bool comes_again(std::string_view place);
  bool empty() const { return count_ == 0; }

 private:
  std::set<std::uint64_t> recent_;
  std::deque<std::uint64_t> order_;  // of recent_, the oldest first
  std::uint64_t mark_ = 0;           // the place that was number 1, 2, 4, 8, …
  std::uint64_t count_ = 0;
};

}  // namespace junctor::connector
