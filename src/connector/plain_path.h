// JSONata that is a path of names and no more ("data.items", "value", "`@odata.nextLink`"): read from the
// value itself, so that numbers keep every digit. The engine's own numbers are doubles.
//
// Threads: immutable.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"

namespace junctor::connector {

class PlainPath final {
 public:
  // nullopt: the text is more than names, or has a name that JSONata reads as a word of its own.
  static std::optional<PlainPath> of(std::string_view text);

  // What the engine selects, as copies of what stands in root; `selected` is nullopt for nothing.
  struct Answer {
    std::optional<Json> selected;
  };
  // nullopt where the value's shape leaves it to the engine: a root that is no object, a list of lists.
  std::optional<Answer> read(const Json& root) const;

 private:
  explicit PlainPath(std::vector<std::string> names) : names_(std::move(names)) {}
  std::vector<std::string> names_;
};

}  // namespace junctor::connector
