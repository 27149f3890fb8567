// Texts with places, "/repos/{owner}/{repo}".
//
// Threads: any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/result.h"

namespace junctor::connector {

// A piece of a template: literal text, or the name of a place.
struct Piece {
  bool is_place = false;
  std::string text;

  friend bool operator==(const Piece&, const Piece&) = default;
};

// Problems: a brace that is not closed or opened, an empty or strange name. "{{" and "}}" are braces.
Result<std::vector<Piece>> parse_places(std::string_view text);

// The names of its places, in order; empty for a text that does not parse.
std::vector<std::string> places_of(std::string_view text);

}  // namespace junctor::connector
