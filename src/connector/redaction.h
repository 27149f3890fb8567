// What must not be recorded, cut out of calls and of provider errors. What it gives is UTF-8, whatever
// bytes went in.
//
// Threads: immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connector/ports.h"
#include "junctor/definition/api.h"
#include "net/client.h"

namespace junctor::connector {

class Redaction final {
 public:
  // Besides what the definition declares: Authorization, Cookie, Set-Cookie, API key headers; members
  // of JSON and form bodies, and query parameters, whose name means a secret ("client_secret").
  explicit Redaction(const std::vector<RedactSpec>& declared = {});

  // A copy that redacts these headers and query parameters as well.
  Redaction with(const std::vector<std::string>& headers, const std::vector<std::string>& query) const;

  std::string url(std::string_view url) const;
  std::vector<std::pair<std::string, std::string>> headers(const std::vector<ClientHeader>& headers) const;
  std::vector<std::pair<std::string, std::string>> headers(const Headers& headers) const;
  // At most `most` bytes of it. A body that is too long or of no known kind to be searched for
  // secrets is left out, with its size in its place.
  std::string body(std::string_view body, std::string_view content_type, std::size_t most) const;

  bool hides_query(std::string_view name) const;
  // In place: declared places, and members whose name means a secret.
  void redact(Json& json) const;

 private:
  bool hides_header(std::string_view name) const;
  std::string header_value(const Header& header) const;
  std::string links(std::string_view value) const;  // of a Link header
  std::string form(std::string_view body) const;

  std::vector<std::string> headers_;
  std::vector<std::string> query_;
  std::vector<std::vector<std::string>> places_;  // JSON Pointers, split
};

inline constexpr std::string_view redacted = "[redacted]";
inline constexpr std::size_t searchable_bytes = 256 * 1024;  // longer bodies are left out

}  // namespace junctor::connector
