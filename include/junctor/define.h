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
//         .action("find", find, {.description = "One employee", .method = "GET", .path = "/employees/{id}"})
//         .build();
//   }
//
// Input and output schemas come from the handler's structs (reflection.h), so a struct is the single
// source of truth.
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
  explicit IntegrationBuilder(std::string slug) { integration_.slug = std::move(slug); }

  IntegrationBuilder& name(std::string text) { return set(&Integration::name, std::move(text)); }
  IntegrationBuilder& version(std::string text) { return set(&Integration::version, std::move(text)); }
  IntegrationBuilder& description(std::string text) { return set(&Integration::description, std::move(text)); }
  IntegrationBuilder& category(std::string text) { return set(&Integration::category, std::move(text)); }
  IntegrationBuilder& tags(std::vector<std::string> all) { return set(&Integration::tags, std::move(all)); }
  IntegrationBuilder& branding(Branding all) { return set(&Integration::branding, std::move(all)); }
  IntegrationBuilder& endpoints(Endpoints all) { return set(&Integration::endpoints, std::move(all)); }
  IntegrationBuilder& base_url(std::string text) {
    integration_.endpoints.base_url = Template(std::move(text));
    return *this;
  }
  IntegrationBuilder& scopes(std::vector<std::string> all) { return set(&Integration::scopes, std::move(all)); }
  IntegrationBuilder& runtime(Runtime all) { return set(&Integration::runtime, std::move(all)); }
  IntegrationBuilder& api_defaults(ApiDefaults all) { return set(&Integration::api_defaults, std::move(all)); }
  IntegrationBuilder& test_action(std::string slug) { return set(&Integration::test_action, std::move(slug)); }

  IntegrationBuilder& auth(Auth one) { return add(&Integration::auth, std::move(one)); }
  IntegrationBuilder& var(Field one) { return add(&Integration::vars, std::move(one)); }
  IntegrationBuilder& flow(Flow one) { return add(&Integration::flows, std::move(one)); }
  IntegrationBuilder& webhook(WebhookType one) { return add(&Integration::webhooks, std::move(one)); }
  IntegrationBuilder& wire(WireSpec one) { return add(&Integration::wires, std::move(one)); }
  IntegrationBuilder& catches(CatchSpec one) { return add(&Integration::catches, std::move(one)); }
  IntegrationBuilder& passes(PassSpec one) { return add(&Integration::passes, std::move(one)); }
  IntegrationBuilder& event(EventDef one) { return add(&Integration::events, std::move(one)); }
  IntegrationBuilder& collection(Collection one) { return add(&Integration::collections, std::move(one)); }
  IntegrationBuilder& sync_mapping(SyncMapping one) { return add(&Integration::sync_mappings, std::move(one)); }

  // The schema of a struct, under a slug.
  template <typename T>
  IntegrationBuilder& schema(std::string slug, SchemaType type = SchemaType::entity) {
    SchemaDef one;
    one.slug = std::move(slug);
    one.type = type;
    one.schema = SchemaRef(schema_of<T>());
    return add(&Integration::schemas, std::move(one));
  }
  // An event that carries a struct.
  template <typename T>
  IntegrationBuilder& event(std::string slug, std::string text = {}) {
    EventDef one;
    one.slug = std::move(slug);
    one.description = std::move(text);
    one.payload = SchemaRef(schema_of<T>());
    return add(&Integration::events, std::move(one));
  }
  // A collection of structs. key: the member that identifies one.
  template <typename T>
  IntegrationBuilder& collection(std::string slug, std::string key = "id") {
    Collection one;
    one.slug = std::move(slug);
    one.schema = SchemaRef(schema_of<T>());
    one.key = std::move(key);
    return add(&Integration::collections, std::move(one));
  }

  // A coded action: Output handler(Context&, const Input&), both described structs or Json; void for
  // no output. options: everything else of Action; its schemas win over those of the structs.
  template <typename F>
  IntegrationBuilder& action(std::string slug, F handler, Action options = {}) {
    using Traits = detail::HandlerTraits<F>;
    using Input = typename Traits::Input;
    using Output = typename Traits::Output;
    options.slug = std::move(slug);
    if (options.input.empty() && options.params.empty()) options.input = SchemaRef(schema_of<Input>());
    if constexpr (!std::is_void_v<Output>) {
      if (options.output.empty()) options.output = SchemaRef(schema_of<Output>());
    }
    options.handler = ActionHandler(detail::wrap_handler<Input, Output>(std::move(handler)));
    return add(&Integration::actions, std::move(options));
  }
  // A declared action: its `api` is set.
  IntegrationBuilder& action(Action declared) { return add(&Integration::actions, std::move(declared)); }

  // Fills names and checks everything, as the YAML loader does. Throws Failure{invalid} with every
  // problem, one per line.
  Integration build() const;

 private:
  template <typename T>
  IntegrationBuilder& set(T Integration::*member, T value) {
    integration_.*member = std::move(value);
    return *this;
  }
  template <typename T>
  IntegrationBuilder& add(std::vector<T> Integration::*member, T value) {
    (integration_.*member).push_back(std::move(value));
    return *this;
  }

  Integration integration_;
};

inline IntegrationBuilder define_integration(std::string slug) { return IntegrationBuilder(std::move(slug)); }

}  // namespace junctor
