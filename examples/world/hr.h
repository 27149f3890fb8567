// An HR service: employees in pages, and ways to change them so that a second sync sees something.
//
// Threads: one loop.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "junctor/clock.h"
#include "net/http.h"
#include "world/ledger.h"

namespace junctor::world {

struct HrOptions {
  std::string token;  // as bearer token or X-Api-Key; empty lets everyone in
  std::uint64_t seed = 1;
  std::size_t employees = 250;
};

class Hr final {
 public:
  Hr(HrOptions options, Ledger& ledger, const Clock& clock);
  Hr(const Hr&) = delete;
  Hr& operator=(const Hr&) = delete;

  // Every route under /hr: GET /hr/employees?cursor=&limit=&updated_after=, GET, PATCH and DELETE
  // /hr/employees/{id}, POST /hr/employees, POST /hr/mutate {count, seed}.
  HttpResponse handle(const HttpRequest& request);

  JsonObject counts() const;
  void replay(const JsonObject& line);
  void clear();

 private:
  static constexpr std::size_t most_employees = 200'000;

  HttpResponse list(const HttpRequest& request) const;
  HttpResponse one(const HttpRequest& request, const std::string& id);
  HttpResponse create(const HttpRequest& request);
  HttpResponse mutate(const HttpRequest& request);
  void put(JsonObject employee);
  void remove(const std::string& id);

  HrOptions options_;
  Ledger& ledger_;
  const Clock& clock_;
  std::map<std::string, JsonObject> employees_;
  std::uint64_t created_ = 0;  // also the highest number in use
  std::uint64_t changes_ = 0;
};

}  // namespace junctor::world
