#include "jsonata/lineage.h"

#include <algorithm>
#include <unordered_set>

#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

constexpr std::size_t max_pairs = 100'000;
constexpr std::size_t max_items_touched = 10'000;

}  // namespace

Value LineageRecorder::import(Evaluator& ev, const bj::value& input) {
  return copy(ev, input, 0, {});
}

Value LineageRecorder::copy(Evaluator& ev, const bj::value& json, std::uint32_t parent,
                            std::string name) {
  ev.tick();
  const auto place = static_cast<std::uint32_t>(places_.size());
  places_.push_back({parent, std::move(name)});
  Value value = from_json(json);
  if (value.tag == Tag::json_array) {
    Array* array = ev.new_array(json.get_array().size());
    for (std::size_t i = 0; i < json.get_array().size(); ++i) {
      const bj::value& item = json.get_array()[i];
      ev.push(array, ev.deeper([&] { return copy(ev, item, place, std::to_string(i)); }));
    }
    by_address_[array] = place;
    return Value::of(array);
  }
  if (value.tag == Tag::json_object) {
    Object* object = ev.new_object(json.get_object().size());
    for (const auto& member : json.get_object()) {
      ev.set(object, member.key(), ev.deeper([&] {
        return copy(ev, member.value(), place, std::string(member.key()));
      }));
    }
    by_address_[object] = place;
    return Value::of(object);
  }
  if (value.is_string()) {
    // An empty text needs an address of its own too.
    const std::string_view text = ev.keep(std::string(value.text()) + '\0');
    value = Value::of(text.substr(0, text.size() - 1));
    by_address_[value.chars] = place;
  } else {
    value.extra = place;
  }
  return value;
}

std::uint32_t LineageRecorder::place_of(Value value) const {
  const void* address = nullptr;
  switch (value.tag) {
    case Tag::null:
    case Tag::boolean:
    case Tag::number: return value.extra;
    case Tag::string: address = value.chars; break;
    case Tag::array: address = value.array; break;
    case Tag::object: address = value.object; break;
    default: return 0;
  }
  const auto at = by_address_.find(address);
  return at == by_address_.end() ? 0 : at->second;
}

void LineageRecorder::add(std::uint32_t place) {
  if (place == 0) return;
  Sources& sources = open_.back();
  if (sources.empty() || sources.back() != place) sources.push_back(place);
}

void LineageRecorder::touched(const Node*, Value value) {
  if (const std::uint32_t place = place_of(value)) return add(place);
  if (value.tag != Tag::array) return;
  const std::size_t count = std::min<std::size_t>(value.array->size, max_items_touched);
  for (std::size_t i = 0; i < count; ++i) add(place_of(value.array->data[i]));
}

void LineageRecorder::begin() { open_.emplace_back(); }

void LineageRecorder::end_member(const void* object, Value key) {
  Sources sources = std::move(open_.back());
  open_.pop_back();
  Sources& outer = open_.back();
  outer.insert(outer.end(), sources.begin(), sources.end());
  members_[object][std::string(key.text())] = std::move(sources);
}

void LineageRecorder::end_assignment(const Value* slot) {
  slots_[slot] = std::move(open_.back());
  open_.pop_back();
}

void LineageRecorder::parameter(const Value* slot) { slots_.erase(slot); }

void LineageRecorder::used(const Value* slot) {
  const auto at = slots_.find(slot);
  if (at == slots_.end()) return;
  open_.back().insert(open_.back().end(), at->second.begin(), at->second.end());
}

std::string LineageRecorder::below(const std::string& at, std::string_view name) {
  std::string out = at + "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string LineageRecorder::pointer(std::uint32_t place) const {
  const Place& at = places_[place];
  return at.parent == 0 ? std::string() : below(pointer(at.parent), at.name);
}

std::vector<LineageEntry> LineageRecorder::entries(Evaluator& ev, Value result,
                                                   bool& truncated) {
  if (result.is_defined()) collect(ev, result, "", open_.front());
  truncated = truncated_;
  return std::move(entries_);
}

void LineageRecorder::emit(const std::string& at, Sources sources) {
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  // A container counts only when nothing inside it does.
  std::unordered_set<std::uint32_t> containers;
  for (const std::uint32_t place : sources) {
    for (std::uint32_t up = places_[place].parent; up != 0; up = places_[up].parent) {
      if (!containers.insert(up).second) break;
    }
  }
  LineageEntry entry{at, {}};
  for (const std::uint32_t place : sources) {
    if (containers.contains(place)) continue;
    if (++pairs_ > max_pairs) {
      truncated_ = true;
      break;
    }
    entry.inputs.push_back(pointer(place));
  }
  if (!entry.inputs.empty()) entries_.push_back(std::move(entry));
}

void LineageRecorder::collect(Evaluator& ev, Value value, const std::string& at,
                              const Sources& sources) {
  if (truncated_) return;
  ev.tick();
  const std::uint32_t place = place_of(value);
  if (place == 0 && value.tag == Tag::object) {
    const auto recorded = members_.find(value.object);
    for (std::uint32_t i = 0; i < value.object->size; ++i) {
      const Member& member = value.object->members[i];
      const std::string key(member.key.text());
      const bool known = recorded != members_.end() && recorded->second.contains(key);
      const Sources& own = known ? recorded->second.at(key) : sources;
      ev.deeper([&] { collect(ev, member.value, below(at, key), own); });
    }
    return;
  }
  if (place == 0 && value.tag == Tag::array) {
    for (std::uint32_t i = 0; i < value.array->size; ++i) {
      const Value item = value.array->data[i];
      const std::uint32_t from = place_of(item);
      const Sources own = from ? Sources{from} : sources;
      ev.deeper([&] { collect(ev, item, below(at, std::to_string(i)), own); });
    }
    return;
  }
  Sources all = sources;
  if (place) all.push_back(place);
  emit(at, std::move(all));
}

}  // namespace junctor::jsonata
