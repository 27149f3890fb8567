#include "engine/flow_journey.h"

#include <boost/json.hpp>
#include <utility>

#include "engine/records.h"
#include "json/canonical.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"
#include "store/store.h"
#include "vault/connection.h"

namespace junctor {
namespace {

constexpr std::size_t page_size = 500;

// Greater in the sense of its kind: numbers by value, texts by their bytes (ISO times sort so).
bool is_greater(const Json& a, const Json& b) {
  if (b.is_null()) return !a.is_null();
  if (a.is_number() && b.is_number()) return a.to_number<double>() > b.to_number<double>();
  if (a.is_string() && b.is_string()) return a.get_string() > b.get_string();
  return false;
}

// The rows of an answer that does not page.
const JsonArray* list_in(const Json& answer) {
  if (answer.is_array()) return &answer.get_array();
  if (!answer.is_object()) return nullptr;
  for (const char* name : {"results", "items", "data", "records"})
    if (const auto* member = answer.get_object().if_contains(name); member && member->is_array())
      return &member->get_array();
  return nullptr;
}

// Where to read from again, given the cursor, as an expression of it.
std::string start_before(Duration overlap) {
  const std::string by = std::to_string(overlap.count());
  return "$type($) = 'number' ? $ - ($ < 1e11 ? " + by + " / 1000 : " + by +
         ") : $fromMillis($toMillis($) - " + by + ")";
}

bool pages(const Action& action) {
  return action.is_declared() && (action.api->pagination || action.api->paginate);
}

}  // namespace

FlowJourney::FlowJourney(Fiber& fiber, const FlowParts& parts, const CallScope& scope,
                         const LoadedIntegration& integration, const Flow& flow, CallTrace& trace)
    : fiber_(fiber),
      parts_(parts),
      scope_(scope),
      integration_(integration),
      flow_(flow),
      trace_(trace),
      key_{scope.tenant, integration.definition.slug, flow.slug, scope.connection},
      mapping_(flow.mapping),
      filter_(flow.source.filter),
      items_(flow.source.items),
      id_(flow.identity.id),
      target_id_(flow.identity.target_id),
      input_(flow.source.input),
      target_input_(flow.target.input) {
  if (flow.cursor) {
    cursor_value_ = connector::CompiledExpression(flow.cursor->value);
    cursor_ = flow.cursor->initial;
    if (flow.cursor->overlap.count() > 0)
      cursor_start_ = connector::CompiledExpression(Jsonata(start_before(flow.cursor->overlap)));
  }
}

void FlowJourney::run() {
  if (flow_.cursor) {
    auto stored = parts_.store.read(
        fiber_, [&](Snapshot& snapshot) { return flow_state::cursor(snapshot, key_); });
    if (stored) cursor_ = std::move(*stored);
    cursor_below_ = cursor_at_start_ = cursor_;
  }
  if (!flow_.source.collection.empty()) read_collection();
  else read_action(source_input());
  flush();
  settle_cursor();
  remove_missing();
}

Json FlowJourney::source_input() const {
  if (input_.empty()) return JsonObject();
  // Without a cursor yet there is none to ask for: what "=cursor" stands for is left out.
  JsonObject scope{
      {"now", to_string(parts_.clock.now())},
      {"vars", parts_.actions.vars(fiber_, source_scope(), source_integration(), flow_.source.action)}};
  if (!cursor_.is_null())
    scope["cursor"] = cursor_start_.empty() ? cursor_
                                            : cursor_start_.evaluate(cursor_).value_or(cursor_);
  return input_.evaluate(Json(std::move(scope)));
}

CallScope FlowJourney::source_scope() const {
  CallScope scope = scope_;
  if (!flow_.source.connection.empty()) scope.connection = flow_.source.connection;
  return scope;
}

const std::string& FlowJourney::source_integration() const {
  return flow_.source.integration.empty() ? integration_.definition.slug : flow_.source.integration;
}

void FlowJourney::read_action(const Json& input) {
  const std::string& slug = source_integration();
  const CallScope scope = source_scope();
  const auto source = parts_.registry.get()->require(slug);
  if (pages(*source->action(flow_.source.action).definition)) {
    const StreamedRows read = parts_.actions.stream(
        fiber_, scope, slug, flow_.source.action, input,
        [this](const Json& row) {
          take(row);
          return true;
        },
        trace_);
    cut_short_ = read.cut_short.has_value();
    return;
  }
  const std::int64_t cut_before = trace_.listings_cut();
  Json answer = parts_.actions.call(fiber_, scope, slug, flow_.source.action, input, trace_);
  cut_short_ = trace_.listings_cut() > cut_before;
  if (!items_.empty()) answer = items_.evaluate(answer).value_or(Json(JsonArray()));
  const JsonArray* rows = list_in(answer);
  if (rows == nullptr) return take(answer);
  for (const Json& row : *rows) take(row);
}

void FlowJourney::read_collection() {
  RecordQuery query;
  query.collection = flow_.source.collection;
  query.limit = page_size;
  while (true) {
    const auto page = parts_.store.read(fiber_, [&](Snapshot& snapshot) {
      return list_records(snapshot, scope_.tenant, integration_.definition.slug, query);
    });
    for (const Record& record : page) take(record.value);
    if (page.size() < query.limit) return;
    query.after = page.back().key;
  }
}

void FlowJourney::take(const Json& row) {
  ++trace_.counters["extracted"];
  try {
    if (!filter_.empty() && !filter_.is_true(row)) {
      ++trace_.counters["skipped"];
      return advance_cursor(row);
    }
    auto id = id_.text(row);
    if (!id || id->empty())
      throw Failure(FailureKind::invalid, "the record has no id: \"" + flow_.identity.id.text +
                                              "\" gives nothing for it");
    if (flow_.target.missing != DeletePolicy::keep) {
      if (seen_.size() >= most_seen)
        throw Failure(FailureKind::too_large, "more than 2000000 records: what is missing cannot be found");
      seen_.insert(*id);
    }
    batch_.push_back({std::move(*id), mapping_.map(row)});
  } catch (const Failure& failure) {
    note_error("a record", failure);
  }
  advance_cursor(row);
  if (batch_.size() >= static_cast<std::size_t>(std::max(1, flow_.batch_size))) flush();
}

void FlowJourney::advance_cursor(const Json& row) {
  if (cursor_value_.empty()) return;
  const auto value = cursor_value_.evaluate(row);
  if (!value) return;
  if (is_greater(last_value_, *value)) in_order_ = false;
  last_value_ = *value;
  if (!is_greater(*value, cursor_)) return;
  cursor_below_ = std::exchange(cursor_, *value);
  cursor_moved_ = true;
}

// The cursor may only stand where all before it has been read. Rows that come by growing cursor have been, up to the
// last value of a cut listing, which more rows may share. Of others nothing is known before the listing's end, so a
// cut one leaves the next run to begin where this one did.
void FlowJourney::settle_cursor() {
  if (!flow_.cursor || (in_order_ && !cut_short_)) return;
  const Json read = cursor_;
  if (cut_short_) cursor_ = in_order_ ? cursor_below_ : cursor_at_start_;
  if (read == cursor_at_start_) return;
  parts_.store.write(fiber_, [&](Transaction& transaction) {
    flow_state::set_cursor(transaction, key_, cursor_, parts_.clock.now());
  });
  if (!cut_short_ || cursor_ != cursor_at_start_) return;
  trace_.note(LogLevel::warning,
              "the cursor stays where it was, because rows that were not read may stand below it; let the source sort "
              "its rows by the cursor, or raise the bounds of its pagination",
              parts_.clock.now());
}

void FlowJourney::note_error(const std::string& what, const Failure& failure) {
  if (flow_.on_error == RecordErrorPolicy::stop || is_retryable(failure.kind()) ||
      failure.kind() == FailureKind::cancelled || ++errors_ > flow_.max_errors)
    throw;
  ++trace_.counters["failed"];
  trace_.note(LogLevel::warning, what + " was left out: " + failure.message(),
              parts_.clock.now());
}

void FlowJourney::flush() {
  if (batch_.empty() && !cursor_moved_) return;
  if (!flow_.target.collection.empty()) deliver_to_collection();
  else deliver_to_actions();
  batch_.clear();
  cursor_moved_ = false;
}

void FlowJourney::save_cursor(Transaction& transaction) {
  if (cursor_moved_ && in_order_) flow_state::set_cursor(transaction, key_, cursor_, parts_.clock.now());
}

void FlowJourney::deliver_to_collection() {
  const RecordScope scope{scope_.tenant, integration_.definition.slug, scope_.run,
                          "integration_sync", &trace_.secrets};
  const auto before = trace_.counters;
  parts_.store.write(fiber_, [&](Transaction& transaction) {
    trace_.counters = before;  // the closure may run again
    StoredRecords records(transaction, parts_.events, scope, parts_.clock.now());
    for (const Item& item : batch_) put_item(records, item);
    save_cursor(transaction);
  });
}

void FlowJourney::put_item(StoredRecords& records, const Item& item) {
  switch (records.put(flow_.target.collection, item.id, item.record)) {
    case Change::created:
      ++trace_.counters["created"];
      if (!flow_.events.created.empty()) records.emit(flow_.events.created, item.record);
      break;
    case Change::updated:
      ++trace_.counters["updated"];
      if (!flow_.events.updated.empty()) records.emit(flow_.events.updated, item.record);
      break;
    case Change::unchanged: ++trace_.counters["unchanged"]; break;
  }
}

void FlowJourney::deliver_to_actions() {
  for (const Item& item : batch_) {
    try {
      deliver_item(item);
    } catch (const Failure& failure) {
      note_error("record " + item.id, failure);
    }
  }
  if (cursor_moved_)
    parts_.store.write(fiber_, [&](Transaction& transaction) { save_cursor(transaction); });
}

CallScope FlowJourney::target_scope() const {
  CallScope scope = scope_;
  if (!flow_.target.integration.empty() || !flow_.target.connection.empty())
    scope.connection = flow_.target.connection;
  return scope;
}

const std::string& FlowJourney::target_integration() const {
  return flow_.target.integration.empty() ? integration_.definition.slug : flow_.target.integration;
}

void FlowJourney::deliver_item(const Item& item) {
  const std::string fingerprint = json::fingerprint(item.record);
  const auto known = parts_.store.read(
      fiber_, [&](Snapshot& snapshot) { return flow_state::delivered(snapshot, key_, item.id); });
  if (known && known->fingerprint == fingerprint) {
    ++trace_.counters["unchanged"];
    return;
  }
  const FlowTarget& target = flow_.target;
  const std::string& own = known ? target.update_action : target.create_action;
  CallScope scope = target_scope();
  // The same record in the same state has the same key, in this run and in every later one.
  scope.idempotency_key = key_.integration + "/" + key_.flow + "/" + item.id + "/" + fingerprint;
  const std::string known_id = known ? known->target_id : std::string();
  const Json input =
      target_input_.empty()
          ? item.record
          : target_input_.evaluate(JsonObject{
                {"record", item.record}, {"id", known_id}, {"source_id", item.id}});
  const Json answer = parts_.actions.call(
      fiber_, scope, target_integration(),
      own.empty() ? target.action : own, input, trace_);
  Delivered now{fingerprint, target_id_.empty() ? known_id : target_id_.text(answer).value_or(known_id)};
  parts_.store.write(fiber_, [&](Transaction& transaction) {
    flow_state::set_delivered(transaction, key_, item.id, now, parts_.clock.now());
  });
  ++trace_.counters[known ? "updated" : "created"];
}

void FlowJourney::remove_missing() {
  if (cut_short_ && flow_.target.missing != DeletePolicy::keep)
    trace_.note(LogLevel::warning, "nothing that is missing was removed, because the listing was cut short",
                parts_.clock.now());
  if (!may_remove()) return;
  if (!flow_.target.collection.empty()) remove_from_collection();
  else if (!flow_.target.delete_action.empty()) remove_from_target();
}

// Only after a full read, not one that a bound cut short, and never when the source gave nothing at all: an empty
// answer is more often a fault than the truth.
bool FlowJourney::may_remove() const {
  return flow_.target.missing != DeletePolicy::keep && !flow_.cursor && !seen_.empty() && errors_ == 0 &&
         !cut_short_;
}

// The target's record is gone before it is forgotten here, so that a failure in between asks again.
void FlowJourney::remove_from_target() {
  std::string after;
  while (true) {
    const auto page = parts_.store.read(fiber_, [&](Snapshot& snapshot) {
      return flow_state::deliveries(snapshot, key_, after, page_size);
    });
    for (const auto& entry : page) {
      const std::string& id = entry.first;
      const Delivered& delivered = entry.second;
      if (seen_.contains(id)) continue;
      CallScope scope = target_scope();
      scope.idempotency_key = key_.integration + "/" + key_.flow + "/" + id + "/gone";
      const JsonObject about{{"id", delivered.target_id}, {"source_id", id}};
      const Json input = target_input_.empty() ? Json(about) : target_input_.evaluate(Json(about));
      try {
        parts_.actions.call(fiber_, scope, target_integration(), flow_.target.delete_action, input, trace_);
      } catch (const vault::ConnectionFailure&) {
        throw;  // no connection or action was found, which says nothing of the record
      } catch (const Failure& failure) {
        if (failure.kind() != FailureKind::not_found) throw;
      }
      parts_.store.write(fiber_, [&](Transaction& transaction) {
        flow_state::forget_delivered(transaction, key_, id);
      });
      ++trace_.counters["deleted"];
    }
    if (page.size() < page_size) return;
    after = page.back().first;
  }
}

void FlowJourney::remove_from_collection() {
  RecordQuery query;
  query.collection = flow_.target.collection;
  query.limit = page_size;
  const RecordScope scope{scope_.tenant, integration_.definition.slug, scope_.run,
                          "integration_sync", &trace_.secrets};
  while (true) {
    const auto page = parts_.store.read(fiber_, [&](Snapshot& snapshot) {
      return list_records(snapshot, scope_.tenant, integration_.definition.slug, query);
    });
    std::vector<const Record*> gone;
    for (const Record& record : page)
      if (!seen_.contains(record.key)) gone.push_back(&record);
    if (!gone.empty())
      parts_.store.write(fiber_, [&](Transaction& transaction) {
        StoredRecords records(transaction, parts_.events, scope, parts_.clock.now());
        for (const Record* record : gone) {
          if (flow_.target.missing == DeletePolicy::mark) {
            Json marked = record->value;
            if (marked.is_object()) marked.get_object()["deleted"] = true;
            if (records.put(flow_.target.collection, record->key, marked) == Change::unchanged)
              continue;
          } else {
            records.remove(flow_.target.collection, record->key);
          }
          if (!flow_.events.deleted.empty()) records.emit(flow_.events.deleted, record->value);
        }
      });
    trace_.counters["deleted"] += static_cast<std::int64_t>(gone.size());
    if (page.size() < query.limit) return;
    query.after = page.back().key;
  }
}

}  // namespace junctor
