#include "json/name_table.h"

#include <gtest/gtest.h>

#include "json/key_set.h"

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

TEST(KeySet, sees_a_key_that_comes_twice_wherever_it_stands) {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("name" + std::to_string(i));
  for (const std::size_t size : {1u, 2u, 63u, 64u, 65u, 200u}) {
    for (std::size_t twice = 0; twice <= size; ++twice) {
      KeySet keys;
      bool different = true;
      for (std::size_t i = 0; i < size; ++i) different = keys.add(names[i]) && different;
      if (twice < size) different = keys.add(names[twice]) && different;
      different = different && keys.are_different();
      ASSERT_EQ(different, twice == size) << size << " names, twice " << twice;
    }
  }
}

}  // namespace
}  // namespace junctor::json
