// Which request comes after this page. One pager per listing; every kind of api.h.
//
// Threads: one listing.
#pragma once

#include <optional>
#include <string>

#include "connector/answer.h"
#include "connector/request_builder.h"

namespace junctor::connector {

class Pager final {
 public:
  // pagination outlives it.
  Pager(const CompiledPagination& pagination, const CallScope& scope, const Json& input);

  PageTurn first();
  // The rows of a page: a list, or one row, or none. Throws Failure{invalid} where the place of the
  // items holds no list.
  JsonArray items(const Answer& answer) const;
  // nullopt at the end. Throws Failure{invalid} when a provider sends the same place twice, which
  // would go on for ever.
  std::optional<PageTurn> next(const Answer& answer, const JsonArray& items);

 private:
  void put(PageTurn& turn, const Json& value) const;
  std::optional<PageTurn> counted(std::size_t rows, bool more_says_yes);
  std::optional<PageTurn> with_text(std::optional<std::string> value);
  std::optional<PageTurn> with_url(std::optional<std::string> reference, const Answer& answer);
  std::optional<PageTurn> custom(const Answer& answer, const jsonata::Bindings* bindings);
  std::optional<PageTurn> graphql(const Answer& answer, const jsonata::Bindings* bindings);
  PageTurn turn() const;

  const CompiledPagination& pagination_;
  const CallScope& scope_;
  const Json& input_;
  int number_ = 0;
  std::int64_t offset_ = 0;
  std::string last_;  // cursor, key or URL of the page before
};

}  // namespace junctor::connector
