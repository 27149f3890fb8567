// Schema documents over HTTP, for the person at the command line. Engines never fetch schemas.
//
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "junctor/schema.h"

namespace junctor {

// Answers nothing, and why_not says why, for what is not http or https, is not there, is larger than 8 MiB, takes longer
// than 10 seconds or is no JSON. Every document is asked for once.
class HttpSchemas final : public SchemaResolver {
 public:
  HttpSchemas();
  ~HttpSchemas() override;
  HttpSchemas(const HttpSchemas&) = delete;
  HttpSchemas& operator=(const HttpSchemas&) = delete;

  std::optional<Json> find(std::string_view uri) override;
  std::string why_not(std::string_view uri) override;

 private:
  std::map<std::string, std::optional<Json>, std::less<>> known_;
  std::map<std::string, std::string, std::less<>> why_not_;  // of those that are nothing
};

}  // namespace junctor
