// The outcome of judging text from outside: a value, or every problem found in one pass.
//
// Threads: values, no shared state.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "junctor/failure.h"

namespace junctor {

// One thing that is wrong with a text.
struct Problem {
  std::string path;      // where inside the document: "actions.send.api.path", or a JSON Pointer
  int line = 0;          // 1-based line of the source text; 0 when there is none
  std::string found;     // what stands there
  std::string expected;  // what would be right, and what to do
  std::string file;      // the document's file name; empty when there is none

  friend bool operator==(const Problem&, const Problem&) = default;
};

// "file:line: path: found X, expected Y"; leaves out what is empty.
std::string to_string(const Problem& problem);

// All problems, one per line.
std::string to_string(const std::vector<Problem>& problems);

// Either a T or at least one Problem.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(std::vector<Problem> problems) : state_(std::in_place_index<1>, std::move(problems)) {
    JUNCTOR_CHECK(!this->problems().empty());
  }
  Result(Problem problem) : Result(std::vector<Problem>{std::move(problem)}) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    JUNCTOR_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    JUNCTOR_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    JUNCTOR_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const std::vector<Problem>& problems() const {
    JUNCTOR_CHECK(!ok());
    return std::get<1>(state_);
  }

  // The value, or Failure{invalid} with every problem in its message.
  T value_or_throw() && {
    if (!ok()) throw Failure(FailureKind::invalid, to_string(problems()));
    return std::get<0>(std::move(state_));
  }

 private:
  std::variant<T, std::vector<Problem>> state_;
};

}  // namespace junctor
