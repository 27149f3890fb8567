// What a coded action sees of the engine: its fiber, its connection, and everything it may do.
//
//   Employee find(Context& context, const FindInput& input) {
//     Json found = context.call("get_employee", {{"id", input.id}});
//     context.log(LogLevel::info, "found one");
//     return from_json(found);
//   }
//
// The engine implements it; tests may.
//
// Threads: the loop that runs the action; never kept beyond the call.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/files.h"
#include "junctor/ids.h"
#include "junctor/json.h"
#include "junctor/secret.h"

namespace junctor {

class Fiber;

enum class LogLevel { debug, info, warning, error };

// A record of a collection of the integration.
struct Record {
  std::string key;
  Json value;
  std::int64_t version = 0;  // grows with every change
};

struct RecordQuery {
  std::string collection;
  std::string after;   // keys after this one; in the order of keys
  std::size_t limit = 100;  // at most 1,000
};

enum class Change { created, updated, unchanged };

// The integration's own records of this tenant, inside one transaction. Nothing here waits.
class Records {
 public:
  virtual ~Records() = default;
  virtual std::optional<Record> get(std::string_view collection, std::string_view key) = 0;
  virtual std::vector<Record> list(const RecordQuery& query) = 0;
  // unchanged: the same value stands there already.
  virtual Change put(std::string_view collection, std::string_view key, const Json& value) = 0;
  // False when there was none.
  virtual bool remove(std::string_view collection, std::string_view key) = 0;
  // An event that exists exactly when the transaction commits. Topic: "employee_created" becomes
  // "{integration}.employee_created"; a topic with a dot stays.
  virtual EventId emit(std::string_view topic, const Json& payload) = 0;
};

struct CallOptions {
  std::string integration;  // missing: its own
  std::string connection;   // missing: that of this run, or the other integration's default one
  std::optional<std::chrono::milliseconds> timeout;
  UploadFiles files{};      // by the name of the parameter; for call()
  DownloadSink download{};  // where the file goes that the action gives; for call()
};

// Which bound of its pagination ended a listing before its end: max_pages, max_items or max_time.
enum class ListingBound { pages, items, time };

struct StreamedRows {
  std::size_t rows = 0;                   // that take() saw
  std::optional<ListingBound> cut_short;  // none: the listing came to its end, or take() stopped it
};

class Context {
 public:
  virtual ~Context() = default;

  virtual Fiber& fiber() = 0;
  virtual const TenantId& tenant() const = 0;
  virtual RunId run() const = 0;
  // Stable over retries of this run and step: for APIs that take an idempotency key.
  virtual std::string idempotency_key() const = 0;

  // The connection's vars that are no secrets, as an object; null without a connection.
  virtual const Json& vars() const = 0;
  // A secret var. Throws Failure{not_found} that says how to set it.
  virtual Secret secret(std::string_view key) = 0;

  // The file that came with the call, by the name of the parameter (ui_type `file`); nothing where it was left out.
  // It is read as it comes from the disk, once or after rewind(), and may go on in the files of a call(). It ends with
  // the action. Throws Failure{bug} for a parameter that the action does not declare as a file.
  virtual std::optional<UploadFile> file(std::string_view parameter) = 0;

  // Calls an action, declared or coded. Throws Failure. With options.download the output is {bytes, content_type,
  // content_disposition} of the file. Throws Failure{invalid} for a file that the action does not take or give. That a bound cut its listing short stands in the run; a
  // handler that must know it uses stream().
  virtual Json call(std::string_view action, const Json& input, const CallOptions& options = {}) = 0;
  // The rows of a declared action that pages, one by one as they arrive, without the pages in memory.
  // take returns false to stop. What a listing that was cut short did not give may exist all the same: delete
  // nothing because of it.
  virtual StreamedRows stream(std::string_view action, const Json& input,
                             const std::function<bool(const Json& row)>& take,
                             const CallOptions& options = {}) = 0;

  // As Records::emit, in a transaction of its own.
  virtual EventId emit(std::string_view topic, const Json& payload) = 0;
  // All of it, or nothing. The function must not wait, and may run again after a conflict.
  virtual void transaction(const std::function<void(Records&)>& body) = 0;

  // Runs body once in the life of the run and remembers what it gave: after a crash or a retry the
  // result comes from the journal. Names are unique within the run.
  virtual Json step(std::string_view name, const std::function<Json()>& body) = 0;

  virtual void log(LogLevel level, std::string_view message) = 0;
  // done of total; total 0 when unknown.
  virtual void progress(std::uint64_t done, std::uint64_t total, std::string_view note = {}) = 0;
  // Adds to a counter of the run: "created", "skipped".
  virtual void count(std::string_view name, std::int64_t by = 1) = 0;
};

}  // namespace junctor
