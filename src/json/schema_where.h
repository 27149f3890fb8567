// Where an evaluation stands, in the document and in the schema, as a chain on the stack.
//
// Threads: one caller. Lifetime: a step must outlive the steps made from it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json/pointer.h"

namespace junctor::schema {

// Where<false> is empty and costs nothing: for runs that only answer yes or no.
template <bool recorded>
struct Where;

template <>
struct Where<false> {
  Where into(std::string_view) const { return {}; }
  Where into(std::string_view, std::string_view) const { return {}; }
  Where into(std::string_view, std::size_t) const { return {}; }
  Where member(std::string_view) const { return {}; }
  Where item(std::size_t) const { return {}; }
};

template <>
struct Where<true> {
  static constexpr std::size_t no_number = static_cast<std::size_t>(-1);

  const Where* up = nullptr;
  std::string_view keyword{};  // one or two steps in the schema
  std::string_view token{};
  std::size_t number = no_number;
  bool has_token = false;
  std::string_view name{};  // at most one step in the document
  std::size_t index = no_number;
  bool has_name = false;

  Where into(std::string_view word) const {
    Where next;
    next.up = this;
    next.keyword = word;
    return next;
  }
  Where into(std::string_view word, std::string_view sub) const {
    Where next = into(word);
    next.token = sub;
    next.has_token = true;
    return next;
  }
  Where into(std::string_view word, std::size_t sub) const {
    Where next = into(word);
    next.number = sub;
    return next;
  }
  Where member(std::string_view member_name) const {
    Where next = *this;
    next.name = member_name;
    next.has_name = true;
    return next;
  }
  Where item(std::size_t item_index) const {
    Where next = *this;
    next.index = item_index;
    return next;
  }

  std::string schema_path() const {
    std::string path = up == nullptr ? std::string() : up->schema_path();
    if (!keyword.empty()) json::append_pointer_token(path, keyword);
    if (has_token) json::append_pointer_token(path, token);
    if (number != no_number) json::append_pointer_token(path, std::to_string(number));
    return path;
  }
  std::string instance_path() const {
    std::string path = up == nullptr ? std::string() : up->instance_path();
    if (has_name) json::append_pointer_token(path, name);
    if (index != no_number) json::append_pointer_token(path, std::to_string(index));
    return path;
  }
};

}  // namespace junctor::schema
