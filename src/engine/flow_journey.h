// One run of one flow, from its cursor to the end of its source.
//
// Threads: the loop that runs it.
// Lifetime: one call of Flows::run.
#pragma once

#include <set>
#include <vector>

#include "engine/flow_mapping.h"
#include "engine/flow_state.h"
#include "engine/flows.h"

namespace junctor {

class StoredRecords;

class FlowJourney final {
 public:
  static constexpr std::size_t most_seen = 2'000'000;  // ids remembered to find what is missing

  FlowJourney(Fiber& fiber, const FlowParts& parts, const CallScope& scope,
              const LoadedIntegration& integration, const Flow& flow, CallTrace& trace);
  void run();

 private:
  struct Item {
    std::string id;
    Json record;
  };

  void read_action(const Json& input);
  void read_collection();
  void take(const Json& row);
  void flush();
  void deliver_to_collection();
  void put_item(StoredRecords& records, const Item& item);
  void deliver_to_actions();
  void deliver_item(const Item& item);
  bool may_remove() const;
  void remove_missing();
  void remove_from_collection();
  void remove_from_target();
  void note_error(const std::string& what, const Failure& failure);
  void advance_cursor(const Json& row);
  void settle_cursor();
  Json source_input() const;
  CallScope source_scope() const;
  const std::string& source_integration() const;
  CallScope target_scope() const;
  const std::string& target_integration() const;
  void save_cursor(Transaction& transaction);

  Fiber& fiber_;
  const FlowParts& parts_;
  const CallScope& scope_;
  const LoadedIntegration& integration_;
  const Flow& flow_;
  CallTrace& trace_;

  FlowKey key_;
  CompiledMapping mapping_;
  connector::CompiledExpression filter_, items_, id_, cursor_value_, cursor_start_, target_id_;
  connector::CompiledValue input_, target_input_;
  Json cursor_;             // as stored, then the greatest of what was read
  Json cursor_at_start_;
  Json cursor_below_;       // the greatest that was read below cursor_, else that of the start
  Json last_value_;         // of the row before
  bool in_order_ = true;    // rows came by growing cursor
  bool cursor_moved_ = false;
  bool cut_short_ = false;  // the source has rows that were not read
  std::vector<Item> batch_;
  std::set<std::string> seen_;
  int errors_ = 0;
};

}  // namespace junctor
