// The hosts that may be sent an integration's credentials.
//
// Threads: a value, immutable once made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace junctor::auth {

class AllowedHosts final {
 public:
  // The host and port of a URL, with the URL's scheme: over http only when the URL itself says so.
  void add_url(std::string_view url);
  // "uploads.example.com", "*.example.com" (at least one label more), each with an optional
  // ":port"; https only.
  void add_host(std::string_view host);

  bool allows(std::string_view url) const;

 private:
  struct Entry {
    std::string host;  // lower case; begins with "." for a wildcard
    std::uint16_t port;
    bool plain_http;
  };
  std::vector<Entry> entries_;
};

}  // namespace junctor::auth
