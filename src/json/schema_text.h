// Judging a JSON text without building a Json: over simdjson's tape.
//
// Threads: one caller.
#pragma once

#include <memory>
#include <string_view>

#include "json/schema_run.h"

namespace junctor::schema {

class TextTape {
 public:
  TextTape();
  ~TextTape();

  enum class Outcome {
    accepted,
    rejected,
    undecided,  // no JSON, or JSON that only the careful parser reads as agreed: ask it
  };
  Outcome judge(Run& run, std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace junctor::schema
