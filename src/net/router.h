// Finds the handler of a request by method and path template.
//
// A template is literal segments and parameters: "/v1/runs/{run}", and as the last segment
// "{rest*}", which takes everything that is left, slashes included. A segment is decoded before it
// is compared, so "%2F" never splits one. Literal beats parameter beats rest; a path that fits
// several templates takes the most literal one that knows the method. HEAD falls back to GET where the route lets it;
// OPTIONS is answered from the templates.
//
// Threads: any thread. A change builds a new table and swaps it in; requests under way keep theirs.
// Lifetime: stands alone.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/http.h"
#include "net/request_parser.h"

namespace junctor {

// Whether GET's handler answers HEAD too, for the server to leave out the body. Not where the body is worth more than
// the head: such a path does not know HEAD.
enum class Head { as_get, refused };

struct Route {
  std::string method;  // "GET"
  std::string path;    // the template
  HttpHandler handler;
  BodyReading body = BodyReading::whole;  // in_pieces: the handler takes it with HttpRequest::read_body
  Head head = Head::as_get;
};

class Router final {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Replaces all routes of this group at once; none removes it. Groups are added up, so that one
  // part of the program may reload its routes without knowing the others'. Throws Failure{invalid}
  // for a template that cannot be read, {conflict} for two routes that would answer the same
  // requests; then nothing changes.
  void set(const std::string& group, std::vector<Route> routes);

  // Calls the handler with request.route and request.path_parameters filled. Answers 404, 405 with
  // Allow, and 400 for a path with a broken escape, a NUL, "." or "..". What the handler throws
  // passes through.
  HttpResponse handle(Fiber& fiber, HttpRequest& request) const;

  // How the handler that handle() would call takes the body of a request.
  BodyReading body_reading(const HttpRequest& head) const;

  // For HttpServer; the router must outlive it.
  HttpHandler handler() const {
    return [this](Fiber& fiber, HttpRequest& request) { return handle(fiber, request); };
  }

 private:
  struct Table;
  std::shared_ptr<const Table> table() const;

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Route>> groups_;
  std::shared_ptr<const Table> table_;
};

}  // namespace junctor
