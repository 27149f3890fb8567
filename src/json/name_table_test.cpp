#include "json/name_table.h"

#include <gtest/gtest.h>

namespace junctor::json {
namespace {

// Two names of every length up to 20 that differ in one byte only, at every place.
std::vector<std::string> close_names() {
  std::vector<std::string> names = {""};
  for (std::size_t size = 1; size <= 20; ++size) {
    names.emplace_back(size, 'a');
    for (std::size_t at = 0; at < size; ++at) {
      names.emplace_back(size, 'a');
      names.back()[at] = 'b';
    }
  }
  return names;
}

TEST(NameTable, finds_every_name_from_every_hint) {
  const auto names = close_names();
  const NameTable table(names);
  for (std::uint32_t position = 0; position < names.size(); ++position) {
    EXPECT_EQ(table.find(names[position]), position);
    for (std::uint32_t hint = 0; hint <= names.size(); ++hint) {
      ASSERT_EQ(table.find(names[position], hint), position) << names[position] << " from " << hint;
    }
  }
}

TEST(NameTable, finds_no_other_name) {
  const auto names = close_names();
  const NameTable table(names);
  for (const std::string& name : names) {
    const std::string other = name + "c";
    EXPECT_EQ(table.find(other), NameTable::absent);
    EXPECT_EQ(table.find(other, static_cast<std::uint32_t>(names.size())), NameTable::absent);
  }
  EXPECT_EQ(table.find(std::string(1, '\0')), NameTable::absent);
  EXPECT_EQ(NameTable().find("a", 0), NameTable::absent);
  EXPECT_EQ(NameTable().find(""), NameTable::absent);
}

}  // namespace
}  // namespace junctor::json
