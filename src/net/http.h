// HTTP messages as values.
//
// Threads: values.
// Source: RFC 9110, RFC 3986 for the query.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/stream.h"
#include "junctor/json.h"

namespace junctor {

class BodyWriter;
class Fiber;
struct HttpResponse;

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

// Header fields in the order they came; names compare without regard to case.
class Headers final {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.push_back({std::move(name), std::move(value)});
  }
  // Replaces every field of this name by one.
  void set(std::string name, std::string value);
  void remove(std::string_view name);

  // The first value.
  std::optional<std::string_view> get(std::string_view name) const&;
  std::optional<std::string_view> get(std::string_view name) const&& = delete;
  std::vector<std::string_view> get_all(std::string_view name) const&;
  bool contains(std::string_view name) const { return get(name).has_value(); }

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  void clear() { fields_.clear(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Header> fields_;
};

// ASCII letters only, as header names and tokens compare.
bool equal_ignoring_case(std::string_view a, std::string_view b);
// Whether a comma-separated list value holds this token ("keep-alive, Upgrade").
bool list_contains(std::string_view list, std::string_view token);

struct Parameter {
  std::string name;
  std::string value;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

// "%2F" to "/". plus_is_space: as in forms and queries. nullopt for a broken escape.
enum class Plus { literal, space };
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::literal);
// Escapes everything but the unreserved characters of RFC 3986.
std::string percent_encode(std::string_view text);

// "a=1&b=x%20y" to its parts, decoded, in order, repeated names kept. A broken escape stays as it
// is.
std::vector<Parameter> parse_query(std::string_view query);
std::string to_query(const std::vector<Parameter>& parameters);

struct HttpRequest {
  std::string method;            // "GET", as sent
  std::string target;            // as sent: "/a%2Fb?x=1"
  std::string path;              // the target's path, not decoded: "/a%2Fb"
  std::vector<Parameter> query;  // decoded
  Headers headers;
  std::string body;  // raw bytes, transfer coding removed; empty where the handler reads them itself
  PeerAddress peer;
  // Whether the client has ended its side since: what it asked for, and has not begun or stands still, may be left. An
  // answer may still find it. Empty: nobody can know. Only while the handler runs.
  std::function<bool()> caller_ended = {};
  // Where the route takes its body in pieces: waits for the next of it, 0 at the end. What is left unread when the
  // handler returns ends the connection. Throws Failure for a body that does not come whole.
  std::function<std::size_t(Fiber&, std::span<char>)> read_body = {};
  // Begins the answer inside the handler, for a body that is written while it is made: takes status and headers, which
  // go with the first bytes, or when the handler returns; what that returns then is ignored. A Failure thrown before
  // the first bytes is answered as always, one thrown later cuts the connection. The writer ends with the handler.
  // Empty: where no server stands behind the request.
  std::function<BodyWriter&(HttpResponse)> begin_answer = {};
  // Set by the handler: what goes with the answer to a Failure that it throws.
  Headers failure_headers = {};
  int version_minor = 1;  // HTTP/1.x

  // Filled by Router: the route's template and what its parameters matched, decoded.
  std::string route;
  std::vector<Parameter> path_parameters;

  // The first value of a query or path parameter.
  std::optional<std::string_view> query_value(std::string_view name) const&;
  std::optional<std::string_view> path_value(std::string_view name) const&;
};

// Takes the bytes of a response whose length is not known ahead.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Sends bytes on; the head goes before the first of them. Throws Failure{unavailable} when the
  // client is gone.
  virtual void write(Fiber& fiber, std::string_view bytes) = 0;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
  // Instead of body: called when the head may go. It runs on the connection's fiber; when it throws
  // after its first write the connection is cut, so that the client does not take half for the
  // whole.
  std::function<void(Fiber&, BodyWriter&)> stream;

  static HttpResponse text(int status, std::string body,
                           std::string content_type = "text/plain; charset=utf-8");
  static HttpResponse json(int status, const Json& value);
  static HttpResponse redirect(int status, std::string location);
};

// "Not Found"; empty for a status without a registered phrase.
std::string_view reason_phrase(int status);

// Answers one request. Called on the loop of the connection; may wait.
using HttpHandler = std::function<HttpResponse(Fiber&, HttpRequest&)>;

}  // namespace junctor
