// Syncs: inflow (outside → here), outflow (here → outside), relay (outside → outside).
//
// Threads: values.
#pragma once

#include "junctor/definition/webhook.h"

namespace junctor {

enum class FlowKind { inflow, outflow, relay };
BOOST_DESCRIBE_ENUM(FlowKind, inflow, outflow, relay)

// One target field. `from` is a dotted path or a list of keys in the source; `transform` sees its
// value as `$`, the record as $record; `value` instead of `from` is a constant.
struct FieldMapping {
  std::string to{};
  std::string from{};
  std::vector<std::string> from_path{};  // wins over `from`: keys that contain dots
  Jsonata transform{};
  Json value{};
  Json default_{};  // where the source has nothing
  bool required = false;
};
BOOST_DESCRIBE_STRUCT(FieldMapping, (), (to, from, from_path, transform, value, default_, required))

// A record of one system as a record of another: field by field, or as one expression.
struct MappingSpec {
  std::vector<FieldMapping> fields{};
  Jsonata map{};  // `$` is the record; wins over nothing: give one of both
};
BOOST_DESCRIBE_STRUCT(MappingSpec, (), (fields, map))

// Where a flow reads: an action (paged when it pages) or a collection of the integration's tables.
struct FlowSource {
  std::string integration{};  // missing: its own
  std::string connection{};
  std::string action{};
  std::string collection{};
  ValueSpec input{};  // `$` is {cursor, vars, now}
  Jsonata items{};    // rows of an answer that does not page
  Jsonata filter{};   // of a record
};
BOOST_DESCRIBE_STRUCT(FlowSource, (), (integration, connection, action, collection, input, items, filter))

// Where a flow continues. `value` of each record; the greatest is kept, committed with the records.
struct CursorSpec {
  Jsonata value{};
  Json initial{};
  // Read this much again: records that became visible late. Of cursors that are times: ISO 8601, or a
  // number, which is milliseconds since 1970, or seconds when it is below 10^11.
  Duration overlap{0};
};
BOOST_DESCRIBE_STRUCT(CursorSpec, (), (value, initial, overlap))

// Which records of two systems are the same thing.
struct IdentitySpec {
  std::string resource{};             // of the identity map; missing: the flow's
  Jsonata id = "id";                // the record's id in the source
  std::vector<std::string> connect{}; // fields whose values connect systems: email, …
  Jsonata target_id{};                // the id in what the target answered
};
BOOST_DESCRIBE_STRUCT(IdentitySpec, (), (resource, id, connect, target_id))

enum class DeletePolicy { keep, delete_, mark };
BOOST_DESCRIBE_ENUM(DeletePolicy, keep, delete_, mark)
enum class RecordErrorPolicy { skip, stop };
BOOST_DESCRIBE_ENUM(RecordErrorPolicy, skip, stop)

// Where a flow writes: a collection, or actions by what has to be done.
struct FlowTarget {
  std::string integration{};
  std::string connection{};
  std::string collection{};
  std::string action{};         // for create and update alike, or
  std::string create_action{};
  std::string update_action{};
  std::string delete_action{};
  ValueSpec input{};            // missing: the mapped record; `$` is {record, id, source}
  DeletePolicy missing = DeletePolicy::keep;  // records that a full read no longer finds
};
BOOST_DESCRIBE_STRUCT(FlowTarget, (),
                      (integration, connection, collection, action, create_action, update_action,
                       delete_action, input, missing))

// Events that a flow emits for what changed; topics.
struct FlowEvents {
  std::string created{};
  std::string updated{};
  std::string deleted{};
};
BOOST_DESCRIBE_STRUCT(FlowEvents, (), (created, updated, deleted))

struct Flow {
  std::string slug{};
  std::string name{};
  std::string description{};
  FlowKind kind = FlowKind::inflow;
  std::string resource{};
  std::vector<Trigger> triggers{};
  FlowSource source{};
  MappingSpec mapping{};
  FlowTarget target{};
  std::optional<CursorSpec> cursor{};
  IdentitySpec identity{};
  FlowEvents events{};
  RecordErrorPolicy on_error = RecordErrorPolicy::skip;
  int max_errors = 100;
  int batch_size = 100;
  int concurrency = 1;
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(Flow, (),
                      (slug, name, description, kind, resource, triggers, source, mapping, target, cursor,
                       identity, events, on_error, max_errors, batch_size, concurrency, enabled))

enum class MappingDirection { integration_to_service, service_to_integration, bidirectional };
BOOST_DESCRIBE_ENUM(MappingDirection, integration_to_service, service_to_integration, bidirectional)

// A mapping of an entity that flows and screens may use by name.
struct SyncMapping {
  std::string slug{};  // the source entity
  std::string service{};
  std::string target_schema{};
  MappingDirection direction = MappingDirection::integration_to_service;
  std::vector<FieldMapping> fields{};
};
BOOST_DESCRIBE_STRUCT(SyncMapping, (), (slug, service, target_schema, direction, fields))

}  // namespace junctor
