#include "json/name_table.h"

#include <bit>

namespace junctor::json {

NameTable::NameTable(std::vector<std::string> names) : names_(std::move(names)) {
  slots_.assign(std::bit_ceil(names_.size() * 2 + 1), absent);
  entries_.reserve(names_.size() + 1);
  for (std::uint32_t position = 0; position < names_.size(); ++position) {
    const Words words = words_of(names_[position]);
    entries_.push_back({words, names_[position].size()});
    std::size_t slot = slot_of(words, names_[position].size()) & (slots_.size() - 1);
    while (slots_[slot] != absent) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = position;
  }
  entries_.push_back({{}, SIZE_MAX});
}

std::uint32_t NameTable::find_slow(std::string_view name, Words words) const {
  std::size_t slot = slot_of(words, name.size()) & (slots_.size() - 1);
  for (; slots_[slot] != absent; slot = (slot + 1) & (slots_.size() - 1)) {
    if (is_at(slots_[slot], name, words)) return slots_[slot];
  }
  return absent;
}

}  // namespace junctor::json
