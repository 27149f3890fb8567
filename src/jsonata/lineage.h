// Records which places of the input fed which places of a result.
//
// The input is copied into the arena and every place gets a number, which its value carries. Each
// member of an object that the expression makes collects the numbers of what was read meanwhile.
//
// Threads: belongs to one evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jsonata/value.h"
#include "junctor/jsonata.h"

namespace junctor::jsonata {

struct Node;
class Evaluator;

class LineageRecorder {
 public:
  using Sources = std::vector<std::uint32_t>;  // numbers of input places

  LineageRecorder() : open_(1) {}

  // The input as numbered values.
  Value import(Evaluator& ev, const bj::value& input);

  // The evaluator reports:
  void touched(const Node* node, Value value);  // a value was read
  void begin();                                        // a member or an assignment begins…
  void end_member(const void* object, Value key);
  void end_assignment(const Value* slot);
  void parameter(const Value* slot);  // a parameter takes a value: forget what the slot held
  void used(const Value* slot);       // a variable is read

  // The pairs of a finished result.
  std::vector<LineageEntry> entries(Evaluator& ev, Value result, bool& truncated);

 private:
  struct Place {
    std::uint32_t parent;
    std::string name;
  };
  Value copy(Evaluator& ev, const bj::value& value, std::uint32_t parent, std::string name);
  std::uint32_t place_of(Value value) const;  // 0 when it is none of the input
  std::string pointer(std::uint32_t place) const;
  void add(std::uint32_t place);
  void collect(Evaluator& ev, Value value, const std::string& at, const Sources& sources);
  void emit(const std::string& at, Sources sources);
  static std::string below(const std::string& at, std::string_view name);

  std::vector<Place> places_{{0, {}}};  // [0] is no place
  std::unordered_map<const void*, std::uint32_t> by_address_;
  std::vector<Sources> open_;  // what has been read, per member being computed
  std::unordered_map<const Value*, Sources> slots_;
  std::unordered_map<const void*, std::unordered_map<std::string, Sources>> members_;
  std::vector<LineageEntry> entries_;
  std::size_t pairs_ = 0;
  bool truncated_ = false;
};

}  // namespace junctor::jsonata
