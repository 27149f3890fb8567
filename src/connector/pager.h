// Which request comes after this page. One pager per listing; every kind of api.h.
//
// Threads: one listing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connector/answer.h"
#include "connector/request_builder.h"
#include "connector/seen_places.h"

namespace junctor::connector {

class Pager final {
 public:
  // pagination outlives it.
  Pager(const CompiledPagination& pagination, const CallScope& scope, const Json& input);

  PageTurn first();
  // The rows of a page: a list, or one row, or none. Throws Failure{invalid} where the place of the
  // items holds no list.
  JsonArray items(const Answer& answer) const;
  // nullopt at the end. Throws Failure{invalid} that says after which page and why: a place that comes
  // again (SeenPlaces), or one that nothing can be asked with.
  std::optional<PageTurn> next(const Answer& answer, const JsonArray& items);

 private:
  void put(PageTurn& turn, const Json& value) const;
  std::optional<PageTurn> counted(const JsonArray& rows, bool more_says_yes);
  std::optional<PageTurn> keyset(const Answer& answer, const JsonArray& rows, const jsonata::Bindings* bindings);
  std::optional<PageTurn> with_cursor(const std::optional<Json>& cursor);
  std::optional<PageTurn> with_link(const std::optional<Json>& link, const Answer& answer);
  std::optional<PageTurn> custom(const Answer& answer, const jsonata::Bindings* bindings);
  std::optional<PageTurn> graphql(const Answer& answer, const JsonArray& rows, const jsonata::Bindings* bindings);
  std::string address(const Json& link, const Answer& answer) const;
  bool cursor_may_be(const Json& cursor) const;
  void note(std::string_view place, const char* if_seen);
  [[noreturn]] void refuse(const std::string& why) const;
  PageTurn turn() const;

  const CompiledPagination& pagination_;
  const CallScope& scope_;
  const Json& input_;
  int number_ = 0;
  std::int64_t offset_ = 0;
  SeenPlaces seen_;  // cursors, keys, URLs or pages
};

}  // namespace junctor::connector
