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

struct Body {
  std::string text;
  bool is_too_large = false;
};

std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& body = *static_cast<Body*>(context);
  body.is_too_large = body.text.size() + size * count > max_bytes;
  if (body.is_too_large) return 0;
  body.text.append(bytes, size * count);
  return size * count;
}

// What went wrong, as the person who wrote the reference can act on it.
std::string reason(CURL* handle, CURLcode code, const Body& body) {
  if (body.is_too_large) return "it is larger than 8 MiB";
  if (code != CURLE_HTTP_RETURNED_ERROR) return curl_easy_strerror(code);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return "the server answers " + std::to_string(status);
}

Result<std::string> fetch(const std::string& uri) {
  const std::unique_ptr<CURL, HandleFree> handle(curl_easy_init());
  if (!handle) throw Failure(FailureKind::unavailable, "libcurl cannot be used");
  Body body;
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
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) return std::move(body.text);
  Problem problem;
  problem.found = reason(handle.get(), code, body);
  return problem;
}

bool is_fetched(std::string_view uri) {
  return uri.starts_with("http://") || uri.starts_with("https://");
}

}  // namespace

HttpSchemas::HttpSchemas() { curl_global_init(CURL_GLOBAL_DEFAULT); }
HttpSchemas::~HttpSchemas() { curl_global_cleanup(); }

std::optional<Json> HttpSchemas::find(std::string_view uri) {
  const auto known = known_.find(uri);
  if (known != known_.end()) return known->second;
  std::optional<Json> document;
  std::string why;
  if (!is_fetched(uri)) {
    why = "only http and https documents are fetched";
  } else if (auto text = fetch(std::string(uri)); !text) {
    why = text.problems().front().found;
  } else if (auto parsed = json::parse(text.value()); parsed) {
    document = std::move(parsed).value();
  } else {
    why = "it is no JSON: " + to_string(parsed.problems());
  }
  if (!document) why_not_.emplace(uri, std::move(why));
  return known_.emplace(uri, std::move(document)).first->second;
}

std::string HttpSchemas::why_not(std::string_view uri) {
  const auto known = why_not_.find(uri);
  return known == why_not_.end() ? std::string() : known->second;
}

}  // namespace junctor
