#include "cli/schema_fetch.h"

#include <curl/curl.h>

#include <boost/json/value.hpp>
#include <memory>

#include "json/parse.h"

namespace junctor {
namespace {

constexpr std::size_t max_bytes = 8 * 1024 * 1024;

struct HandleFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& body = *static_cast<std::string*>(context);
  if (body.size() + size * count > max_bytes) return 0;
  body.append(bytes, size * count);
  return size * count;
}

std::optional<std::string> fetch(const std::string& uri) {
  const std::unique_ptr<CURL, HandleFree> handle(curl_easy_init());
  if (!handle) return std::nullopt;
  std::string body;
  curl_easy_setopt(handle.get(), CURLOPT_URL, uri.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, 3L);
  curl_easy_setopt(handle.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, 3000L);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, 10000L);
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "junctor-schema");
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
  if (curl_easy_perform(handle.get()) != CURLE_OK) return std::nullopt;
  return body;
}

}  // namespace

HttpSchemas::HttpSchemas() { curl_global_init(CURL_GLOBAL_DEFAULT); }
HttpSchemas::~HttpSchemas() { curl_global_cleanup(); }

std::optional<Json> HttpSchemas::find(std::string_view uri) {
  if (!uri.starts_with("http://") && !uri.starts_with("https://")) return std::nullopt;
  const auto known = known_.find(uri);
  if (known != known_.end()) return known->second;
  std::optional<Json> document;
  if (const auto text = fetch(std::string(uri))) {
    auto parsed = json::parse(*text);
    if (parsed) document = std::move(parsed).value();
  }
  known_.emplace(uri, document);
  return document;
}

}  // namespace junctor
