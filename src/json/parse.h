// Reading JSON text from outside.
//
// Differs from boost::json::parse in three points: doubles are correctly rounded, every bound is
// on, and what is wrong comes back as a Problem with its line. Source: RFC 8259.
//
// Threads: any thread; no shared state.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <cstddef>
#include <string_view>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor::json {

// What a text may cost. Both bounds are always on.
struct ParseLimits {
  std::size_t max_depth = 512;               // arrays and objects inside one another
  std::size_t max_bytes = 64 * 1024 * 1024;  // length of the text
};

// Parses exactly one JSON value; white space may surround it.
//
// Integers that fit int64 or uint64 stay integers, every other number becomes the nearest double
// (too small: 0). Of repeated keys the last wins. `storage` holds the result and must outlive it;
// the default is the heap.
//
// Problems, always one: text too long, nesting too deep, syntax, invalid UTF-8 or a lone
// surrogate, a number beyond the range of a double. Linear in the length of the text. Uses about
// 5 KiB of stack and 0.4 KiB per level of nesting.
Result<Json> parse(std::string_view text, ParseLimits limits = {},
                   boost::json::storage_ptr storage = {});

}  // namespace junctor::json
