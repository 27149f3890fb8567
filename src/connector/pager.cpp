#include "connector/pager.h"

#include <algorithm>
#include <utility>

#include "connector/urls.h"
#include "json/serialize.h"
#include "net/link_header.h"

namespace junctor::connector {
namespace {

const Json* member(const Json* json, std::string_view name) {
  const auto* object = json == nullptr ? nullptr : json->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::optional<Json> copy_of(const Json* json) { return json == nullptr ? std::nullopt : std::optional<Json>(*json); }

bool is_empty(const Json& json) {
  if (const auto* text = json.if_string()) return text->empty();
  if (const auto* list = json.if_array()) return list->empty();
  const auto* object = json.if_object();
  return json.is_null() || (object != nullptr && object->empty());
}

// How providers say that nothing follows: nothing, null, false, an empty text, list or object.
bool says_end(const std::optional<Json>& json) {
  return !json || is_empty(*json) || (json->is_bool() && !json->get_bool());
}

// Whether a value means yes: true, a number but 0, a text but "false" and "0", a list or object with something in it.
bool says_yes(const std::optional<Json>& json) {
  if (says_end(json)) return false;
  if (json->is_number()) return json->to_number<double>() != 0;
  const auto* text = json->if_string();
  return text == nullptr || (*text != "false" && *text != "0");
}

const char* kind_of(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  if (json.is_bool()) return "true or false";
  if (json.is_number()) return "a number";
  return json.is_null() ? "null" : "a text";
}

// Whether a page like this one can follow it: rows that are bare and all the same (0, 0, 0) can.
bool may_follow_itself(const JsonArray& rows) {
  return std::all_of(rows.begin(), rows.end(), [&](const Json& row) { return !row.is_structured() && row == rows.front(); });
}

void merge(const Json& from, const char* key, JsonObject& into) {
  const Json* part = member(&from, key);
  const auto* object = part == nullptr ? nullptr : part->if_object();
  if (object == nullptr) return;
  for (const auto& [name, value] : *object) into[name] = value;
}

std::string print_of(const JsonArray& rows) {
  std::string out;
  for (const Json& row : rows) out += json::to_text(row) + "\n";
  return out;
}

std::string with_query(std::string url, const JsonObject& members) {
  std::vector<Parameter> query;
  for (const auto& [name, value] : members) {
    if (const auto* list = value.if_array()) {
      for (const Json& item : *list) query.push_back({std::string(name), scalar_text(item)});
    } else if (!value.is_null()) {
      query.push_back({std::string(name), scalar_text(value)});
    }
  }
  if (query.empty()) return url;
  return url + (url.find('?') == std::string::npos ? "?" : "&") + to_query(query);
}

}  // namespace

Pager::Pager(const CompiledPagination& pagination, const CallScope& scope, const Json& input)
    : pagination_(pagination), scope_(scope), input_(input) {}

void Pager::put(PageTurn& turn, const Json& value) const {
  if (pagination_.spec.kind == PaginationKind::graphql) {
    turn.body[pagination_.spec.param] = value;
    return;
  }
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
  const auto bindings = answer_bindings(scope_, input_, answer);
  ++number_;
  const bool asked = !pagination_.more.empty();
  if (asked && !says_yes(pagination_.more.evaluate(answer.body, &bindings))) return std::nullopt;
  switch (pagination_.spec.kind) {
    case PaginationKind::cursor: return with_cursor(pagination_.next.evaluate(answer.body, &bindings));
    case PaginationKind::offset:
    case PaginationKind::page: return counted(items, asked);
    case PaginationKind::keyset: return keyset(answer, items, &bindings);
    case PaginationKind::link: {
      const auto link = linked(answer.headers, "next");
      return with_link(link ? std::optional<Json>(*link) : std::nullopt, answer);
    }
    case PaginationKind::next_url: return with_link(pagination_.next.evaluate(answer.body, &bindings), answer);
    case PaginationKind::json_api: {
      const Json* link = member(member(&answer.body, "links"), "next");
      if (const Json* inner = member(link, "href")) link = inner;
      return with_link(copy_of(link), answer);
    }
    case PaginationKind::graphql: return graphql(answer, items, &bindings);
    case PaginationKind::custom: return custom(answer, &bindings);
  }
  return std::nullopt;
}

void Pager::refuse(const std::string& why) const {
  throw Failure(FailureKind::invalid, "after page " + std::to_string(number_) + " of the listing: " + why);
}

void Pager::note(std::string_view place, const char* if_seen) {
  if (seen_.comes_again(place)) refuse(if_seen);
}

std::optional<PageTurn> Pager::counted(const JsonArray& rows, bool more_says_yes) {
  const Pagination& spec = pagination_.spec;
  const bool is_short = spec.page_size > 0 && rows.size() < static_cast<std::size_t>(spec.page_size);
  if (rows.empty() || (is_short && !more_says_yes)) return std::nullopt;
  if (!may_follow_itself(rows)) {
    note(print_of(rows), "the provider gave the same rows for two pages, so it does not heed `pagination.param` "
                                    "or has no more; `pagination.more` or `page_size` has to say where it ends");
  }
  offset_ += static_cast<std::int64_t>(rows.size());
  PageTurn out = turn();
  put(out, spec.kind == PaginationKind::offset ? Json(offset_) : Json(spec.first + number_));
  return out;
}

std::optional<PageTurn> Pager::keyset(const Answer& answer, const JsonArray& rows, const jsonata::Bindings* bindings) {
  if (rows.empty()) return std::nullopt;
  if (!pagination_.next.empty()) return with_cursor(pagination_.next.evaluate(answer.body, bindings));
  const auto key = copy_of(member(&rows.back(), pagination_.spec.key));
  if (says_end(key)) refuse("its last row has no `" + pagination_.spec.key + "`, which `pagination.key` names");
  return with_cursor(key);
}

// A query and a header carry scalars; what goes into a body may be anything.
bool Pager::cursor_may_be(const Json& cursor) const {
  if (cursor.is_bool()) return false;
  const bool in_body = pagination_.spec.kind == PaginationKind::graphql || pagination_.spec.in == PageParamPlace::body;
  return in_body || !cursor.is_structured();
}

std::optional<PageTurn> Pager::with_cursor(const std::optional<Json>& cursor) {
  if (says_end(cursor)) return std::nullopt;
  if (!cursor_may_be(*cursor)) {
    refuse(std::string("the cursor of the next page is ") + kind_of(*cursor) + "; it has to be a text or a number");
  }
  note(json::to_text(*cursor), "the provider gave the same cursor for two pages");
  PageTurn out = turn();
  put(out, *cursor);
  return out;
}

std::string Pager::address(const Json& link, const Answer& answer) const {
  const auto* reference = link.if_string();
  if (reference == nullptr) refuse(std::string("the provider's link to the next page is ") + kind_of(link) + ", no URL");
  const auto url = resolve_url(answer.url, *reference);
  if (!url) refuse("the provider's link to the next page is no URL of http or https");
  return *url;
}

std::optional<PageTurn> Pager::with_link(const std::optional<Json>& link, const Answer& answer) {
  if (says_end(link)) return std::nullopt;
  const char* const again = "the provider's link to the next page leads to a page that was read";
  if (seen_.empty()) note(escaped_url(answer.url), again);  // the first page
  PageTurn out = turn();
  out.query.clear();
  out.url = address(*link, answer);
  note(*out.url, again);
  return out;
}

std::optional<PageTurn> Pager::graphql(const Answer& answer, const JsonArray& rows, const jsonata::Bindings* bindings) {
  const auto info = pagination_.next.evaluate(answer.body, bindings);
  const Json* more = info ? member(&*info, "hasNextPage") : nullptr;
  if (more == nullptr && !rows.empty()) refuse("`pagination.next` finds no pageInfo with hasNextPage in the answer");
  if (!says_yes(copy_of(more))) return std::nullopt;
  const auto cursor = copy_of(member(&*info, "endCursor"));
  if (says_end(cursor)) refuse("hasNextPage says that there are more, and endCursor does not say where");
  return with_cursor(cursor);
}

std::optional<PageTurn> Pager::custom(const Answer& answer, const jsonata::Bindings* bindings) {
  auto change = pagination_.next.evaluate(answer.body, bindings);
  if (says_end(change)) return std::nullopt;
  if (!change->is_object()) {
    refuse(std::string("`pagination.next` gave ") + kind_of(*change) + "; it has to give an object with url, query, headers or body");
  }
  PageTurn out = turn();
  if (Json* link = change->get_object().if_contains("url")) {
    if (says_end(*link)) return std::nullopt;
    out.query.clear();
    *link = address(*link, answer);
    out.url = *link->if_string();
  }
  note(json::to_text(*change), "`pagination.next` gave the same request for two pages");
  merge(*change, "query", out.query);
  merge(*change, "headers", out.headers);
  merge(*change, "body", out.body);
  if (out.url) out.url = with_query(*std::move(out.url), std::exchange(out.query, {}));
  return out;
}

}  // namespace junctor::connector
