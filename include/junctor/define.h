// An integration defined in C++: the same value that integration.yaml gives.
//
//   struct FindInput { std::string id; };
//   JUNCTOR_DESCRIBE(FindInput, (id))
//   Employee find(junctor::Context& context, const FindInput& input) { … }
//
//   junctor::Integration hr() {
//     return junctor::define_integration("hr")
//         .base_url("{vars.base_url}")
//         .var({.key = "base_url", .type = junctor::FieldWidget::url})
//         .collection<Employee>("employees")
//         .action("find", find, {.description = "One employee", .method = "GET", .path =
//         "/employees/{id}"}) .build();
//   }
//
// Input and output schemas come from the handler's structs (reflection.h), so a struct is the
// single source of truth. A problem of the definition is told with the file and line of the call
// that made it.
//
// Threads: one builder, one thread. Handlers are called on any loop.
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "junctor/context.h"
#include "junctor/failure.h"
#include "junctor/integration.h"
#include "junctor/reflection.h"

namespace junctor {

// A line of source code. As a default argument, here() is the line of the call.
struct CodePlace {
  const char* file = "";
  int line = 0;
  static constexpr CodePlace here(const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
    return {file, line};
  }
};

namespace detail {

// What a handler takes and gives: a function, or anything with one operator().
template <typename F>
struct HandlerTraits : HandlerTraits<decltype(&F::operator())> {};
template <typename Out, typename In>
struct HandlerTraits<Out (*)(Context&, In)> {
  using Input = std::remove_cvref_t<In>;
  using Output = Out;
};
template <typename C, typename Out, typename In>
struct HandlerTraits<Out (C::*)(Context&, In) const> : HandlerTraits<Out (*)(Context&, In)> {};
template <typename C, typename Out, typename In>
struct HandlerTraits<Out (C::*)(Context&, In)> : HandlerTraits<Out (*)(Context&, In)> {};

template <typename Input, typename Output, typename F>
ActionFunction wrap_handler(F handler) {
  return [handler = std::move(handler)](Context& context, const Json& json) -> Json {
    Input input = from_json<Input>(json).value_or_throw();
    if constexpr (std::is_void_v<Output>) {
      handler(context, input);
      return nullptr;
    } else {
      return to_json<Output>(handler(context, input));
    }
  };
}

}  // namespace detail

class IntegrationBuilder final {
 public:
  explicit IntegrationBuilder(std::string slug, CodePlace where = CodePlace::here())
      : where_(where) {
    integration_.slug = std::move(slug);
  }

  IntegrationBuilder& name(std::string text, CodePlace where = CodePlace::here()) {
    return set(&Integration::name, std::move(text), "name", where);
  }
  IntegrationBuilder& version(std::string text, CodePlace where = CodePlace::here()) {
    return set(&Integration::version, std::move(text), "version", where);
  }
  IntegrationBuilder& description(std::string text, CodePlace where = CodePlace::here()) {
    return set(&Integration::description, std::move(text), "description", where);
  }
  IntegrationBuilder& category(std::string text, CodePlace where = CodePlace::here()) {
    return set(&Integration::category, std::move(text), "category", where);
  }
  IntegrationBuilder& tags(std::vector<std::string> all, CodePlace where = CodePlace::here()) {
    return set(&Integration::tags, std::move(all), "tags", where);
  }
  IntegrationBuilder& branding(Branding all, CodePlace where = CodePlace::here()) {
    return set(&Integration::branding, std::move(all), "branding", where);
  }
  IntegrationBuilder& endpoints(Endpoints all, CodePlace where = CodePlace::here()) {
    return set(&Integration::endpoints, std::move(all), "endpoints", where);
  }
  IntegrationBuilder& base_url(std::string text, CodePlace where = CodePlace::here()) {
    integration_.endpoints.base_url = Template(std::move(text));
    return note("endpoints", "base_url", where);
  }
  IntegrationBuilder& scopes(std::vector<std::string> all, CodePlace where = CodePlace::here()) {
    return set(&Integration::scopes, std::move(all), "scopes", where);
  }
  IntegrationBuilder& runtime(Runtime all, CodePlace where = CodePlace::here()) {
    return set(&Integration::runtime, std::move(all), "runtime", where);
  }
  IntegrationBuilder& api_defaults(ApiDefaults all, CodePlace where = CodePlace::here()) {
    return set(&Integration::api_defaults, std::move(all), "api_defaults", where);
  }
  IntegrationBuilder& test_action(std::string slug, CodePlace where = CodePlace::here()) {
    return set(&Integration::test_action, std::move(slug), "test_action", where);
  }

  IntegrationBuilder& auth(Auth one, CodePlace where = CodePlace::here()) {
    note("auth", "", where);
    integration_.auth.push_back(std::move(one));
    return *this;
  }
  IntegrationBuilder& var(Field one, CodePlace where = CodePlace::here()) {
    note("vars", one.key, where);
    integration_.vars.push_back(std::move(one));
    return *this;
  }
  IntegrationBuilder& flow(Flow one, CodePlace where = CodePlace::here()) {
    return add(&Integration::flows, std::move(one), "flows", where);
  }
  IntegrationBuilder& webhook(WebhookType one, CodePlace where = CodePlace::here()) {
    return add(&Integration::webhooks, std::move(one), "webhooks", where);
  }
  IntegrationBuilder& wire(WireSpec one, CodePlace where = CodePlace::here()) {
    return add(&Integration::wires, std::move(one), "wires", where);
  }
  IntegrationBuilder& catches(CatchSpec one, CodePlace where = CodePlace::here()) {
    return add(&Integration::catches, std::move(one), "catch", where);
  }
  IntegrationBuilder& passes(PassSpec one, CodePlace where = CodePlace::here()) {
    return add(&Integration::passes, std::move(one), "pass", where);
  }
  IntegrationBuilder& event(EventDef one, CodePlace where = CodePlace::here()) {
    return add(&Integration::events, std::move(one), "events", where);
  }
  IntegrationBuilder& collection(Collection one, CodePlace where = CodePlace::here()) {
    return add(&Integration::collections, std::move(one), "collections", where);
  }
  IntegrationBuilder& sync_mapping(SyncMapping one, CodePlace where = CodePlace::here()) {
    return add(&Integration::sync_mappings, std::move(one), "sync_mappings", where);
  }

  // The schema of a struct, under a slug.
  template <typename T>
  IntegrationBuilder& schema(std::string slug, SchemaType type = SchemaType::entity,
                             CodePlace where = CodePlace::here()) {
    SchemaDef one;
    one.slug = std::move(slug);
    one.type = type;
    one.schema = SchemaRef(schema_of<T>());
    return add(&Integration::schemas, std::move(one), "schemas", where);
  }
  // An event that carries a struct.
  template <typename T>
  IntegrationBuilder& event(std::string slug, std::string text = {},
                            CodePlace where = CodePlace::here()) {
    EventDef one;
    one.slug = std::move(slug);
    one.description = std::move(text);
    one.payload = SchemaRef(schema_of<T>());
    return add(&Integration::events, std::move(one), "events", where);
  }
  // A collection of structs. key: the member that identifies one.
  template <typename T>
  IntegrationBuilder& collection(std::string slug, std::string key = "id",
                                 CodePlace where = CodePlace::here()) {
    Collection one;
    one.slug = std::move(slug);
    one.schema = SchemaRef(schema_of<T>());
    one.key = std::move(key);
    return add(&Integration::collections, std::move(one), "collections", where);
  }

  // A coded action: Output handler(Context&, const Input&), both described structs or Json; void
  // for no output. options: everything else of Action; its schemas win over those of the structs. A param
  // with ui_type `file` is no member of the struct: Context::file() gives it.
  template <typename F>
  IntegrationBuilder& action(std::string slug, F handler, Action options = {},
                             CodePlace where = CodePlace::here()) {
    using Traits = detail::HandlerTraits<F>;
    using Input = typename Traits::Input;
    using Output = typename Traits::Output;
    options.slug = std::move(slug);
    // With a schema of their own, files alone describe no input.
    Action with_schema = options;
    with_schema.input = SchemaRef(schema_of<Input>());
    if (options.input.empty() && !params_describe_input(with_schema)) options = std::move(with_schema);
    if constexpr (!std::is_void_v<Output>) {
      if (options.output.empty()) options.output = SchemaRef(schema_of<Output>());
    }
    options.handler = ActionHandler(detail::wrap_handler<Input, Output>(std::move(handler)));
    return add(&Integration::actions, std::move(options), "actions", where);
  }
  // A declared action: its `api` is set.
  IntegrationBuilder& action(Action declared, CodePlace where = CodePlace::here()) {
    return add(&Integration::actions, std::move(declared), "actions", where);
  }

  // Fills names and checks everything, as the YAML loader does. Throws Failure{invalid} with every
  // problem, one per line, each with the file and line of the call that made it.
  Integration build() const;

 private:
  // Which call made a part of the definition: "actions" + "find".
  struct Part {
    const char* list;
    std::string slug;  // empty for what has none
    CodePlace where;
  };

  IntegrationBuilder& note(const char* list, std::string slug, CodePlace where) {
    parts_.push_back({list, std::move(slug), where});
    return *this;
  }
  template <typename T>
  IntegrationBuilder& set(T Integration::*member, T value, const char* key, CodePlace where) {
    integration_.*member = std::move(value);
    return note(key, "", where);
  }
  template <typename T>
  IntegrationBuilder& add(std::vector<T> Integration::*member, T value, const char* list,
                          CodePlace where) {
    note(list, value.slug, where);
    (integration_.*member).push_back(std::move(value));
    return *this;
  }
  // The call that made what stands at a problem's path.
  CodePlace place_of(const std::string& path) const;

  Integration integration_;
  CodePlace where_;
  std::vector<Part> parts_;
};

inline IntegrationBuilder define_integration(std::string slug,
                                             CodePlace where = CodePlace::here()) {
  return IntegrationBuilder(std::move(slug), where);
}

}  // namespace junctor
