// Fields, parameters, triggers and actions.
//
// Threads: values; an ActionHandler is called from any loop.
#pragma once

#include <functional>
#include <memory>

#include "junctor/definition/api.h"

namespace junctor {

class Context;

// What a coded action does: the input is already coerced, validated and defaulted. The result is
// validated against the output schema. Throws Failure.
using ActionFunction = std::function<Json(Context&, const Json& input)>;

// A function as a value: equal to itself and its copies only.
//
// Lifetime: shared by every copy of the Integration, which is why the pointer is shared.
class ActionHandler final {
 public:
  ActionHandler() = default;
  explicit ActionHandler(ActionFunction function)
      : function_(std::make_shared<const ActionFunction>(std::move(function))) {}
  explicit operator bool() const { return function_ != nullptr; }
  Json operator()(Context& context, const Json& input) const { return (*function_)(context, input); }
  friend bool operator==(const ActionHandler&, const ActionHandler&) = default;

 private:
  std::shared_ptr<const ActionFunction> function_;
};

enum class ParamPlace { path, query, header, body };
BOOST_DESCRIBE_ENUM(ParamPlace, path, query, header, body)
enum class SendPlace { path, query, header, cookie, body, none };
BOOST_DESCRIBE_ENUM(SendPlace, path, query, header, cookie, body, none)
enum class ListStyle { repeat, comma, brackets };
BOOST_DESCRIBE_ENUM(ListStyle, repeat, comma, brackets)
enum class UiType {
  text, textarea, number, integer, boolean, date, datetime, select, multiselect, password, email, url,
  uuid, json, file, hidden
};
BOOST_DESCRIBE_ENUM(UiType, text, textarea, number, integer, boolean, date, datetime, select, multiselect,
                    password, email, url, uuid, json, file, hidden)

// A parameter of an action: where Junctor's own route takes it, how a form shows it, and where a
// declared call sends it.
struct Param {
  std::string name{};
  std::optional<ParamPlace> in{};  // missing: path when the route names it, query for GET, else body
  std::optional<SendPlace> to{};   // missing: see ApiCall
  std::string as{};                // the provider's name for it; missing: the same
  ListStyle list_style = ListStyle::repeat;  // of a list in a query
  UiType ui_type = UiType::text;
  std::string label{};
  std::string description{};
  std::string placeholder{};
  std::optional<bool> required{};  // missing: as the input schema says, else false
  Json default_{};
  std::vector<Option> options{};
  std::optional<double> min{};  // of a number; for text its length
  std::optional<double> max{};
  std::optional<double> step{};
  std::string pattern{};
  int order = 0;
  std::string group{};
  SchemaRef schema{};  // where ui_type does not say enough
};
BOOST_DESCRIBE_STRUCT(Param, (),
                      (name, in, to, as, list_style, ui_type, label, description, placeholder, required,
                       default_, options, min, max, step, pattern, order, group, schema))

enum class TriggerType { event, schedule, webhook, poll };
BOOST_DESCRIBE_ENUM(TriggerType, event, schedule, webhook, poll)

// What starts an action or a flow.
struct Trigger {
  TriggerType type = TriggerType::event;
  std::vector<std::string> events{};    // event: topics; "*" for one word, ">" or a last "*" for the rest
  std::string cron{};                   // schedule: five fields, or @hourly, @daily, …
  std::string timezone{};               // schedule: IANA name; missing: UTC
  std::optional<Duration> every{};      // poll, schedule: instead of cron
  std::vector<std::string> webhooks{};  // webhook: webhook types
  Jsonata filter{};                     // only when true; `$` is the payload, $event is bound
  ValueSpec input{};                    // missing: the payload
  std::string description{};
};
BOOST_DESCRIBE_STRUCT(Trigger, (),
                      (type, events, cron, timezone, every, webhooks, filter, input, description))

enum class SyncDirection { to_junctor, from_junctor, bidirectional };
BOOST_DESCRIBE_ENUM(SyncDirection, to_junctor, from_junctor, bidirectional)

// Marks an action as the sync of an entity, for lists and screens.
struct SyncSpec {
  std::string entity{};
  SyncDirection direction = SyncDirection::to_junctor;
  std::string label{};
  std::string description{};
};
BOOST_DESCRIBE_STRUCT(SyncSpec, (), (entity, direction, label, description))

// A field of the output whose id `?expand=` replaces by what `action` gives.
struct Expandable {
  std::string field{};  // of a row, or of the single object
  std::string model{};
  std::string action{};            // called once with {ids: […]}
  Jsonata id = "id";             // of one result
  std::string ids_param = "ids";
};
BOOST_DESCRIBE_STRUCT(Expandable, (), (field, model, action, id, ids_param))

// An operation: declared (`api`) or coded (`handler`, only from C++).
struct Action {
  std::string slug{};
  std::string name{};
  std::string description{};
  std::string category{};
  std::string method = "POST";  // of Junctor's own route
  std::string path{};             // "/employees/{id}"; missing: "/{integration}/{action}"
  std::vector<std::string> scopes{};
  SchemaRef input{};   // missing: from `params`
  SchemaRef output{};  // missing: anything
  std::vector<Param> params{};
  std::vector<Trigger> triggers{};
  std::vector<std::string> events{};  // short for one trigger of type event
  std::optional<SyncSpec> sync{};
  std::vector<Expandable> expandable{};
  std::optional<ApiCall> api{};
  std::optional<CacheSpec> memoize{};  // the whole action's output by its input
  std::string queue{};                 // of triggered runs; missing: runtime.queue
  int concurrency = 0;               // triggered runs at once per connection; 0: no bound of its own
  Jsonata partition{};                 // the order key of triggered runs; `$` is the payload
  bool deprecated = false;
  ActionHandler handler{};

  bool is_declared() const { return api.has_value(); }
};
BOOST_DESCRIBE_STRUCT(Action, (),
                      (slug, name, description, category, method, path, scopes, input, output, params,
                       triggers, events, sync, expandable, api, memoize, queue, concurrency, partition,
                       deprecated, handler))

enum class FieldWidget { text, textarea, password, number, boolean, select, multiselect, url, email, date, json };
BOOST_DESCRIBE_ENUM(FieldWidget, text, textarea, password, number, boolean, select, multiselect, url, email,
                    date, json)
enum class FieldPhase { before_auth, after_auth };
BOOST_DESCRIBE_ENUM(FieldPhase, before_auth, after_auth)

// Options from an action: `map` turns its output into [{value, label}].
struct OptionsFetcher {
  std::string action{};
  ValueSpec input{};
  Jsonata map{};
};
BOOST_DESCRIBE_STRUCT(OptionsFetcher, (), (action, input, map))

// A setting or secret of a connection (or of a webhook endpoint).
struct Field {
  std::string key{};
  FieldWidget type = FieldWidget::text;
  std::optional<bool> secret{};  // missing: true for password
  FieldPhase when = FieldPhase::before_auth;
  std::string label{};
  std::string help{};
  std::string placeholder{};
  bool required = true;
  bool hidden = false;
  Json default_{};
  std::vector<Option> options{};
  std::optional<OptionsFetcher> options_from{};
  std::optional<VisibleWhen> visible_when{};
  std::string group{};
  int order = 0;
  std::optional<double> min{};  // of a number; for text its length
  std::optional<double> max{};
  std::string pattern{};
  SchemaRef schema{};

  bool is_secret() const { return secret.value_or(type == FieldWidget::password); }
};
BOOST_DESCRIBE_STRUCT(Field, (),
                      (key, type, secret, when, label, help, placeholder, required, hidden, default_, options,
                       options_from, visible_when, group, order, min, max, pattern, schema))

}  // namespace junctor
