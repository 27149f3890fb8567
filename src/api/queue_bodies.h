// Reading the bodies of queue routes, and writing messages and dead letters as JSON.
//
// Threads: values.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "queue/types.h"

namespace junctor::api {

// The body as an object; an empty one for no body. Throws Failure{invalid}.
JsonObject body_object(const HttpRequest& request);

// The objects of a batch under `name` (1 to 1000), or the body itself. Throws Failure{invalid}.
struct Items {
  std::vector<JsonObject> objects;
  bool batch = false;
};
Items items_of(const HttpRequest& request, std::string_view name);

// A member, or `otherwise` when it is absent. Throw Failure{invalid} for another type.
std::string text_of(const JsonObject& object, std::string_view name, std::string otherwise = {});
std::int64_t integer_of(const JsonObject& object, std::string_view name, std::int64_t otherwise,
                        std::int64_t least, std::int64_t most);
// payload as JSON text; "null" when absent. headers likewise, "{}".
std::string payload_of(const JsonObject& object);
std::string headers_of(const JsonObject& object);

queue::NewEvent event_of(const JsonObject& object, const TenantId& tenant);
queue::NewMessage message_of(const JsonObject& object);

Json to_json(const queue::Message& message);
Json to_json(const queue::DeadLetter& letter);
Json to_json(const queue::Event& event);

}  // namespace junctor::api
