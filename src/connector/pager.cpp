#include "connector/pager.h"

#include "connector/urls.h"
#include "json/serialize.h"
#include "net/link_header.h"

namespace junctor::connector {
namespace {

const Json* member(const Json* json, std::string_view name) {
  const auto* object = json == nullptr ? nullptr : json->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::optional<std::string> text(const Json* json) {
  if (json == nullptr || json->is_null() || json->is_structured() || json->is_bool()) return std::nullopt;
  return scalar_text(*json);
}

void merge(const Json& from, const char* key, JsonObject& into) {
  const Json* part = member(&from, key);
  const auto* object = part == nullptr ? nullptr : part->if_object();
  if (object == nullptr) return;
  for (const auto& [name, value] : *object) into[name] = value;
}

}  // namespace

Pager::Pager(const CompiledPagination& pagination, const CallScope& scope, const Json& input)
    : pagination_(pagination), scope_(scope), input_(input) {}

void Pager::put(PageTurn& turn, const Json& value) const {
  switch (pagination_.spec.in) {
    case PageParamPlace::query: turn.query[pagination_.spec.param] = value; return;
    case PageParamPlace::header: turn.headers[pagination_.spec.param] = value; return;
    case PageParamPlace::body: turn.body[pagination_.spec.param] = value; return;
  }
}

// What every page's request has.
PageTurn Pager::turn() const {
  PageTurn out;
  out.number = number_;
  const Pagination& spec = pagination_.spec;
  if (spec.limit_param.empty()) return out;
  const bool in_body = spec.kind == PaginationKind::graphql || spec.in == PageParamPlace::body;
  (in_body ? out.body : out.query)[spec.limit_param] = spec.page_size;
  return out;
}

PageTurn Pager::first() {
  PageTurn out = turn();
  if (pagination_.spec.kind == PaginationKind::offset) put(out, offset_);
  if (pagination_.spec.kind == PaginationKind::page) put(out, pagination_.spec.first);
  return out;
}

JsonArray Pager::items(const Answer& answer) const {
  std::optional<Json> rows;
  if (pagination_.items.empty()) {
    rows = answer.body;
  } else {
    const auto bindings = answer_bindings(scope_, input_, answer);
    rows = pagination_.items.evaluate(answer.body, &bindings);
  }
  if (!rows || rows->is_null()) return {};
  if (auto* list = rows->if_array()) return std::move(*list);
  if (pagination_.items.empty()) {
    throw Failure(FailureKind::invalid, "the page is no list; `pagination.items` has to say where its rows are");
  }
  return JsonArray{*std::move(rows)};  // JSONata gives a list of one as the one
}

std::optional<PageTurn> Pager::next(const Answer& answer, const JsonArray& items) {
  const Pagination& spec = pagination_.spec;
  const auto bindings = answer_bindings(scope_, input_, answer);
  ++number_;
  bool says_yes = false;
  if (!pagination_.more.empty()) {
    if (!pagination_.more.is_true(answer.body, &bindings)) return std::nullopt;
    says_yes = true;
  }
  switch (spec.kind) {
    case PaginationKind::cursor: return with_text(pagination_.next.text(answer.body, &bindings));
    case PaginationKind::offset:
    case PaginationKind::page: return counted(items.size(), says_yes);
    case PaginationKind::keyset:
      if (items.empty()) return std::nullopt;
      if (!pagination_.next.empty()) return with_text(pagination_.next.text(answer.body, &bindings));
      return with_text(text(member(&items.back(), spec.key)));
    case PaginationKind::link: return with_url(linked(answer.headers, "next"), answer);
    case PaginationKind::next_url: return with_url(pagination_.next.text(answer.body, &bindings), answer);
    case PaginationKind::json_api: {
      const Json* link = member(member(&answer.body, "links"), "next");
      if (const Json* inner = member(link, "href")) link = inner;
      return with_url(text(link), answer);
    }
    case PaginationKind::graphql: return graphql(answer, &bindings);
    case PaginationKind::custom: return custom(answer, &bindings);
  }
  return std::nullopt;
}

std::optional<PageTurn> Pager::counted(std::size_t rows, bool more_says_yes) {
  const Pagination& spec = pagination_.spec;
  const bool is_short = spec.page_size > 0 && rows < static_cast<std::size_t>(spec.page_size);
  if (rows == 0 || (is_short && !more_says_yes)) return std::nullopt;
  offset_ += static_cast<std::int64_t>(rows);
  PageTurn out = turn();
  put(out, spec.kind == PaginationKind::offset ? Json(offset_) : Json(spec.first + number_));
  return out;
}

std::optional<PageTurn> Pager::with_text(std::optional<std::string> value) {
  if (!value || value->empty()) return std::nullopt;
  if (*value == last_) throw Failure(FailureKind::invalid, "the provider gave the same cursor for two pages");
  last_ = *value;
  PageTurn out = turn();
  put(out, Json(*value));
  return out;
}

std::optional<PageTurn> Pager::with_url(std::optional<std::string> reference, const Answer& answer) {
  if (!reference || reference->empty()) return std::nullopt;
  const auto url = resolve_url(answer.url, *reference);
  if (!url) throw Failure(FailureKind::invalid, "the provider's link to the next page is no URL");
  if (*url == last_ || *url == answer.url) {
    throw Failure(FailureKind::invalid, "the provider's link to the next page leads to the same page");
  }
  last_ = *url;
  PageTurn out = turn();
  out.query.clear();
  out.url = *url;
  return out;
}

std::optional<PageTurn> Pager::graphql(const Answer& answer, const jsonata::Bindings* bindings) {
  const auto info = pagination_.next.evaluate(answer.body, bindings);
  const Json* more = info ? member(&*info, "hasNextPage") : nullptr;
  if (more == nullptr || !more->is_bool() || !more->get_bool()) return std::nullopt;
  const auto cursor = text(member(&*info, "endCursor"));
  if (!cursor || cursor->empty()) return std::nullopt;
  if (*cursor == last_) throw Failure(FailureKind::invalid, "the provider gave the same cursor for two pages");
  last_ = *cursor;
  PageTurn out = turn();
  out.body[pagination_.spec.param] = *cursor;
  return out;
}

std::optional<PageTurn> Pager::custom(const Answer& answer, const jsonata::Bindings* bindings) {
  const auto change = pagination_.next.evaluate(answer.body, bindings);
  if (!change || !change->is_object() || change->get_object().empty()) return std::nullopt;
  std::string print = json::to_text(*change);
  if (print == last_) throw Failure(FailureKind::invalid, "`pagination.next` gave the same request for two pages");
  PageTurn out = turn();
  if (const auto reference = text(member(&*change, "url"))) {
    out = *with_url(reference, answer);
  }
  last_ = std::move(print);
  merge(*change, "query", out.query);
  merge(*change, "headers", out.headers);
  merge(*change, "body", out.body);
  return out;
}

}  // namespace junctor::connector
